"""What tests of every room share: the sandbox process and people. A pytest plugin (`-p billings.tests.fixtures`)."""

from collections.abc import Iterator
from typing import Any

import pytest

from billings.tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess.start()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Any) -> SandboxProcess:
    """An empty Stripe sandbox, which the portal takes for Stripe in this test."""
    sandbox_process.reset()
    settings.STRIPE_API_BASE = sandbox_process.url
    return sandbox_process
