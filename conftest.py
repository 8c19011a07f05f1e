"""What the tests of every room share: the Stripe sandbox, databases of their own for processes, and what is marked.

People and courses are made beside the tests that they are for; a browser and the running portal are in `e2e/`.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate

from tools.environments import files_in
from tools.processes import ROOT, run
from tools.testing.databases import POSTGRESQL, new_postgresql_database, postgresql_answers
from tools.testing.sandbox import Sandbox, running_sandbox
from tools.testing.tables import TABLE, recorded

# Who asks for one of these fixtures, or is in one of these folders, needs what the marker says (see pyproject.toml).
MARKERS = {"sandbox_process": "stripe", "run_script": "processes", "postgresql_url": "postgresql"}
FOLDERS = {ROOT / "e2e": "browser", ROOT / "tools" / "stripe_sandbox": "stripe"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        needed = {MARKERS[name] for name in fixtures if name in MARKERS}
        needed |= {marker for folder, marker in FOLDERS.items() if item.path.is_relative_to(folder)}
        for marker in needed:
            item.add_marker(marker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for table in recorded(terminalreporter, TABLE):
        title, _, lines = table.partition("\n")
        terminalreporter.section(title)
        terminalreporter.write_line(lines)


@pytest.fixture(scope="session", autouse=True)
def kept_over_a_flush() -> Iterator[None]:
    """A test of transactions empties every table when it ends; what a migration wrote is then written again."""

    def write(**_: Any) -> None:
        import_module("billings.migrations.0002_price_managers").make_group(apps, None)

    post_migrate.connect(write, sender=apps.get_app_config("billings"))
    yield
    post_migrate.disconnect(write, sender=apps.get_app_config("billings"))


# Stripe ---------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Sandbox:
    """An empty Stripe sandbox, which the portal takes for Stripe in this test."""
    sandbox_process.reset()
    settings.STRIPE_API_BASE = sandbox_process.url
    return sandbox_process


# Databases for processes ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _migrated(files_in(tmp_path_factory.mktemp("database"))["DATABASE_URL"])


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    """A new database on the server at hand; tests are skipped where there is none."""
    if not postgresql_answers():
        pytest.skip(f"no PostgreSQL at {POSTGRESQL}")
    with new_postgresql_database() as url:
        yield _migrated(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def run_script() -> Callable[..., str]:
    """Runs Python in a Django shell of its own over the database at a URL; returns what it printed."""

    def shell(script: str, url: str, **environment: str) -> str:
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", script]
        return run(command, env={**os.environ, "DATABASE_URL": url, **environment}).stdout.strip()

    return shell


def _migrated(url: str) -> str:
    run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env={**os.environ, "DATABASE_URL": url})
    return url
