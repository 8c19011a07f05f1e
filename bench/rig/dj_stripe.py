"""dj-stripe in a virtualenv of its own, with the same Python, gunicorn, database engine and Stripe."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rig.processes import KEY, WEBHOOK_SECRET, Measured, Stripe, measure
from rig.report import say
from tools.environments import environment, served_at
from tools.processes import ROOT, Process, ProcessFailed, free_port, run

VERSION = "2.11.0"
SAME = ("Django", "gunicorn", "gunicorn_h1c", "psycopg", "psycopg-binary")
HOME = ROOT / ".venv" / f"bench-dj-stripe-{VERSION}"  # .venv is ignored by git, and gone with it
PYTHON = HOME / "bin" / "python"
ENDPOINT = "5e1f0d1c-0000-4000-8000-000000000000"
PREPARE = f"""
from djstripe.models import Account, WebhookEndpoint
account = Account.get_or_retrieve_for_api_key({KEY!r})
WebhookEndpoint.objects.create(
    id="we_bench", djstripe_uuid={ENDPOINT!r}, secret={WEBHOOK_SECRET!r}, url="http://127.0.0.1/", livemode=False,
    enabled_events=["*"], status="enabled", djstripe_owner_account=account)
"""


def install() -> str:
    """Install once; returns the versions."""
    same = [f"{name}=={version(name)}" for name in SAME]
    wanted, done = " ".join(same), HOME / "installed"
    if not done.exists() or done.read_text() != wanted:
        say("(making dj-stripe's virtualenv ...)")
        run([sys.executable, "-m", "venv", "--clear", HOME], env=environment("bench"))
        try:
            _pip(f"dj-stripe=={VERSION}", *same)
        except ProcessFailed:
            _pip(f"dj-stripe=={VERSION}", *same[1:])  # with the newest Django that it takes
        done.write_text(wanted)
    code = (
        "from importlib.metadata import version as v; "
        "print(', '.join(f'{n} {v(n)}' for n in ('dj-stripe', 'Django', 'gunicorn', 'stripe')))"
    )
    return run([PYTHON, "-c", code], env=environment("bench")).stdout.strip()


def _pip(*packages: str) -> None:
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], env=environment("bench"))


@dataclass(frozen=True)
class Peer:
    folder: Path
    port: int
    env: Mapping[str, str]

    @classmethod
    def over(cls, database: str, stripe: Stripe, folder: Path, **settings: str) -> "Peer":
        port = free_port()
        own = {"DJANGO_SETTINGS_MODULE": "peer.settings", "PYTHONPATH": str(ROOT / "bench" / "rig")}
        place = {**served_at(port), "STRIPE_API_BASE": stripe.url, "DATABASE_URL": database}
        return cls(folder, port, environment("bench", **place, **own, **settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook_path(self) -> str:
        return f"/stripe/webhook/{ENDPOINT}/"

    def prepare(self) -> None:
        run([PYTHON, "-m", "django", "migrate", "--verbosity", "0"], env=self.env)
        run([PYTHON, "-m", "django", "shell", "--command", PREPARE], env=self.env)

    @contextmanager
    def web(self) -> Iterator[None]:
        """Another gunicorn, with as many processes and threads, and another application."""
        command = f"exec {HOME}/bin/gunicorn --preload --no-control-socket --workers 2 --threads 8 --bind $BIND:$PORT"
        command += " 'django.core.wsgi:get_wsgi_application()'"
        with Process.start(command, name="dj-stripe's web server", env=self.env, folder=self.folder) as process:
            process.wait_until_listening(self.port)
            yield

    def sync(self, *models: str) -> Measured:
        command: list[str | Path] = [PYTHON, "-m", "django", "djstripe_sync_models", *models, "--api-keys", KEY]
        return measure(command, env=self.env)
