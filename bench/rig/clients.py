"""HTTP clients that cost the measured machine little: one thread, persistent connections, a minimum of HTTP."""

import selectors
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT = 120.0
# A server process keeps the connections it accepted; renewed ones go to whichever process is free.
RENEWED_AFTER = 100


@dataclass
class Load:
    """The results of many requests."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.latencies) * 1000

    @property
    def slowest_hundredth(self) -> float:
        """The 99th percentile in milliseconds."""
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)] * 1000


@dataclass
class Connection:
    """One request at a time, over a persistent connection."""

    place: tuple[str | None, int | None]
    open: socket.socket | None = None
    asked: bytes = b""
    asked_at: float = 0.0
    received: bytes = b""
    is_reused: bool = False
    answers: int = 0

    def ask(self, message: bytes) -> socket.socket:
        """Send a request; returns the socket on which the response arrives."""
        self.asked, self.asked_at, self.received = message, time.perf_counter(), b""
        self.is_reused = self.open is not None
        if self.open is None:
            self.open = socket.create_connection(self.place, timeout=TIMEOUT)
            self.open.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.open.sendall(message)
        except ConnectionError:
            return self._ask_again()
        return self.open

    def _ask_again(self) -> socket.socket:
        """The server had closed the idle connection: send again."""
        self.close()
        if not self.is_reused:
            raise EOFError("the server closed a new connection without an answer")
        return self.ask(self.asked)

    def hear(self) -> int | None:
        """Read what has arrived; returns the status once the response is complete."""
        assert self.open is not None
        try:
            some = self.open.recv(65536)
        except ConnectionError:
            some = b""
        if not some and not self.received:
            self._ask_again()
            return None
        if not some:
            raise EOFError("an answer was cut off")
        self.received += some
        return self._status()

    def _status(self) -> int | None:
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(fields[b"content-length"]):
            return None
        self.answers += 1
        if fields.get(b"connection", b"").strip() == b"close" or self.answers % RENEWED_AFTER == 0:
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None


def load[T](url: str, items: Iterable[T], message: Callable[[T], bytes], *, connections: int) -> Load:
    """Send all requests over so many concurrent connections; `message` writes each right before it is sent."""
    place = urlsplit(url)
    found, waiting = Load(), map(message, items)
    clients = [Connection((place.hostname, place.port)) for _ in range(connections)]
    started = time.perf_counter()
    try:
        with selectors.DefaultSelector() as selector:
            _converse(selector, clients, waiting, found)
    finally:
        for client in clients:
            client.close()
    found.seconds = time.perf_counter() - started
    return found


def _converse(
    selector: selectors.BaseSelector, clients: list[Connection], waiting: Iterator[bytes], found: Load
) -> None:
    for client, request in zip(clients, waiting, strict=False):
        selector.register(client.ask(request), selectors.EVENT_READ, client)
    while selector.get_map():
        ready = selector.select(TIMEOUT)
        if not ready:
            raise TimeoutError("the server does not answer")
        for key, _ in ready:
            _hear(selector, key, waiting, found)


def _hear(selector: selectors.BaseSelector, key: selectors.SelectorKey, waiting: Iterator[bytes], found: Load) -> None:
    client: Connection = key.data
    status = client.hear()
    if status is not None:
        found.latencies.append(time.perf_counter() - client.asked_at)
        found.statuses[status] += 1
        request = next(waiting, None)
        if request is None:
            selector.unregister(key.fileobj)
            return
        client.ask(request)
    if client.open is not key.fileobj:
        selector.unregister(key.fileobj)
        assert client.open is not None
        selector.register(client.open, selectors.EVENT_READ, client)
