"""Prefect's server as `serve` runs it: its pages reach this server, and nothing else.

Prefect's V2 UI asks a host of Amplitude even where its analytics are off, both UIs fetch the logos
of block types from elsewhere, and the page of the API's reference is made of somebody's scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.response_headers import FOR_ALL, WithHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# 'self' is scheme, host and port: also of the WebSocket on which the pages hear of events
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {"content-security-policy": POLICY, **FOR_ALL, "x-dns-prefetch-control": "off"}


def create_app() -> ASGIApp:
    """Return Prefect's application in these headers, for `uvicorn --factory`."""
    from prefect.server.api import server

    return WithHeaders(server.create_app(final=True), HEADERS)
