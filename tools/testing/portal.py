"""The portal as real processes with a database of its own, which a test can kill."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import requests
from honcho.environ import parse_procfile

from tools.environments import NOBODY, environment, files_in, served_at
from tools.processes import ROOT, Process, free_port, run

PROCFILE = parse_procfile((ROOT / "Procfile").read_text()).processes
# What people run, in one process.
WEB = re.sub(r"--workers \d+", "--workers 1", PROCFILE["web"])
EMAIL, PASSWORD = "teacher@example.com", "course-demo"
MAKE_TEACHER = f"""
from django.contrib.auth.models import User
User.objects.create_user("teacher", "{EMAIL}", "{PASSWORD}")
"""


@dataclass
class PortalProcess:
    """A web server with a fresh database in `folder`, talking to the Stripe at `stripe`."""

    folder: Path
    stripe: str = NOBODY
    port: int = field(default_factory=free_port)
    web: Process | None = None
    command: str = WEB
    database_url: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    def environment(self, **changes: str) -> dict[str, str]:
        files = files_in(self.folder)
        own = {
            **served_at(self.port),
            **files,
            "DATABASE_URL": self.database_url or files["DATABASE_URL"],
            "STRIPE_API_BASE": self.stripe,
            "DEBUG": "1",  # no collected files are needed
            "STRIPE_INLINE_BUDGET_SECONDS": "2",  # so that a killed process's lease ends soon
        }
        return environment("tests", **{**own, **changes})

    def manage(self, *arguments: str, check: bool = True, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return run(command, env=self.environment(**changes), allowed=(0,) if check else None)

    def prepare(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--verbosity", "0", "--command", MAKE_TEACHER)

    def start(self, **changes: str) -> Process:
        self.web = web = Process.start(self.command, name="the web server", env=self.environment(**changes))
        web.wait_until(lambda: "Booting worker" in web.output())
        return web

    def output(self) -> str:
        """The web server's output since its last start."""
        return self.web.output() if self.web else ""

    def kill(self) -> None:
        """SIGKILL the server and its workers."""
        if self.web is not None:
            self.web.kill()
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
    """A signed-in teacher using JSON."""

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
