"""The kill storm: while clients save courses and Stripe fails now and then, web and worker processes are killed.

    python -m billings.tests.kill_storm [--kills N] [--clients N] [--engine sqlite|postgres] [--seed S]

Each client keeps a journal of what it sent and what was acknowledged. When the storm is over, the worker's way of
recovery runs alone, and then every acknowledged save must be there, in the portal and in Stripe, once. It prints what
it found, and ends with status 1 if a save was lost or anything is there twice. PostgreSQL is that of
TEST_POSTGRESQL_URL (postgres://postgres@127.0.0.1:5432/postgres), in a database of its own; without one it is left out.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tools.environments import files_in
from tools.processes import Process, run, until
from tools.testing.databases import POSTGRESQL, new_postgresql_database, postgresql_answers
from tools.testing.portal import PROCFILE, PortalProcess, Teacher
from tools.testing.sandbox import Sandbox, running_sandbox

# How often the sandbox fails so, of its calls.
FAULTS = (
    *(
        {"kind": kind, "when": when, "probability": 0.03}
        for kind in ("reset", "500", "503")
        for when in ("before", "after")
    ),
    {"kind": "slow", "seconds": 0.3, "probability": 0.1},
    {"kind": "late", "when": "late", "seconds": 2, "probability": 0.02},
    {"kind": "429", "probability": 0.02},
)
# After a kill a save is waited for, however slow the machine is, and then so long.
SECONDS_BETWEEN_KILLS = (0.1, 1.0)
RECOVERY_ROUNDS = 20
type Terms = tuple[str, int]
"""A course's title and price, in cents: what a save sets, and what must be found again."""


@dataclass
class Journal:
    """One course, by the client that alone saves it."""

    url: str
    acknowledged: Terms
    # Sent after that and never answered, so that each of them may have been saved or not.
    open: list[Terms] = field(default_factory=list)


@dataclass
class Client:
    """Someone who creates courses and changes them, one save after the other."""

    number: int
    teacher: Teacher
    chance: random.Random
    journals: list[Journal] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    saves: int = 0
    unanswered: int = 0

    def run(self, storm: threading.Event) -> None:
        while storm.is_set():
            if self.journals and self.chance.random() < 0.75:
                self._change(self.chance.choice(self.journals))
            else:
                self._create()

    def _create(self) -> None:
        title, cents = f"Client {self.number}, course {len(self.created)}", self.chance.randint(500, 900) * 100
        self.created.append(title)
        answer = self._send("/courses/", title, cents, publish="true")
        if answer is not None:
            self.journals.append(Journal(answer["url"], (title, cents)))

    def _change(self, journal: Journal) -> None:
        title = f"{journal.acknowledged[0].partition(' · ')[0]} · {self.saves}"
        terms = title, self.chance.randint(500, 900) * 100
        version = self._read(journal.url)
        if version is None:
            return
        journal.open.append(terms)
        if self._send(journal.url, *terms, version=version) is not None:
            journal.acknowledged, journal.open = terms, []

    def _read(self, url: str) -> str | None:
        with suppress(requests.RequestException):
            answer = self.teacher.get(url)
            if answer.ok:
                return str(answer.json()["version"])
        time.sleep(0.05)
        return None

    def _send(self, path: str, title: str, cents: int, **more: str) -> dict[str, Any] | None:
        """The course as it was acknowledged; None where no answer came, or one that promises nothing."""
        fields = {"title": title, "summary": "For everybody", "price": f"{cents // 100}", **more}
        with suppress(requests.RequestException):
            answer = self.teacher.send(path, currency="usd", **fields)
            if answer.ok:
                self.saves += 1
                return dict(answer.json())
            assert answer.status_code == 503, f"{answer.status_code} {answer.text[:500]}"
        self.saves += 1
        self.unanswered += 1
        time.sleep(0.05)
        return None


@dataclass
class Storm:
    portal: PortalProcess
    sandbox: Sandbox
    chance: random.Random
    clients: list[Client] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    worker: Process | None = None

    def rage(self, kills: int, clients: int) -> None:
        teacher = self.portal.sign_in()
        for fault in FAULTS:
            self.sandbox.fault(**fault, times=None, method="POST")
        self._start_worker()
        going_on = threading.Event()
        going_on.set()
        self.clients = [
            Client(number, _same_person(teacher), random.Random(self.chance.random())) for number in range(clients)
        ]
        threads = [threading.Thread(target=self._watched, args=(client, going_on)) for client in self.clients]
        for thread in threads:
            thread.start()
        try:
            while sum(self.killed.values()) < kills and not self.failed:
                self._kill_one()
                self._wait_for_a_save()
                time.sleep(self.chance.uniform(*SECONDS_BETWEEN_KILLS))
        finally:  # also where someone interrupts it: no client goes on alone
            going_on.clear()
            for thread in threads:
                thread.join()
        self._kill_worker()
        self.sandbox.clear_faults()
        self.sandbox.release()

    def _watched(self, client: Client, going_on: threading.Event) -> None:
        try:
            client.run(going_on)
        except Exception as error:
            self.failed.append(f"client {client.number}: {error!r}")

    def _wait_for_a_save(self) -> None:
        before = self._acknowledged()
        until(lambda: self._acknowledged() > before or bool(self.failed))

    def _acknowledged(self) -> int:
        return sum(client.saves - client.unanswered for client in self.clients)

    def _kill_one(self) -> None:
        victim = self.chance.choices(("web process", "worker", "whole web server"), (70, 20, 10))[0]
        if victim == "web process":
            with suppress(ProcessLookupError, IndexError):  # they may be between two lives
                os.kill(self.chance.choice(self._web_processes()), signal.SIGKILL)
        elif victim == "worker":
            self._kill_worker()
            self._start_worker()
        else:
            self.portal.kill()
            self.portal.start()
        self.killed[victim] += 1

    def _web_processes(self) -> list[int]:
        assert self.portal.web
        found = run(["pgrep", "-P", str(self.portal.web.popen.pid)], allowed=None)
        return [int(process) for process in found.stdout.split()]

    def _start_worker(self) -> None:
        self.worker = Process.start([sys.executable, "manage.py", "worker"], env=self.portal.environment())

    def _kill_worker(self) -> None:
        if self.worker:
            self.worker.kill()

    def recover(self) -> None:
        for _ in range(RECOVERY_ROUNDS):
            if self.portal.manage("converge", "--all", check=False).returncode == 0:
                return

    def lost_and_doubled(self) -> tuple[list[str], list[str]]:
        """Acknowledged changes that are missing, duplicates, and values that nobody sent."""
        teacher = self.portal.sign_in()
        courses = {course["url"]: course for course in _all_courses(teacher)}
        state = self.sandbox.state()
        lost, doubled = [], []
        for journal in (journal for client in self.clients for journal in client.journals):
            course = courses.get(journal.url)
            terms = (course["title"], course["price"]["unit_amount"]) if course else None
            if terms not in [journal.acknowledged, *journal.open]:
                lost.append(f"{journal.url} is {terms}, and was acknowledged as {journal.acknowledged}")
        for course in courses.values():
            doubled += _differences(course, state)
        titles = Counter(course["title"].partition(" · ")[0] for course in courses.values())
        doubled += [f"{times} courses are named {title}" for title, times in titles.items() if times > 1]
        return lost, doubled


def _same_person(teacher: Teacher) -> Teacher:
    """With connections of its own."""
    session = requests.Session()
    session.cookies.update(teacher.session.cookies)
    session.headers.update(teacher.session.headers)
    return Teacher(teacher.portal, session)


def _all_courses(teacher: Teacher) -> Iterator[dict[str, Any]]:
    url: str | None = "/courses/"
    while url:
        page = teacher.get(url).json()
        yield from page["results"]
        url = page["next"]


def _differences(course: dict[str, Any], state: dict[str, Any]) -> list[str]:
    """Where Stripe does not sell exactly this course, at exactly this price, once."""
    products = [one for one in state["products"] if one["metadata"].get("course_id") == course["id"]]
    prices = [one for one in state["prices"] if one["metadata"].get("course_id") == course["id"]]
    active = [one["unit_amount"] for one in prices if one["active"]]
    amounts = Counter(one["unit_amount"] for one in prices)
    found = {
        f"{len(products)} products": len(products) == 1,
        f"the title {[one['name'] for one in products]}": {one["name"] for one in products} == {course["title"]},
        f"the active prices {active}": active == [course["price"]["unit_amount"]],
        f"a price twice: {amounts}": set(amounts.values()) == {1},
        f"the state {course['billing']['state']}": course["billing"]["state"] == "in_sync",
    }
    return [f"{course['title']} ({course['id']}) has {what}" for what, holds in found.items() if not holds]


def _run(engine: str, database_url: str, folder: Path, options: argparse.Namespace) -> bool:
    with running_sandbox() as sandbox:
        portal = PortalProcess(folder, sandbox.url, command=PROCFILE["web"], database_url=database_url)
        storm = Storm(portal, sandbox, random.Random(options.seed))
        try:
            portal.prepare()
            portal.start()
            storm.rage(options.kills, options.clients)
            storm.recover()
            lost, doubled = storm.lost_and_doubled()
        finally:
            storm._kill_worker()
            portal.kill()
    clients = storm.clients
    killed = ", ".join(f"{times} × {victim}" for victim, times in sorted(storm.killed.items()))
    print(
        f"{engine}: {sum(storm.killed.values())} kills ({killed}); {sum(client.saves for client in clients)} saves by "
        f"{len(clients)} clients, {sum(client.unanswered for client in clients)} of them unanswered; "
        f"{sum(len(client.journals) for client in clients)} courses: {len(lost)} lost, {len(doubled)} doubled",
        flush=True,
    )
    for words in (*storm.failed, *lost, *doubled):
        print(f"WRONG {words}")
    return not (storm.failed or lost or doubled)


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str | None]:
    """Its address; None where there is no PostgreSQL."""
    if engine == "sqlite":
        yield files_in(folder)["DATABASE_URL"]
    elif postgresql_answers():
        with new_postgresql_database() as address:
            yield address
    else:
        yield None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=55, help="with each engine")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    holds = True
    for engine in options.engine or ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory(prefix="kill-storm-") as folder, _database(engine, Path(folder)) as address:
            if address is None:
                print(f"{engine}: left out, since no server answers at {POSTGRESQL}")
            else:
                holds = _run(engine, address, Path(folder), options) and holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
