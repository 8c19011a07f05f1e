"""One sandbox for all tests, empty before each; a client for it; an endpoint for webhooks."""

from collections.abc import Iterator

import pytest
import stripe

from stripe_sandbox.testing.process import Receiver, Sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    sandbox = Sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.control("reset", {})
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return sandbox.client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
