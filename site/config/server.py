"""gunicorn's ASGI worker (`--worker-class config.server.Worker`) with limits on silent connections.

gunicorn's own waits for ever for the head of a connection's first request, accepts any number of connections, and hangs
up on a client that has sent its request and shut down its sending side.
"""

import asyncio
import socket
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# From the connection to the end of the first request's head. Later requests of a connection have `keepalive`.
HEAD_SECONDS = 10
# Unread data is dropped after this; the process would keep it in memory otherwise.
UNREAD_MILLISECONDS = 30_000


class Protocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn ships no types
    """One connection."""

    # Connections whose first head has not arrived, the oldest first.
    silent: "dict[Protocol, asyncio.TimerHandle]" = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _drop_unread_data(transport.get_extra_info("socket"))
        self.silent[self] = self.worker.loop.call_later(HEAD_SECONDS, transport.abort)
        if self.worker.nr_conns > self.worker.worker_connections:
            # A new client takes the place of the one that has been silent for the longest time.
            next(iter(self.silent)).transport.abort()

    def _on_headers_complete(self) -> Any:
        self._has_spoken()
        return super()._on_headers_complete()

    def eof_received(self) -> bool:
        """Keep the connection open while a request is being answered: only the other direction has ended."""
        request, receiver = self._current_request, self._body_receiver
        if request is None or receiver is None:
            return False
        if not receiver._complete:
            receiver.signal_disconnect()  # the rest of the body will never arrive
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_spoken()
        super().connection_lost(exc)

    def _has_spoken(self) -> None:
        if timer := self.silent.pop(self, None):
            timer.cancel()


def _drop_unread_data(connection: socket.socket) -> None:
    if hasattr(socket, "TCP_USER_TIMEOUT") and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """Uses `Protocol`; gunicorn has no setting for it."""

    def init_process(self) -> None:
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    async def _shutdown(self) -> None:
        for silent in list(Protocol.silent):
            silent.transport.abort()  # no request, so nothing to wait for
        await super()._shutdown()
