"""One client cannot block the others: a page's latency beside idle or slow connections, and saves that wait for Stripe.

64 idle connections, 16 that send a byte now and then (half of them a head, half a body), and 32 concurrent saves while
Stripe is slow. `/healthz` is measured too, also while the database process is stopped.
"""

import random
import socket
import statistics
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import connect
from uuid import UUID

import requests

from rig import catalogue
from rig.databases import database
from rig.people import Person
from rig.processes import Portal, collect_static_files, sandbox
from rig.report import at_most, options, run, say, tell

SILENT, DRIPPING, SAVES = 64, 16, 32
DRIP_SECONDS = 0.5
SLOW_STRIPE_SECONDS = 30
AT_MOST_TIMES = 2
HEALTH_MILLISECONDS = 100
TIMEOUT = 15


def main() -> None:
    chosen = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        stripe = stack.enter_context(sandbox())
        kept = stack.enter_context(database("sqlite", Path(name)))
        products = catalogue.seed(stripe, SAVES, random.Random(chosen.seed))
        portal = Portal.over(kept.url, stripe, Path(name), STRIPE_MAX_WRITES_PER_SECOND="1000")
        portal.prepare("mirror")
        collect_static_files()
        stack.enter_context(portal.web())
        person = Person.sign_in(portal.url, "teacher")
        say(f"\nA person's list of courses, and /healthz, {chosen.looks} times each")
        idle = look(person, "alone", chosen.looks, None)
        with stalling(portal):
            look(person, f"beside {SILENT} silent and {DRIPPING} dripping connections", chosen.looks, idle)
        stripe.answer_after(SLOW_STRIPE_SECONDS)
        with saving(portal, products):
            look(person, f"beside {SAVES} saves that wait for Stripe", chosen.looks, idle)
        stripe.answer_after(0)
        with saving(portal, products), locked(kept.url):
            health = 1000 * max(seconds(person, "/healthz") for _ in range(chosen.looks))
            tell("/healthz beside saves that wait for the database", health, "ms", at_most(HEALTH_MILLISECONDS, health))


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--looks", type=int, default=40)
    chosen = parser.parse_args()
    if chosen.small:
        chosen.looks = 8
    return chosen


def look(person: Person, name: str, times: int, idle: float | None) -> float:
    """The median latency of a page; printed with the maximum, and with that of `/healthz`."""
    pages = [seconds(person, "/courses/") for _ in range(times)]
    health = [seconds(person, "/healthz") for _ in range(times)]
    median = statistics.median(pages)
    goal = at_most(AT_MOST_TIMES * idle * 1000, median * 1000) if idle else ""
    tell(name, median * 1000, "ms", goal)
    tell("  the slowest of them", max(pages) * 1000, "ms")
    tell("  /healthz", statistics.median(health) * 1000, "ms", f"slowest {max(health) * 1000:.0f} ms")
    return median


def seconds(person: Person, path: str) -> float:
    """How long a new connection takes to get this page; the time-out if it does not."""
    started = time.perf_counter()
    with suppress(requests.RequestException):
        requests.get(f"{person.url}{path}", cookies=person.session.cookies, timeout=TIMEOUT)
    return time.perf_counter() - started


@contextmanager
def stalling(portal: Portal) -> Iterator[None]:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    body = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n\r\n"
    with ExitStack() as stack:

        def opened() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", portal.port), timeout=TIMEOUT))

        for _ in range(SILENT):
            opened()
        dripping = [opened() for _ in range(DRIPPING)]
        for number, one in enumerate(dripping):
            one.sendall(head if number % 2 else head + body)
        ended = threading.Event()
        thread = threading.Thread(target=drip, args=(dripping, ended))
        thread.start()
        time.sleep(1)
        try:
            yield
        finally:
            ended.set()
            thread.join()


def drip(connections: list[socket.socket], ended: threading.Event) -> None:
    while not ended.wait(DRIP_SECONDS):
        for one in connections:
            with suppress(OSError):
                one.sendall(b"x")


@contextmanager
def saving(portal: Portal, products: list[str]) -> Iterator[None]:
    """Concurrent saves by one person; they have half a second to get in each other's way."""
    person = Person.sign_in(portal.url, "teacher")
    paths = [f"/courses/{UUID(one.removeprefix('course_'))}/" for one in products]
    versions = [person.read(path)["version"] for path in paths]
    threads = [threading.Thread(target=_save, args=(person, *what)) for what in zip(paths, versions, strict=True)]
    yield from _while_running(threads)


def _while_running(threads: list[threading.Thread]) -> Iterator[None]:
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    yield
    for thread in threads:
        thread.join()


def _save(person: Person, path: str, version: str) -> None:
    headers = {"Accept": "application/json", "X-CSRFToken": person.session.cookies["csrftoken"]}
    fields = {"title": f"Title {version[-9:]}", "version": version}
    with suppress(requests.RequestException):
        requests.post(f"{person.url}{path}", json=fields, headers=headers, cookies=person.session.cookies, timeout=120)


@contextmanager
def locked(database: str) -> Iterator[None]:
    """Another writer holds the lock."""
    with closing(connect(database.removeprefix("sqlite:///"), isolation_level=None)) as shut:
        shut.execute("BEGIN EXCLUSIVE")
        yield
        shut.execute("ROLLBACK")


if __name__ == "__main__":
    run(main)
