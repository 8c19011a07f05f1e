"""The sandbox's clock: real time, moved by as much as somebody asked for.

It dates objects and events, ends idempotency keys after 24 hours and says when a webhook is tried again. Waiting in a
fault and the rate limits go by real time, and so does the time in a webhook's signature, which the receiver judges.
"""

import time


class Clock:
    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def time(self) -> float:
        return time.time() + self.offset

    def now(self) -> int:
        return int(self.time())

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def set(self, moment: float) -> None:
        self.offset = moment - time.time()
