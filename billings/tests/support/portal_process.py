"""The portal as real processes with a database of its own: what a test can kill."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests
from honcho.environ import parse_procfile

from billings.tests.support.wait import until

ROOT = Path(__file__).resolve().parents[3]
# What people run, in one process.
WEB = re.sub(r"--workers \d+", "--workers 1", parse_procfile((ROOT / "Procfile").read_text()).processes["web"])
EMAIL, PASSWORD = "teacher@example.com", "course-demo"
MAKE_TEACHER = f"""
from django.contrib.auth.models import User
User.objects.create_user("teacher", "{EMAIL}", "{PASSWORD}")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class PortalProcess:
    """A web server over a fresh database in `folder`, talking to the Stripe at `stripe`."""

    folder: Path
    stripe: str
    port: int = field(default_factory=free_port)
    web: subprocess.Popen[bytes] | None = None
    command: str = WEB
    database_url: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def log(self) -> Path:
        """What the web server says, since its last start."""
        return self.folder / "web.log"

    def environment(self, **changes: str) -> dict[str, str]:
        own = {
            "DATABASE_URL": self.database_url or f"sqlite:///{self.database}",
            "MEDIA_ROOT": str(self.folder),
            "STRIPE_API_BASE": self.stripe,
            "SITE_URL": self.url,
            "DEBUG": "1",  # no collected files are needed
            "STRIPE_INLINE_BUDGET_SECONDS": "2",  # a killed process leaves its lease for little longer
        }
        return {**os.environ, **own, **changes}

    def manage(self, *arguments: str, check: bool = True, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            check=check,
        )

    def prepare(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--verbosity", "0", "--command", MAKE_TEACHER)

    def start(self, **changes: str) -> None:
        self.web = subprocess.Popen(
            ["/bin/sh", "-c", self.command],
            cwd=ROOT,
            env=self.environment(PORT=str(self.port), BIND="127.0.0.1", **changes),
            stderr=self.log.open("wb"),
            start_new_session=True,
        )
        until(lambda: self.web is None or self.web.poll() is not None or "Booting worker" in self.log.read_text())
        assert self.web.poll() is None, f"the web server did not start: {self.log.read_text()[-3000:]}"

    def kill(self) -> None:
        """SIGKILL to the server and its workers: nothing of theirs runs any more."""
        if self.web is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait()
            self.web = None

    def sign_in(self) -> "Teacher":
        session = requests.Session()
        page = session.get(f"{self.url}/accounts/login/", timeout=20).text
        fields = {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": csrf_token(page)}
        answer = session.post(f"{self.url}/accounts/login/", fields, timeout=20)
        assert answer.ok, answer.status_code
        session.headers.update({"Accept": "application/json", "X-CSRFToken": session.cookies["csrftoken"]})
        return Teacher(self, session)


@dataclass
class Teacher:
    """A signed-in teacher who speaks JSON."""

    portal: PortalProcess
    session: requests.Session

    def send(self, path: str, **fields: str) -> requests.Response:
        return self.session.post(f"{self.portal.url}{path}", json=fields, timeout=60)

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.portal.url}{path}", timeout=20)


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "no CSRF token in the page"
    return found.group(1)
