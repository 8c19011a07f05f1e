"""gunicorn's worker for the front (`--worker-class config.server.Worker`), with what its own lacks against silence.

gunicorn's ASGI worker waits for ever for the head of a connection's first request, takes as many connections as come,
and hangs up on a client that has sent all it has to say and shut down its sending side.
"""

import asyncio
import socket
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# From the first byte or before it to the last of the head. Later requests of a connection have `keepalive` for it.
HEAD_SECONDS = 10
# Data that a client does not read is given up after this; a process would keep all of it otherwise.
UNREAD_MILLISECONDS = 30_000


class Protocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn ships no types
    """One connection."""

    # Those whose first head has not arrived, the oldest first.
    silent: "dict[Protocol, asyncio.TimerHandle]" = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _give_up_what_is_not_read(transport.get_extra_info("socket"))
        self.silent[self] = self.worker.loop.call_later(HEAD_SECONDS, transport.abort)
        if self.worker.nr_conns > self.worker.worker_connections:
            # Somebody who asks goes before somebody who has said nothing for the longest time.
            next(iter(self.silent)).transport.abort()

    def _on_headers_complete(self) -> Any:
        self._has_spoken()
        return super()._on_headers_complete()

    def eof_received(self) -> bool:
        """Whether to keep the connection open: while a request is answered, since only the other direction ended."""
        request, receiver = self._current_request, self._body_receiver
        if request is None or receiver is None:
            return False
        if not receiver._complete:
            receiver.signal_disconnect()  # the rest of the body never comes
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_spoken()
        super().connection_lost(exc)

    def _has_spoken(self) -> None:
        if timer := self.silent.pop(self, None):
            timer.cancel()


def _give_up_what_is_not_read(connection: socket.socket) -> None:
    if hasattr(socket, "TCP_USER_TIMEOUT") and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """Serves by `Protocol`; gunicorn has no setting for it."""

    def init_process(self) -> None:
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    async def _shutdown(self) -> None:
        for silent in list(Protocol.silent):
            silent.transport.abort()  # nothing was asked, so nothing is waited for
        await super()._shutdown()
