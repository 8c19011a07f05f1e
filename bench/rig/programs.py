"""Real programs under measurement: started on free ports, ended for certain, with the settings of production."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from honcho.environ import parse_procfile

from rig.report import Wrong
from tools.environments import DIFFERENCES, EVERY_SETTING, environment, served_at
from tools.processes import ROOT, Command, Process, free_port, run
from tools.testing.sandbox import Sandbox, running_sandbox

PROCFILE = parse_procfile((ROOT / "Procfile").read_text()).processes
KEY = DIFFERENCES["bench"]["STRIPE_SECRET_KEY"]
WEBHOOK_SECRET = EVERY_SETTING["STRIPE_WEBHOOK_SECRET"]


@dataclass(frozen=True)
class Measured:
    """What a program that ran to its end did and cost."""

    status: int
    output: str
    seconds: float
    megabytes: float


def measure(command: Command, *, env: Mapping[str, str]) -> Measured:
    started = time.perf_counter()
    process = Process.start(command, env=env)
    _, status, usage = os.wait4(process.popen.pid, 0)  # of this one process: RUSAGE_CHILDREN is the worst of all
    seconds = time.perf_counter() - started
    process.popen.returncode = os.waitstatus_to_exitcode(status)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Measured(process.popen.returncode, process.output(), seconds, usage.ru_maxrss / unit)


class Stripe(Sandbox):
    """A sandbox process, and what figures are taken of it."""

    def answer_after(self, seconds: float) -> None:
        """Every call from now on takes as long as the way to Stripe and its work would; here it takes a millisecond."""
        self.control("DELETE", "faults")
        if seconds:
            self.control("POST", "faults", {"kind": "slow", "seconds": seconds, "times": None})

    def pages(self, path: str, **query: str) -> Iterator[list[dict[str, Any]]]:
        """A list of Stripe's, a page of 100 a call."""
        with requests.Session() as session:
            session.auth = (KEY, "")
            while True:
                asked = {"limit": "100", **query}
                page = session.get(f"{self.url}/v1/{path}", params=asked, timeout=60).json()
                yield page["data"]
                if not page["has_more"]:
                    return
                query["starting_after"] = page["data"][-1]["id"]

    def calls_since(self, call: int = 0) -> list[dict[str, Any]]:
        return list(self.control("GET", f"calls?since={call}")["calls"])

    def last_call(self) -> int:
        newest = self.calls_since()
        return int(newest[-1]["seq"]) if newest else 0


@contextmanager
def sandbox(*options: str) -> Iterator[Stripe]:
    with running_sandbox(*options) as running:
        yield Stripe(running.url)


def collect_static_files() -> None:
    """As `make run` does it: only what is new."""
    run([sys.executable, "-m", "tools.portal", "static"], env=environment("bench"))


@dataclass(frozen=True)
class Portal:
    """Our portal over one database, talking to one Stripe."""

    folder: Path
    port: int
    env: Mapping[str, str]

    @classmethod
    def over(cls, database: str, stripe: Stripe, folder: Path, **settings: str) -> "Portal":
        port = free_port()
        place = {**served_at(port), "STRIPE_API_BASE": stripe.url, "DATABASE_URL": database, "MEDIA_ROOT": str(folder)}
        return cls(folder, port, environment("bench", **place, **settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, *what: str) -> None:
        """Runs `rig/fill.py`, which makes the database and fills it from what the sandbox holds."""
        run([sys.executable, ROOT / "bench" / "rig" / "fill.py", *what], env=self.env)

    @contextmanager
    def web(self) -> Iterator[None]:
        """The production web server, just as the Procfile starts it."""
        with Process.start(PROCFILE["web"], name="the web server", env=self.env) as process:
            process.wait_until_listening(self.port)
            yield

    @contextmanager
    def worker(self, number: int = 1) -> Iterator[None]:
        with Process.start(PROCFILE["worker"], name=f"worker {number}", env=self.env):
            yield

    def measure(self, *arguments: str) -> Measured:
        return measure([sys.executable, "manage.py", *arguments], env=self.env)


def parsed(measured: Measured) -> dict[str, Any]:
    """The JSON that a command printed as its last line."""
    lines = [line for line in measured.output.splitlines() if line.startswith("{")]
    if not lines:
        raise Wrong(f"no JSON in: {measured.output[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
