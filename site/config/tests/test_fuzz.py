"""Malformed requests to every URL: a few of those that `make campaign` sends."""

import pytest

from config.tests.fuzz import Fuzz
from config.tests.scenario import Scenario

REQUESTS = 500


@pytest.mark.slow
def test_no_request_makes_an_error(db, settings):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0
    fuzz = Fuzz(Scenario.make(), seed=2)

    fuzz.run(REQUESTS)

    assert not fuzz.failures, "\n".join(fuzz.failures)
    assert sum(fuzz.statuses.values()) == REQUESTS
