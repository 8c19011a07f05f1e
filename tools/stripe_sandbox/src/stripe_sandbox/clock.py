"""The sandbox's clock: real time plus an offset.

It dates objects and events, expires idempotency keys after 24 hours and schedules webhook retries. Waiting in a fault,
rate limits and the timestamp in a webhook's signature use real time.
"""

import time

from stripe_sandbox.control_bodies import BadBody

LATEST = 221_845_392_000  # the year 9000: dates a while later are still valid


class Clock:
    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset if _has_a_date(offset) else 0.0  # a state file may be older than these limits

    def time(self) -> float:
        return time.time() + self.offset

    def now(self) -> int:
        return int(self.time())

    def advance(self, seconds: float) -> None:
        self.move(self.offset + seconds)

    def set(self, moment: float) -> None:
        self.move(moment - time.time())

    def move(self, offset: float) -> None:
        if not _has_a_date(offset):
            raise BadBody("The clock goes from 1970 to 9000.")
        self.offset = offset


def _has_a_date(offset: float) -> bool:
    return 0 <= time.time() + offset <= LATEST
