"""Prefect's server as `serve` runs it: its pages reach this server, and nothing else.

Prefect's V2 UI asks a host of Amplitude even where its analytics are off, both UIs fetch the logos
of block types from elsewhere, and the page of the API's reference is made of somebody's scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-dns-prefetch-control", b"off"),
)


class KeptInside:
    """An application whose pages may load, and send, nothing from or to another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers that keep a browser here."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app() -> ASGIApp:
    """Return Prefect's application in these headers, for `uvicorn --factory`."""
    from prefect.server.api import server

    return KeptInside(server.create_app(final=True))
