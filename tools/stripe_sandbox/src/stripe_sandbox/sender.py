"""Posts webhooks from a few threads with persistent connections. No redirects: docs.stripe.com/webhooks."""

from __future__ import annotations

import http.client
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

THREADS = 8
HEADERS = {
    "Accept": "*/*; q=0.5, application/xml",
    "Cache-Control": "no-cache",
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
WRITTEN_PLAINLY = "%!$&'()*+,;=:@/?[]~-._"  # ASCII that needs no quoting in a URL

type Outcome = int | str
"""The status of the answer, or why there was none."""


@dataclass(frozen=True, slots=True)
class Parcel:
    url: str
    body: bytes
    signature: str
    timeout: float
    report: Callable[[Outcome], None]  # called in the sender's thread


@dataclass(slots=True)
class Sender:
    parcels: queue.SimpleQueue[Parcel] = field(default_factory=queue.SimpleQueue)
    started: bool = False

    def send(self, parcel: Parcel) -> None:
        if not self.started:
            self.started = True
            for number in range(THREADS):  # daemons: a hanging endpoint does not delay the exit
                threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True).start()
        self.parcels.put(parcel)

    def drop(self) -> None:
        """Drop what no thread has taken yet."""
        with suppress(queue.Empty):
            while True:
                self.parcels.get_nowait()

    def _work(self) -> None:
        open_connections: dict[str, http.client.HTTPConnection] = {}
        while True:
            parcel = self.parcels.get()
            parcel.report(_post(parcel, open_connections))


def _post(parcel: Parcel, kept: dict[str, http.client.HTTPConnection]) -> Outcome:
    """Retried on a new connection if the kept one turns out to be closed."""
    try:
        place = urlsplit(parcel.url)
    except ValueError as error:
        return str(error)
    reused = place.netloc in kept
    try:
        return _post_once(parcel, kept)
    except Exception as error:  # not only network errors: a malformed URL can raise anything, and must fail alone
        kept.pop(place.netloc, None)
        if reused and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
            return _post(parcel, kept)
        return str(error) or type(error).__name__


def _post_once(parcel: Parcel, kept: dict[str, http.client.HTTPConnection]) -> int:
    place = urlsplit(parcel.url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kept.setdefault(place.netloc, kind(place.netloc.rpartition("@")[2], timeout=parcel.timeout))
    connection.timeout = parcel.timeout
    if connection.sock:
        connection.sock.settimeout(parcel.timeout)
    path = place.path or "/"
    target = quote(f"{path}?{place.query}" if place.query else path, safe=WRITTEN_PLAINLY)
    connection.request("POST", target, parcel.body, HEADERS | {"Stripe-Signature": parcel.signature})
    response = connection.getresponse()
    response.read()
    if response.will_close:
        kept.pop(place.netloc).close()
    return response.status
