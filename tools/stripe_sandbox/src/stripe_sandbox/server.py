"""uvicorn, with what a stand-in for Stripe needs besides: cutting connections, and a prompt, clean end."""

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
    """Gives the application a way to end its connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][CUT] = self.cut

    def cut(self, *, reset: bool) -> None:
        connection = self.transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()


async def cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """Ends the connection of a request; returns when the server has noticed."""
    scope["state"][CUT](reset=reset)
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Returns when the client has gone. The request's body must have been read."""
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
        """SIGTERM and SIGINT end the program with status 0: that is how it is meant to be ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self._say_ending()
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket on this address, or OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches off Nagle only where the protocol is named; else answers wait 40 ms for acknowledgements.
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
