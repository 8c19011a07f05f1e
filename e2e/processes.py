"""The three processes that `make run` starts, as in its Procfile, with ports, a database and files of their own."""

import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from honcho.environ import parse_procfile

from tools.environments import environment, files_in, sandbox_for, served_at
from tools.processes import PATIENCE_SECONDS, ROOT, Process, run
from tools.testing.sandbox import Sandbox


@dataclass
class Portal:
    """The running portal and its Stripe."""

    url: str
    sandbox: Sandbox
    processes: list[Process]
    environment: dict[str, str] = field(repr=False)

    def manage(self, *command: str) -> str:
        """The output of `manage.py`, run on the portal's database."""
        return run([sys.executable, "manage.py", *command], env=self.environment).stdout

    def link_mailed_to(self, email: str) -> str:
        """The link in the last email to this person. Emails are on the console, that is, in the web server's output."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            mails = "".join(process.output() for process in self.processes).split("\nTo: ")
            if links := [re.findall(r"^https?://\S+$", mail, re.M) for mail in mails if mail.startswith(f"{email}\n")]:
                return str(links[-1][0])
            time.sleep(0.05)
        raise AssertionError(f"no mail went to {email}")

    def converge(self) -> None:
        """Leave nothing pending. Drift of another test waits for a person, and makes the command end with 1."""
        run([sys.executable, "manage.py", "converge"], env=self.environment, allowed=(0, 1))


@contextmanager
def running() -> Iterator[Portal]:
    """The portal with its demo users; on exit, no process, port or file stays."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-e2e-")))
        procfile = parse_procfile((ROOT / "tools" / "Procfile.run").read_text()).processes
        # Opened here and passed on, so that the port cannot be taken between choosing and using it.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        place = served_at(listener.getsockname()[1])
        url = place["SITE_URL"]
        environ = environment("e2e", **place, **files_in(folder), **sandbox_for(url, state=folder / "sandbox.sqlite3"))

        def start(name: str, command: str, keep: tuple[int, ...] = ()) -> Process:
            return stack.enter_context(Process.start(command, name=f"the {name} process", env=environ, keep=keep))

        stripe = start("sandbox", procfile["sandbox"])
        sandbox = Sandbox.said_by(stripe)
        environ["STRIPE_API_BASE"] = sandbox.url
        portal = Portal(url, sandbox, [], environ)
        run([sys.executable, "-m", "tools.portal", "static"], env=environ)
        portal.manage("migrate", "--verbosity", "0")
        portal.manage("demo", "--force", "--verbosity", "0")

        fd = listener.fileno()
        command, replaced = re.subn(r"--bind \S+", f"--bind fd://{fd}", procfile["web"])
        assert replaced == 1, f"the web server's address is not where it was: {procfile['web']}"
        web = start("web", command, keep=(fd,))
        listener.close()
        worker = start("worker", procfile["worker"])
        web.wait_until(lambda: _is_ready(url))

        portal.processes += [web, worker, stripe]
        yield portal


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=PATIENCE_SECONDS).ok
    except requests.ConnectionError:
        return False
