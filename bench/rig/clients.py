"""HTTP clients that cost the measured machine little: connections kept open, and no more of HTTP than is needed."""

import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT = 120.0


@dataclass
class Load:
    """What came back from many requests."""

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
        """Milliseconds below which 99 of 100 stayed."""
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)] * 1000


class Connection:
    """One connection, kept open as long as the server likes."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.place = (place.hostname, place.port)
        self.open: socket.socket | None = None

    def ask(self, message: bytes) -> int:
        """Send one request and read its answer to the end; the status."""
        reused = self.open is not None
        try:
            return self._ask(message)
        except (ConnectionError, EOFError):
            self.close()
            if not reused:
                raise
        return self._ask(message)  # the server had closed the connection while nothing was asked

    def _ask(self, message: bytes) -> int:
        if self.open is None:
            self.open = socket.create_connection(self.place, timeout=TIMEOUT)
            self.open.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.sendall(message)
        return self._answer(self.open)

    def _answer(self, connection: socket.socket) -> int:
        head, _, body = _receive_until(connection, b"\r\n\r\n")
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        missing = int(fields[b"content-length"]) - len(body)
        while missing > 0:
            missing -= len(_some(connection))
        if fields.get(b"connection", b"").strip() == b"close":
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise EOFError
    return received


def _receive_until(connection: socket.socket, mark: bytes) -> tuple[bytes, bytes, bytes]:
    received = _some(connection)
    while mark not in received:
        received += _some(connection)
    return received.partition(mark)


def load[T](url: str, items: Iterable[T], message: Callable[[T], bytes], *, connections: int) -> Load:
    """Ask for all of them over so many connections at once; `message` writes the request right before it is sent."""
    found, waiting, lock = Load(), iter(items), threading.Lock()
    failures: list[Exception] = []

    def client() -> None:
        connection = Connection(url)
        try:
            for item in _shared(waiting, lock):
                request = message(item)
                asked_at = time.perf_counter()
                status = connection.ask(request)
                found.latencies.append(time.perf_counter() - asked_at)
                found.statuses[status] += 1
        except Exception as error:  # told by the thread that waits
            failures.append(error)
        finally:
            connection.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return found


def _shared[T](waiting: Iterator[T], lock: threading.Lock) -> Iterator[T]:
    while True:
        with lock:
            try:
                item = next(waiting)
            except StopIteration:
                return
        yield item
