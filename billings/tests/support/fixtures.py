"""What tests of every room share: the sandbox process and people. A pytest plugin, named in pyproject.toml."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate

from tools.testing.sandbox import Sandbox, running_sandbox

# What a test records under this name, a title and lines below it, is printed at the end of the run.
TABLE = "table"


def recorded(terminalreporter: pytest.TerminalReporter, name: str) -> list[Any]:
    """What tests recorded with `record_property` under this name, in whichever process they ran."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    properties = [getattr(report, "user_properties", []) for report in reports if getattr(report, "when", "") == "call"]
    return [value for found in properties for key, value in found if key == name]


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
