"""Pages of the production web server: throughput and latency; and what a save costs beyond Stripe's own time.

A teacher with a page of courses and one with thousands. Stripe's response time is set at the sandbox, so the rest of a
save's time is ours: the page, the database, the library, and the way to Stripe and back.
"""

import random
import statistics
import tempfile
import time
from argparse import Namespace
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

from rig import catalogue
from rig.clients import Load, load
from rig.databases import ENGINES, database
from rig.people import Person
from rig.processes import Portal, Stripe, collect_static_files, sandbox
from rig.report import at_most, must, options, run, say, tell

FEW, MANY = 24, 5_000
CONNECTIONS = 8
STRIPE_SECONDS = 0.15
OVERHEAD_GOAL = 100


def main() -> None:
    chosen = arguments()
    for courses in (FEW, chosen.courses):
        with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
            stripe = stack.enter_context(sandbox())
            kept = stack.enter_context(database(chosen.database, Path(name)))
            products = catalogue.seed(stripe, courses, random.Random(chosen.seed))
            portal = Portal.over(kept.url, stripe, Path(name), STRIPE_MAX_WRITES_PER_SECOND="1000")
            portal.prepare("mirror")
            collect_static_files()
            stack.enter_context(portal.web())
            say(f"\n{courses:,} courses, {kept.engine}, {CONNECTIONS} connections for the rate and one for the median")
            measure_pages(portal, products[0], chosen.requests)
            measure_saves(portal, stripe, products, chosen.saves)


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--courses", type=int, default=MANY)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--saves", type=int, default=40)
    parser.add_argument("--database", choices=ENGINES, default="sqlite")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.courses, chosen.requests, chosen.saves = 100, 30, 4
    return chosen


def measure_pages(portal: Portal, product: str, requests: int) -> None:
    teacher, staff = Person.sign_in(portal.url, "teacher"), Person.sign_in(portal.url, "staff")
    pages = {
        "list of courses": teacher.request_for("/courses/"),
        "editor": teacher.request_for(catalogue.course_path(product)),
        "all prices (staff)": staff.request_for("/billing/prices/"),
    }
    for name, request in pages.items():
        busy = look(portal, request, requests, CONNECTIONS)
        alone = look(portal, request, requests // 5, 1)
        tell(name, busy.per_second, "pages/s", f"median {alone.median:.1f} ms, under load {busy.median:.0f} ms")


def look(portal: Portal, request: bytes, times: int, connections: int) -> Load:
    found = load(portal.url, repeat(request, times), lambda message: message, connections=connections)
    must(set(found.statuses) == {200}, f"pages were answered {dict(found.statuses)}")
    return found


def measure_saves(portal: Portal, stripe: Stripe, products: list[str], saves: int) -> None:
    """Each save goes through the whole page, with a known response time of Stripe's."""
    teacher = Person.sign_in(portal.url, "teacher")
    stripe.answer_after(STRIPE_SECONDS)
    for name, calls in (("title", 1), ("price", 3)):
        overheads = [1000 * overhead(teacher, products[n % len(products)], name, calls, n) for n in range(saves)]
        median = statistics.median(overheads)
        tell(
            f"a save of the {name} ({calls} calls), beyond Stripe's time", median, "ms", at_most(OVERHEAD_GOAL, median)
        )
    stripe.answer_after(0)


def overhead(teacher: Person, product: str, name: str, calls: int, number: int) -> float:
    path = catalogue.course_path(product)
    value = f"Title {number}" if name == "title" else str(1000 + number)
    version = teacher.read(path)["version"]
    started = time.perf_counter()
    course = teacher.send(path, version=version, confirm="true", **{name: value})  # whatever it was before
    seconds = time.perf_counter() - started
    must(course["billing"]["state"] == "in_sync", f"after the save: {course['billing']}")
    return seconds - calls * STRIPE_SECONDS


if __name__ == "__main__":
    run(main)
