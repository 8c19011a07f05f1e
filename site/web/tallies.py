"""How many rows there are of each kind, counted by the database, and for large tables not at every look."""

import time
from collections import Counter
from collections.abc import Callable, Hashable

# Counting this many takes a moment; nobody sees whether such a number is a few seconds old.
LARGE = 20_000
KEPT_SECONDS = 10.0
MOST_KEPT = 200

_kept: dict[Hashable, tuple[float, Counter[tuple[str, ...]]]] = {}


def tally(key: Hashable, count: Callable[[], Counter[tuple[str, ...]]]) -> Counter[tuple[str, ...]]:
    """What `count` says, or said in this process within the last seconds, where it is about many rows."""
    now = time.monotonic()
    until, known = _kept.get(key, (0.0, Counter()))
    if now < until:
        return known
    found = count()
    if found.total() >= LARGE:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (now + KEPT_SECONDS, found)
    return found
