"""Waiting for another process without trusting the clock."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail only when it has not for so long that it never will."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, "it never came to hold"
        time.sleep(0.02)
