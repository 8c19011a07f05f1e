"""A backlog after an outage: how close two workers come to the allowed rate, and what a teacher notices meanwhile.

Saves that Stripe does not know of (new courses, renamed ones, changed prices), processed by two real workers: first
with STRIPE_MAX_WRITES_PER_SECOND=20 against a sandbox with the rate limits of test mode, then without limits. Meanwhile
a teacher saves one course after the other through the production web server.
"""

import itertools
import random
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig import catalogue
from rig.databases import ENGINES, Database, database
from rig.people import Person
from rig.processes import Portal, Stripe, collect_static_files, sandbox
from rig.report import at_least, at_most, must, options, run, say, tell

RATE = 20.0
BUDGET_SECONDS = 4.0
RATE_GOAL = 90.0
DRAINED_WITHIN = 3600.0
UNLIMITED = "100000"
WORKERS = 2
PAUSE_SECONDS = 0.5
BEHIND = """SELECT count(*) FROM billings_billingproduct
    WHERE (generation <> observed_generation OR reads_requested <> reads_done) AND desired_name NOT LIKE 'Mine%'"""
MY_TROUBLES = "SELECT count(*) FROM billings_billingproduct WHERE desired_name LIKE 'Mine%' AND trouble <> ''"


@dataclass
class Teacher:
    """Saves continuously, and records how long each save took and the result."""

    portal: Portal
    person: Person
    waits: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    left_to_worker: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        course = self.save("/courses/", title="Mine", summary="To be edited.", price="49", currency="usd")
        for number in itertools.count(1):
            if self.ended.wait(PAUSE_SECONDS):
                return
            change = {"title": f"Mine {number}"} if number % 2 else {"price": str(50 + number), "confirm": "true"}
            course = self.save(course["url"], version=course["version"], **change)

    def save(self, path: str, **fields: str) -> dict[str, Any]:
        started = time.perf_counter()
        course = self.person.send(path, **fields)
        self.waits.append(time.perf_counter() - started)
        billing = course["billing"]
        if billing["error"]:
            self.troubles.append(str(billing["error"]))
        self.left_to_worker += billing["state"] != "in_sync"
        return course


def main() -> None:
    chosen = arguments()
    for limited in (True, False):
        rate = f"{RATE:g}" if limited else UNLIMITED
        allowed = f"{rate} writes a second allowed" if limited else "no limit"
        say(f"\n{chosen.courses:,} saves wait for {WORKERS} workers, {allowed}, {chosen.latency:g} s a call")
        with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
            stripe = stack.enter_context(sandbox())
            kept = stack.enter_context(database(chosen.database, Path(name)))
            portal = Portal.over(kept.url, stripe, Path(name), STRIPE_MAX_WRITES_PER_SECOND=rate)
            prepare(portal, stripe, chosen)
            if limited:
                stripe.control("POST", "settings", {"rate_limit_total": 25, "rate_limit_endpoint": 25})
            stripe.answer_after(chosen.latency)
            drain(portal, kept, stripe, limited=limited)


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--courses", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that Stripe takes for a call")
    parser.add_argument("--database", choices=ENGINES, default="sqlite")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.courses = 45
    return chosen


def prepare(portal: Portal, stripe: Stripe, chosen: Namespace) -> None:
    """Two thirds of the courses are known to Stripe; then the outage, in which every course is saved once."""
    catalogue.seed(stripe, chosen.courses * 2 // 3, random.Random(chosen.seed), archived_prices=0)
    portal.prepare("mirror")
    portal.prepare("outage", str(chosen.courses))
    collect_static_files()


def drain(portal: Portal, kept: Database, stripe: Stripe, *, limited: bool) -> None:
    first_call = stripe.last_call()
    courses = kept.number(BEHIND)
    with portal.web():
        teacher = Teacher(portal, Person.sign_in(portal.url, "teacher"))
        with ExitStack() as stack:
            started = time.perf_counter()
            for number in range(WORKERS):
                stack.enter_context(portal.worker(number))
            with beside(teacher):
                wait_until_drained(kept)
            seconds = time.perf_counter() - started
        must(kept.number(MY_TROUBLES) == 0, "the teacher's course ended in trouble")
    tell("drained", courses / seconds, "courses/s", f"{courses:,} in {seconds:.0f} s")
    tell_calls(stripe.calls_since(first_call), limited=limited)
    tell_teacher(teacher)


@contextmanager
def beside(teacher: Teacher) -> Iterator[None]:
    """The teacher works during the block; errors there are raised here."""
    failures: list[Exception] = []

    def work() -> None:
        try:
            teacher.work()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        teacher.ended.set()
        thread.join()
    if failures:
        raise failures[0]


def wait_until_drained(kept: Database) -> None:
    """Except for the course that the teacher is saving right now."""
    give_up_at = time.monotonic() + DRAINED_WITHIN
    while kept.number(BEHIND):
        must(time.monotonic() < give_up_at, "the backlog was not drained in time")
        time.sleep(0.2)


def tell_calls(calls: list[dict[str, Any]], *, limited: bool) -> None:
    """The rate that Stripe saw, from the first write to the last."""
    writes = [call for call in calls if call["method"] == "POST"]
    refused = [call for call in calls if call["status"] == 429]
    rate = (len(writes) - 1) / (writes[-1]["at"] - writes[0]["at"])
    tell("writes that reached Stripe", rate, "a second", f"{len(writes):,} in all")
    if limited:
        share = 100 * rate / RATE
        tell("of the allowed rate", share, "%", at_least(RATE_GOAL, share))
        tell("answers 429 by Stripe", len(refused), "", "0 would be best; each is tried again by itself")
    carried_out = sum(call["done"] for call in writes)
    must(carried_out == len({call["idempotency_key"] for call in writes}), "a call was carried out twice, or never")


def tell_teacher(teacher: Teacher) -> None:
    longest = max(teacher.waits)
    tell("saves of a teacher meanwhile", len(teacher.waits), "", f"{teacher.left_to_worker} left to the worker")
    tell("longest wait of the teacher", longest, "s", f"{at_most(BUDGET_SECONDS, longest)} (the inline budget)")
    refusals = sum("slow down" in text for text in teacher.troubles)
    tell("429 that reached the teacher", refusals, "", at_most(0, refusals))
    for text in sorted(set(teacher.troubles)):
        say(f"    the teacher read: {text}")


if __name__ == "__main__":
    run(main)
