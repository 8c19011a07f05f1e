"""Processes under measurement: started on free ports, always ended, with production settings."""

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
    """The output and cost of a process that ran to its end."""

    status: int
    output: str
    seconds: float
    megabytes: float


def measure(command: Command, *, env: Mapping[str, str]) -> Measured:
    started = time.perf_counter()
    process = Process.start(command, env=env)
    _, status, usage = os.wait4(process.popen.pid, 0)  # this process only: RUSAGE_CHILDREN is the maximum of all
    seconds = time.perf_counter() - started
    process.popen.returncode = os.waitstatus_to_exitcode(status)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Measured(process.popen.returncode, process.output(), seconds, usage.ru_maxrss / unit)


class Stripe(Sandbox):
    """A sandbox process, and measurements of it."""

    def answer_after(self, seconds: float) -> None:
        """Make every request take this long, like the network and Stripe's work; otherwise it takes a millisecond."""
        self.control("DELETE", "faults")
        if seconds:
            self.control("POST", "faults", {"kind": "slow", "seconds": seconds, "times": None})

    def pages(self, path: str, **query: str) -> Iterator[list[dict[str, Any]]]:
        """A list of Stripe's, in pages of 100."""
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
    """Like `make run`: only what is new."""
    run([sys.executable, "-m", "tools.portal", "static"], env=environment("bench"))


@dataclass(frozen=True)
class Portal:
    """Our portal with one database, talking to one Stripe."""

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
        """Run `rig/fill.py`, which creates the database and fills it from the sandbox."""
        run([sys.executable, ROOT / "bench" / "rig" / "fill.py", *what], env=self.env)

    @contextmanager
    def web(self) -> Iterator[None]:
        """The production web server, as in the Procfile."""
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
    """The JSON in the last line of a command's output."""
    lines = [line for line in measured.output.splitlines() if line.startswith("{")]
    if not lines:
        raise Wrong(f"no JSON in: {measured.output[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
