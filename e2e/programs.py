"""The three programs that `make run` starts, as its Procfile has them, on ports, a database and files of their own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from honcho.environ import parse_procfile

from billings.tests.support.sandbox_process import SandboxProcess

ROOT = Path(__file__).resolve().parents[1]
STARTS_WITHIN = 60
STOPS_WITHIN = 20


class DidNotStart(Exception):
    """Which program, and what it said last."""


@dataclass
class Program:
    name: str
    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(
        cls, name: str, command: str, environment: dict[str, str], folder: Path, keep: tuple[int, ...] = ()
    ) -> "Program":
        log = folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                pass_fds=keep,
                text=True,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops them in turn
            )
        return cls(name, process, log)

    def wait_until[T](self, answer: Callable[[], T | None]) -> T:
        give_up_at = time.monotonic() + STARTS_WITHIN
        while self.process.poll() is None and time.monotonic() < give_up_at:
            if found := answer():
                return found
            time.sleep(0.05)
        raise DidNotStart(f"{self.name}:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Portal:
    """The running portal and its Stripe."""

    url: str
    sandbox: SandboxProcess
    logs: list[Path]
    environment: dict[str, str] = field(repr=False)

    def manage(self, *command: str) -> str:
        """What `manage.py` prints, run beside the portal on its database."""
        return _manage(self.environment, *command)

    def link_mailed_to(self, email: str) -> str:
        """The link in the last mail to this person. Mails are on the console, and so in the web server's log."""
        give_up_at = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < give_up_at:
            mails = "".join(path.read_text() for path in self.logs).split("\nTo: ")
            if links := [re.findall(r"^https?://\S+$", mail, re.M) for mail in mails if mail.startswith(f"{email}\n")]:
                return str(links[-1][0])
            time.sleep(0.05)
        raise AssertionError(f"no mail went to {email}")

    def converge(self) -> None:
        """Leave nothing pending. Another test's drift waits for a person, and the command ends with 1 for it."""
        _run(self.environment, "manage.py", "converge", allowed=(0, 1))


@contextmanager
def running() -> Iterator[Portal]:
    """The portal with its demo people; when this is left, no process, port or file stays."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-e2e-")))
        procfile = parse_procfile((ROOT / "tools" / "Procfile.run").read_text()).processes
        # Opened here and handed on, so that nobody takes the port between choosing and using it.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = _environment(url, folder)

        sandbox = Program.start("sandbox", procfile["sandbox"], environment, folder)
        stack.callback(sandbox.stop)
        environment["STRIPE_API_BASE"] = sandbox.wait_until(lambda: _address_in(sandbox.log))
        _run(environment, "tools/portal.py", "static")
        _manage(environment, "migrate", "--verbosity", "0")
        _manage(environment, "demo", "--force", "--verbosity", "0")

        fd = listener.fileno()
        command, replaced = re.subn(r"--bind \S+", f"--bind fd://{fd}", procfile["web"])
        assert replaced == 1, f"the web server's address is not where it was: {procfile['web']}"
        web = Program.start("web", command, environment, folder, keep=(fd,))
        stack.callback(web.stop)
        listener.close()
        worker = Program.start("worker", procfile["worker"], environment, folder)
        stack.callback(worker.stop)
        web.wait_until(lambda: _is_ready(url))

        door = SandboxProcess(environment["STRIPE_API_BASE"], sandbox.process)
        yield Portal(url, door, [program.log for program in (web, worker, sandbox)], environment)


def _environment(url: str, folder: Path) -> dict[str, str]:
    """Every setting, so that neither the shell's nor `.env`'s has a say."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "e2e.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CSRF_TRUSTED_ORIGINS": "",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "SITE_URL": url,
        "SIGNUP_OPEN": "1",
        "WEB_THREADS": "8",
        "TIME_ZONE": "UTC",
        "EMAIL_URL": "console:",
        "SENTRY_DSN": "",
        "STRIPE_SECRET_KEY": f"sk_test_sandbox_{secrets.token_hex(8)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(8)}",
        "STRIPE_TIMEOUT_SECONDS": "20",
        "STRIPE_INLINE_BUDGET_SECONDS": "4",
        "STRIPE_MAX_WRITES_PER_SECOND": "20",
        "SANDBOX_PORT": "0",
        "SANDBOX_STATE": str(folder / "sandbox.sqlite3"),
        "SANDBOX_WEBHOOK_URL": f"{url}/billing/webhooks/stripe/",
    }


def _manage(environment: dict[str, str], *command: str) -> str:
    return _run(environment, "manage.py", *command)


def _run(environment: dict[str, str], *command: str, allowed: Collection[int] = (0,)) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
    )
    if done.returncode not in allowed:
        raise DidNotStart(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _address_in(log: Path) -> str | None:
    found = re.search(r"http://\S+(?=/\n|\n)", log.read_text())
    return found.group().rstrip("/") if found else None


def _is_ready(url: str) -> bool | None:
    try:
        return requests.get(f"{url}/readyz", timeout=STARTS_WITHIN).ok or None
    except requests.ConnectionError:
        return None
