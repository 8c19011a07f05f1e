"""What the tests of people's pages share."""

import pytest
from django.core.cache import cache


@pytest.fixture
def fresh_limits(db) -> None:
    """Nobody has tried anything yet: limits on tries are counted in the cache, which outlives a test."""
    cache.clear()
