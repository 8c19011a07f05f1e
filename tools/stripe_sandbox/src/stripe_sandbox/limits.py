"""Rate limits (docs.stripe.com/rate-limits): so many requests a second in all, and for each endpoint. Off by default.

Counted in whole seconds of real time, for each account and mode; what was refused is not. An endpoint is a method and
an address without the id.
"""

from __future__ import annotations

import time
from collections import Counter

from stripe_sandbox.accounts import Realm
from stripe_sandbox.refusals import rate_limited
from stripe_sandbox.settings import Settings


class RateLimits:
    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def count(self, settings: Settings, realm: Realm, method: str, path: str) -> None:
        """One more request, or a 429 when there were enough in this second."""
        if settings.rate_limit_total is None and settings.rate_limit_endpoint is None:
            return
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._counts = second, Counter()
        whole = (realm.account, realm.mode)
        endpoint = (*whole, method, "/".join(path.split("/")[:3]), str(path.count("/")))
        self._must_be_below(whole, settings.rate_limit_total, "global-rate", realm)
        self._must_be_below(endpoint, settings.rate_limit_endpoint, "endpoint-rate", realm)
        self._counts.update((whole, endpoint))  # only now: what one limit refused, no other counts

    def _must_be_below(self, counted: tuple[str, ...], most: int | None, reason: str, realm: Realm) -> None:
        if most is not None and self._counts[counted] >= most:
            raise rate_limited(reason, livemode=realm.livemode)
