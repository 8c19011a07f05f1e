"""Starts the portal: `run`, `dev` and `serve` of the Makefile. `static` is the part that the browser tests need.

One process finds out what has changed (files, migrations, a first start) and does only that, since each start of Python
and Django costs half a second.
"""

import fcntl
import hashlib
import io
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import urlsplit

import environs
from honcho.environ import parse_procfile

from tools.environments import DIFFERENCES, EVERY_SETTING, sandbox_for, served_at
from tools.processes import LOOPBACK, ROOT, Process, free_port, listens

ENV_FILE = ROOT / ".env"
STATIC_STAMP = ROOT / ".stamps" / "static"

PORT = "8000"
SANDBOX_PORT = "12111"
# Stripe's own keys have letters and digits after the mode; generated ones have a word there.
STRIPES_OWN_KEY = re.compile(r"[sr]k_(live|test)_[0-9A-Za-z]{16,}")


def main(what: str) -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "site"))
    os.environ["DJANGO_SETTINGS_MODULE"] = EVERY_SETTING["DJANGO_SETTINGS_MODULE"]
    match what:
        case "run" | "dev":
            start(what)
        case "serve":
            os.environ["PORT"] = str(port_for("PORT", PORT))
            with alone():
                collect_static_files()
            os.execv("/bin/sh", ["sh", "-c", parse_procfile(Path("Procfile").read_text()).processes["web"]])
        case "static":
            with alone():
                collect_static_files()


def start(purpose: Literal["run", "dev"]) -> NoReturn:
    """Start everything on this machine: prepare database, files and demo data, then run web, worker and sandbox."""
    make_env_file()
    place = served_at(port_for("PORT", PORT))
    address = place["SITE_URL"]
    env = environs.Env()
    env.read_env(ENV_FILE, recurse=False)
    public = env.str("SITE_URL", "") or address
    os.environ.update({**DIFFERENCES[purpose], **place, "SITE_URL": public})
    sandbox = choose_sandbox(env, address)

    with alone():
        migrate()
        if purpose == "run":
            collect_static_files()
        if sandbox:
            make_demo_data()
    sys.exit(run_processes(f"tools/Procfile.{purpose}", address, sandbox))


def make_env_file() -> None:
    """On the first start, write `.env` with fresh secrets and the sandbox in place of Stripe."""
    try:
        file = os.open(ENV_FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w") as text:
        text.write(
            "# Made by the first start; .env.example says what else can be set.\n"
            f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
            f"STRIPE_SECRET_KEY=sk_test_sandbox_{secrets.token_hex(16)}\n"
            f"STRIPE_WEBHOOK_SECRET=whsec_{secrets.token_hex(16)}\n"
            f"STRIPE_API_BASE=http://{LOOPBACK}:{SANDBOX_PORT}\n"
        )


def port_for(name: str, usual: str | int) -> int:
    """The port named by this variable, or any free one for 0. Exits with one sentence if it cannot be used."""
    wanted = os.environ.get(name) or usual
    try:
        return free_port(int(wanted))
    except (OSError, OverflowError, ValueError):
        sys.exit(f"Port {wanted} is taken or none: choose another, as in {name}=8123 behind the command.")


def choose_sandbox(env: environs.Env, address: str) -> str:
    """The sandbox's URL; empty if STRIPE_API_BASE points to Stripe itself."""
    base, key = env.str("STRIPE_API_BASE", ""), env.str("STRIPE_SECRET_KEY", "")
    if base and urlsplit(base).hostname not in {LOOPBACK, "localhost"}:
        return ""
    if STRIPES_OWN_KEY.fullmatch(key):
        sys.exit(
            "STRIPE_SECRET_KEY is a key of Stripe's, and STRIPE_API_BASE leads to the sandbox: "
            "to use Stripe itself, set STRIPE_API_BASE=https://api.stripe.com in .env."
        )
    port = port_for("SANDBOX_PORT", urlsplit(base).port or SANDBOX_PORT)
    os.environ.update(
        sandbox_for(address, state=ROOT / "sandbox.sqlite3", port=port),
        STRIPE_API_BASE=f"http://{LOOPBACK}:{port}",
        # The sandbox does not read `.env`: it accepts this key alone, and signs with this secret.
        STRIPE_SECRET_KEY=key,
        STRIPE_WEBHOOK_SECRET=env.str("STRIPE_WEBHOOK_SECRET", ""),
    )
    return os.environ["STRIPE_API_BASE"]


@contextmanager
def alone() -> Iterator[None]:
    """Serialise concurrent starts in one checkout."""
    folder = os.open("tools", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def migrate() -> None:
    import django
    from django.core.management import call_command
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            say("Bringing the database up to date ...")
            call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        sys.exit(f"The database cannot be used: {error}")


def collect_static_files() -> None:
    """Compressing takes seconds, so do it only if a file or the way of storing them changed."""
    import django
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    django.setup()
    state = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path)).stat()
            state.update(f"{path} {file.st_size} {file.st_mtime_ns}\n".encode())
    wanted = state.hexdigest()
    collected = (Path(settings.STATIC_ROOT) / "staticfiles.json").exists()
    if collected and STATIC_STAMP.exists() and STATIC_STAMP.read_text() == wanted:
        return
    say("Collecting static files ...")
    call_command("collectstatic", verbosity=0, interactive=False)
    STATIC_STAMP.parent.mkdir(exist_ok=True)
    STATIC_STAMP.write_text(wanted)


def make_demo_data() -> None:
    """On the first start, that is, while the database has no users."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    if not get_user_model().objects.exists():
        say("Making the demo data ...")
        call_command("demo", force=True, stdout=io.StringIO())


def run_processes(procfile: str, address: str, sandbox: str) -> int:
    """Run the Procfile's processes until one of them ends or the user stops them; returns the exit status."""
    processes = ["web", "worker", "sandbox"] if sandbox else ["web", "worker"]
    command = [sys.executable, "-m", "honcho", "--procfile", procfile, "--env", os.devnull, "start", *processes]
    # Ctrl-C reaches only this process, which then asks honcho once.
    honcho = Process.start(command, shown=True).popen
    stopping = started = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        if started:
            honcho.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)

    # Honcho cannot stop what it has not started yet, so wait here even if interrupted early.
    hurry = time.monotonic() + 5
    while honcho.poll() is None and not all(listens(port_of(url)) for url in (address, sandbox) if url):
        if stopping and time.monotonic() > hurry:
            break
        time.sleep(0.05)
    started = True
    if stopping:
        honcho.terminate()
    elif honcho.poll() is None:
        welcome(address, sandbox)
    status = honcho.wait()
    if stopping:
        return 0
    say("One of the processes ended by itself, so the others were stopped; the lines above say why.")
    return status or 1


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def welcome(address: str, sandbox: str) -> None:
    from django.contrib.auth import get_user_model

    from courses.management.commands import demo

    people = get_user_model().objects
    say(f"\nThe portal    {address}/")
    if sandbox:
        say(f"Its Stripe    {sandbox}/_sandbox/")
    for email in (demo.TEACHER, demo.OTHER, demo.STAFF, demo.ADMIN):
        if people.filter(email=email).exists():
            say(f"Sign in as    {email}, password {demo.PASSWORD}")
    say("Ctrl-C stops everything.\n")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
