"""Serve the reports and the data docs over HTTP on the loopback interface, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from flows.response_headers import FOR_ALL, WithHeaders
from tierflow.errors import ConfigurationError
from tierflow.report_index import render_index

FOLDERS = ("reports", "data_docs")
HEADERS = {
    # the data docs draw their charts with scripts of their own, which may ask no other host either
    "content-security-policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:;"
    " object-src 'none'; base-uri 'self'; form-action 'self'",
    "cache-control": "no-cache",
    **FOR_ALL,
}


class _Pages(StaticFiles):
    """The files of one folder, symlinks out of it not followed, and never a folder's listing."""

    async def get_response(self, path: str, scope: Any) -> Response:
        # it would serve a file under a second address, where the links of the page lead nowhere
        if scope["path"].endswith("/"):
            raise HTTPException(404)
        return await super().get_response(path, scope)


@contextlib.contextmanager
def files_server(home: Path, port: int) -> Generator[str]:
    """Serve the reports and data docs of `home` until the end; yield the URL.

    Port 0 takes a free one. Raises ConfigurationError when the port is taken.
    """

    def index(_: Request) -> HTMLResponse:
        return HTMLResponse(render_index(home / "reports"))

    pages = [Mount(f"/{name}", _Pages(directory=home / name, check_dir=False)) for name in FOLDERS]
    app = Starlette(
        routes=[Route("/", index), *pages],
        middleware=[Middleware(WithHeaders, headers=HEADERS)],
    )
    app.router.redirect_slashes = False
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigurationError(
            f"The reports cannot be served on port {port}: {error.strerror}.",
            next_step="choose another with --files-port, or stop what uses this one",
        ) from error
    with listening:
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            serving.join()
