"""Serve the reports and the data docs over HTTP on the loopback interface, and nothing else."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Generator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tierflow.errors import ConfigurationError

log = logging.getLogger("tierflow.files")

FOLDERS = ("reports", "data_docs")
# the data docs draw their charts with scripts of their own, which may ask no other host either
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none';"
    " base-uri 'self'; form-action 'self'"
)
INDEX = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>tierflow</title>
<style>body{font:16px/1.6 system-ui;margin:2rem auto;max-width:40rem;padding:0 1rem}</style>
<h1>tierflow</h1><ul><li><a href="/data_docs/index.html">Data docs</a>: every validation</ul>
<h2>Reports, the newest first</h2><ul>%s</ul></html>"""


class _Handler(SimpleHTTPRequestHandler):
    """GET and HEAD of the files in FOLDERS; what leads out of them is not found."""

    server_version = "tierflow"

    def __init__(self, *arguments: Any, home: Path, **options: Any) -> None:
        self._home = home
        super().__init__(*arguments, directory=str(home), **options)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/":
            self._send_index()
        else:
            super().do_GET()

    def send_head(self) -> Any:
        if not self._may_be_read(self.translate_path(self.path)):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _may_be_read(self, name: str) -> bool:
        """Return whether this is a file in one of the folders, all symlinks followed."""
        if "\0" in name:
            return False
        path = Path(name).resolve()
        folders = [(self._home / folder).resolve() for folder in FOLDERS]
        return path.is_file() and any(path.is_relative_to(folder) for folder in folders)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _send_index(self) -> None:
        reports = sorted(
            (self._home / "reports").glob("*.html"), key=lambda path: -path.stat().st_mtime
        )
        # the names are run ids, which tierflow wrote
        items = "".join(f'<li><a href="/reports/{r.name}">{r.stem}</a>' for r in reports)
        page = (INDEX % (items or "<li>none yet")).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


@contextlib.contextmanager
def files_server(home: Path, port: int) -> Generator[str]:
    """Serve the reports and data docs of `home` until the end; yield the URL.

    Port 0 takes a free one. Raises ConfigurationError when the port is taken.
    """
    handler = functools.partial(_Handler, home=home)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ConfigurationError(
            f"The reports cannot be served on port {port}: {error.strerror}.",
            next_step="choose another with --files-port, or stop what uses this one",
        ) from error
    with server:
        # the interval is how long a shutdown waits
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
