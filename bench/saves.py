"""What a save costs beyond Stripe's own time, beside the minimum.

The minimum: a bare INSERT of what is saved, the same requests to Stripe by its official library over a persistent
connection, and a bare INSERT of each response, all committed, in a database of the same kind. No page, form or sign-in,
and no record of what was sent: killed at the wrong moment, it loses a save or sells at two prices. Ours is the whole
request to the production web server, up to the response that says the course is in sync. Both alternately.
"""

import random
import sqlite3
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import psycopg
import requests
import stripe as library

from rig import catalogue
from rig.databases import ENGINES, Database, database, engines
from rig.people import Person
from rig.processes import KEY, Portal, Stripe, collect_static_files, sandbox
from rig.report import at_most, must, options, run, say, tell

STRIPE_SECONDS = 0.05
GOAL = 3
COURSES = 200
TABLE = "CREATE TABLE rows (id VARCHAR(255), made_at DOUBLE PRECISION, name TEXT, amount INTEGER, active BOOLEAN)"

type Act = Callable[[], None]


def main() -> None:
    chosen = arguments()
    for engine in engines(chosen.database):
        with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
            folder = Path(name)
            stripe = stack.enter_context(sandbox())
            kept = stack.enter_context(database(engine, folder))
            products = catalogue.seed(stripe, COURSES, random.Random(chosen.seed))
            portal = Portal.over(kept.url, stripe, folder, STRIPE_MAX_WRITES_PER_SECOND="1000")
            portal.prepare("mirror")
            collect_static_files()
            stack.enter_context(portal.web())
            (folder / "least").mkdir()
            beside = stack.enter_context(database(engine, folder / "least"))
            least = stack.enter_context(Least.over(beside, stripe))
            stripe.answer_after(STRIPE_SECONDS)
            say(f"\n{engine}, {chosen.saves} saves of each kind, Stripe takes {STRIPE_SECONDS:g} s a call")
            ours = Ours(Person.sign_in(portal.url, "teacher"), cycle(products))
            # Learned once: the key's account, and the events in Stripe.
            for act in (ours.create, ours.price, least.create):
                ours.open_next()
                act()
            # What a save costs for which Stripe is not asked: the web server, the session, the form, the response.
            empty = compare("save without a change", 0, ours, ours.nothing, least.nothing, chosen.saves)
            compare("create a priced course", 1, ours, ours.create, least.create, chosen.saves, empty)
            compare("change the title", 1, ours, ours.title, least.title, chosen.saves, empty)
            compare("change the price", 3, ours, ours.price, least.price, chosen.saves, empty)


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--saves", type=int, default=60)
    parser.add_argument("--database", choices=ENGINES, help="by default both")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.saves = 5
    return chosen


def compare(
    name: str, calls: int, ours: "Ours", save: Act, least: Act, saves: int, empty: float | None = None
) -> float:
    """Alternately, so that other load on the machine affects both; our median in ms, without Stripe's time.

    `empty`: that of a save for which Stripe is not asked.
    """
    both = []
    for _ in range(saves):
        ours.open_next()
        both.append((seconds(save), seconds(least)))
    taken, at_least = (1000 * (statistics.median(some) - calls * STRIPE_SECONDS) for some in zip(*both, strict=True))
    tell(f"{name} ({calls} calls), beyond Stripe's time", taken, "ms", f"the least: {at_least:.1f} ms")
    if empty is not None:
        tell("  times the least", taken / at_least, "", at_most(GOAL, taken / at_least))
        tell("  times the least, without an empty save's time", (taken - empty) / at_least, "")
    return float(taken)


def seconds(act: Act) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@dataclass
class Ours:
    """A teacher at the portal."""

    teacher: Person
    products: Iterator[str]
    course: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def open_next(self) -> None:
        """Open the page of another course, for its version: a single course does not have hundreds of prices."""
        self.course = self.teacher.read(catalogue.course_path(next(self.products)))

    def create(self) -> None:
        self._send("/courses/", title=f"Made {next(self.numbers)}", summary="New.", price="49", currency="usd")

    def title(self) -> None:
        self._change(title=f"Title {next(self.numbers)}")

    def price(self) -> None:
        self._change(price=str(1000 + next(self.numbers)))

    def nothing(self) -> None:
        self._change(title=self.course["title"])

    def _change(self, **fields: str) -> None:
        self._send(self.course["url"], version=self.course["version"], confirm="true", **fields)

    def _send(self, path: str, **fields: str) -> None:
        course = self.teacher.send(path, **fields)
        must(course["billing"]["state"] == "in_sync", f"after the save: {course['billing']}")


@dataclass
class Least:
    """The official library and bare INSERTs; the last product, and its price."""

    prices: Any
    products: Any
    write: Callable[[str, float, str, int, bool], None]
    numbers: Iterator[int] = field(default_factory=count)
    product: str = ""
    price_id: str = ""

    @classmethod
    @contextmanager
    def over(cls, kept: Database, stripe: Stripe) -> "Iterator[Least]":
        client = library.StripeClient(
            KEY,
            base_addresses={"api": stripe.url},
            max_network_retries=0,
            http_client=library.RequestsClient(session=requests.Session()),
        )
        with _connected(kept) as (execute, commit, mark):

            def write(*row: object) -> None:
                execute(f"INSERT INTO rows VALUES ({', '.join([mark] * 5)})", row)
                commit()

            execute(TABLE, ())
            commit()
            yield cls(client.v1.prices, client.v1.products, write)

    def nothing(self) -> None:
        self.write("", time.time(), "", 0, True)

    def create(self) -> None:
        self.nothing()
        price = {"currency": "usd", "unit_amount": 4900}
        params = {"name": f"Made {next(self.numbers)}", "description": "New.", "default_price_data": price}
        made = self.products.create({**params, "expand": ["default_price"]})
        self.product, self.price_id = made.id, made.default_price.id
        self.write(made.id, time.time(), made.name, 4900, made.active)

    def title(self) -> None:
        self.nothing()
        seen = self.products.update(self.product, {"name": f"Title {next(self.numbers)}"})
        self.write(seen.id, time.time(), seen.name, 0, seen.active)

    def price(self) -> None:
        self.nothing()
        amount = 100 * next(self.numbers) + 100_000
        new = self.prices.create({"product": self.product, "currency": "usd", "unit_amount": amount})
        self.write(new.id, time.time(), "", amount, new.active)
        seen = self.products.update(self.product, {"default_price": new.id})
        self.write(seen.id, time.time(), seen.name, amount, seen.active)
        old, self.price_id = self.prices.update(self.price_id, {"active": False}), new.id
        self.write(old.id, time.time(), "", 0, old.active)


@contextmanager
def _connected(kept: Database) -> Iterator[tuple[Callable[..., object], Act, str]]:
    """How to execute, how to commit, and the placeholder for a parameter."""
    if kept.engine == "postgres":
        with psycopg.connect(kept.url) as connection:
            yield connection.execute, connection.commit, "%s"
        return
    with closing(sqlite3.connect(kept.url.removeprefix("sqlite:///"))) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        yield file.execute, file.commit, "?"


if __name__ == "__main__":
    run(main)
