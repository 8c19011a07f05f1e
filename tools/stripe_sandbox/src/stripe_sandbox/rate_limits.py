"""Rate limits (docs.stripe.com/rate-limits): requests per second in total and per endpoint. Off by default.

Counted in whole seconds of real time, per account and mode; rejected requests do not count. An endpoint is a method and
a path without the id.
"""

from __future__ import annotations

import time
from collections import Counter

from stripe_sandbox.accounts import Realm
from stripe_sandbox.errors import rate_limited
from stripe_sandbox.settings import Settings


class RateLimits:
    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def count(self, settings: Settings, realm: Realm, method: str, path: str) -> None:
        """Count a request, or raise 429."""
        if settings.rate_limit_total is None and settings.rate_limit_endpoint is None:
            return
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._counts = second, Counter()
        whole = (realm.account, realm.mode)
        endpoint = (*whole, method, "/".join(path.split("/")[:3]), str(path.count("/")))
        self._must_be_below(whole, settings.rate_limit_total, "global-rate", realm)
        self._must_be_below(endpoint, settings.rate_limit_endpoint, "endpoint-rate", realm)
        self._counts.update((whole, endpoint))  # only now: a request rejected by one limit counts for none

    def _must_be_below(self, counted: tuple[str, ...], most: int | None, reason: str, realm: Realm) -> None:
        if most is not None and self._counts[counted] >= most:
            raise rate_limited(reason, livemode=realm.livemode)
