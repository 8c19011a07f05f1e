"""Real programs under measurement: started on free ports, ended for certain, with the settings of production."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from honcho.environ import parse_procfile

from rig.report import Wrong

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = Path(sys.executable).with_name("stripe-sandbox")  # of the same virtual environment
PROCFILE = parse_procfile((ROOT / "Procfile").read_text()).processes
KEY = "sk_test_" + "Bench" * 6  # the peer takes keys of Stripe's own length only
WEBHOOK_SECRET = "whsec_bench"
# Every setting has a value here: `.env` has a say only where the environment has none.
SETTINGS = {
    "DEBUG": "0",
    "SECRET_KEY": "for-measuring-only-and-for-nothing-else",
    "ALLOWED_HOSTS": "",
    "CSRF_TRUSTED_ORIGINS": "",
    "STRIPE_SECRET_KEY": KEY,
    "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "STRIPE_TIMEOUT_SECONDS": "20",
    "STRIPE_INLINE_BUDGET_SECONDS": "4",
    "STRIPE_MAX_WRITES_PER_SECOND": "20",
    "SIGNUP_OPEN": "1",
    "WEB_THREADS": "8",
    "EMAIL_URL": "dummy:",
    "SENTRY_DSN": "",
}
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
STARTS_WITHIN = 30.0


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a program: nothing of the shell's but what programs need to run at all."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **SETTINGS, **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def program(
    command: str | Sequence[str], *, env: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs beside us until the block ends; what it says is in `log`."""
    arguments = ["sh", "-c", command] if isinstance(command, str) else command
    with log.open("ab") as said:
        process = subprocess.Popen(arguments, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up_at = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Wrong(f"a program did not start: {log.read_text()[-2000:]}")


def finish(command: Sequence[str | Path], *, env: Mapping[str, str], folder: Path = ROOT) -> str:
    """Runs a program to its end, which must be a good one; what it printed."""
    done = subprocess.run(list(map(str, command)), cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{command[1:3]} failed: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


@dataclass(frozen=True)
class Measured:
    """What a program that ran to its end did and cost."""

    status: int
    output: str
    seconds: float
    megabytes: float


def measure(command: Sequence[str | Path], *, env: Mapping[str, str], log: Path, folder: Path = ROOT) -> Measured:
    started = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(list(map(str, command)), cwd=folder, env=env, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)  # of this one process: RUSAGE_CHILDREN is the worst of all
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    seconds = time.perf_counter() - started
    return Measured(process.returncode, log.read_text(), seconds, usage.ru_maxrss / unit)


@dataclass(frozen=True)
class Stripe:
    """A sandbox process, and its control door."""

    url: str

    def door(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=120)
        answer.raise_for_status()
        return answer.json()

    def answer_after(self, seconds: float) -> None:
        """Every call from now on takes as long as the way to Stripe and its work would; here it takes a millisecond."""
        self.door("DELETE", "faults")
        if seconds:
            self.door("POST", "faults", {"kind": "slow", "seconds": seconds, "times": None})

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

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        return list(self.door("GET", f"calls?since={since}")["calls"])

    def last_call(self) -> int:
        newest = self.door("GET", "calls?since=0")["calls"]
        return int(newest[-1]["seq"]) if newest else 0


@contextmanager
def sandbox(log: Path, *options: str) -> Iterator[Stripe]:
    port = free_port()
    command = [str(SANDBOX), "--port", str(port), *options]
    with program(command, env=surroundings(STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRET=""), log=log) as process:
        wait_until_listening(process, port, log)
        yield Stripe(f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class Portal:
    """Our portal over one database, talking to one Stripe."""

    folder: Path
    port: int
    env: Mapping[str, str]

    @classmethod
    def over(cls, database: str, stripe: Stripe, folder: Path, **settings: str) -> "Portal":
        port = free_port()
        env = surroundings(
            DATABASE_URL=database,
            STRIPE_API_BASE=stripe.url,
            SITE_URL=f"http://127.0.0.1:{port}",
            MEDIA_ROOT=str(folder),
            PORT=str(port),
            BIND="127.0.0.1",
            **settings,
        )
        return cls(folder, port, env)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, *what: str) -> None:
        """Runs `rig/fill.py`, which makes the database and fills it from what the sandbox holds."""
        finish([sys.executable, ROOT / "bench" / "rig" / "fill.py", *what], env=self.env)

    def collect_static_files(self) -> None:
        finish([sys.executable, ROOT / "tools" / "portal.py", "static"], env=self.env)

    @contextmanager
    def web(self) -> Iterator[None]:
        """The production web server, just as the Procfile starts it."""
        log = self.folder / "web.log"
        with program(PROCFILE["web"], env=self.env, log=log) as process:
            wait_until_listening(process, self.port, log)
            yield

    @contextmanager
    def worker(self, number: int = 1) -> Iterator[None]:
        with program(PROCFILE["worker"], env=self.env, log=self.folder / f"worker-{number}.log"):
            yield

    def measure(self, *arguments: str) -> Measured:
        command = [sys.executable, "manage.py", *arguments]
        return measure(command, env=self.env, log=self.folder / "command.log")


def parsed(measured: Measured) -> dict[str, Any]:
    """The JSON that a command printed as its last line."""
    lines = [line for line in measured.output.splitlines() if line.startswith("{")]
    if not lines:
        raise Wrong(f"no JSON in: {measured.output[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
