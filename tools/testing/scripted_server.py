"""A server with scripted responses, for what Stripe never sends but a proxy may; it records its requests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Scripted:
    """Responds to everything with `status`, `headers` and `body`."""

    body: bytes = b'{"id": "prod_1", "object": "product"}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None  # Content-Length; larger than the body: the response is cut short
    url: str = ""
    connections: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)  # the headers of each


@contextmanager
def serving(**script: Any) -> Iterator[Scripted]:
    scripted = Scripted(**script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            scripted.connections += 1

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            scripted.requests.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(scripted.status)
            for name, value in scripted.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(scripted.promised or len(scripted.body)))
            self.end_headers()
            self.wfile.write(scripted.body)
            if scripted.promised:
                self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815  # the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def nobody() -> Iterator[str]:
    """A URL at which nothing answers, for this context."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
