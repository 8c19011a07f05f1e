"""uvicorn with connection cutting and a prompt, clean shutdown."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT = "sandbox.cut"
LINGER_NOT = struct.pack("ii", 1, 0)  # close() sends a reset


class CuttableProtocol(HttpToolsProtocol):
    """Lets the application end its connection without a response."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][CUT] = self.cut

    def cut(self, *, reset: bool) -> None:
        connection = self.transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()


async def cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """End a request's connection; returns when the server has noticed."""
    scope["state"][CUT](reset=reset)
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait for the client to disconnect. The request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_started, self._say_ending = started, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say_started()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """SIGTERM and SIGINT end the process with status 0, as intended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self._say_ending()
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError if the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle only if the protocol is given; otherwise responses wait 40 ms for acknowledgements.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def serve(
    application: ASGIApp, listener: socket.socket, *, started: Callable[[], None], ending: Callable[[], None]
) -> None:
    settings: dict[str, Any] = {"lifespan": "on", "access_log": False, "log_level": "warning", "ws": "none"}
    config = uvicorn.Config(
        application,
        http=CuttableProtocol,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
        server_header=False,
        **settings,
    )
    Server(config, started, ending).run(sockets=[listener])
