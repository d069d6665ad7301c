"""A TCP proxy before a server's unix socket, which drops every connection when it is told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Generator
from pathlib import Path

# close without a farewell: the peer sees a reset
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on `port` for clients, and on `control`: who connects there has all dropped."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._clients = socket.create_server(("127.0.0.1", 0))
        self._control = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._clients.getsockname()[1]
        self.control: int = self._control.getsockname()[1]
        for listen in (self._accept, self._obey):
            threading.Thread(target=listen, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._clients.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._pairs.append((client, server))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _obey(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                who, _ = self._control.accept()
                self.drop()
                who.sendall(b".")
                who.close()

    def drop(self) -> None:
        """Drop every connection."""
        pairs, self._pairs = self._pairs, []
        for client, server in pairs:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self) -> None:
        for listener in (self._clients, self._control):
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.drop()


@contextlib.contextmanager
def open_proxy(server: Path) -> Generator[Proxy]:
    """Yield a proxy before the socket at this path."""
    proxy = Proxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
