"""Upper bounds for moments that are stored and compared with now.

A clock that was ahead and was set back leaves moments beyond these bounds. They are ignored: whoever waits for one goes
on at once or, if another process may be at work, after the longest time such work takes. Moments in the past need no
bound.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings

# A request last sent this long ago has landed or never will; nothing waits for much longer than that.
LANDED_AFTER = timedelta(hours=2)
CONNECT_SECONDS = 3.0
# Margin between a request's time-out and a lease's end, for our own work and small clock steps.
MARGIN_SECONDS = 2.0
# Waiting for a turn to send, in addition to the request itself.
TURN_SECONDS = 15.0
# After a 429, for all processes: longer than Stripe's window of a second.
PAUSE_SECONDS = 1.0
# More threads than these never wait for a slot.
LONGEST_QUEUE = 200
# Of the 10,000 reads that Stripe allows in 30 days, 9,000 are for polling, the rest for comparisons and single courses.
SECONDS_A_LOOK = 30 * 86_400 / 9_000
# Difference between the clocks of two machines, plus the time to write.
CLOSE = timedelta(minutes=1)


def next_attempt() -> timedelta:
    return LANDED_AFTER + timedelta(minutes=30)


def lease() -> timedelta:
    """Twice our own, since another process may have a longer time-out."""
    return timedelta(seconds=2 * lease_seconds(float(settings.STRIPE_TIMEOUT_SECONDS)))


def slot() -> timedelta:
    return timedelta(seconds=PAUSE_SECONDS + LONGEST_QUEUE / float(settings.STRIPE_MAX_WRITES_PER_SECOND))


def look() -> timedelta:
    """Reading Stripe's events: the longest pause, or the claim of a read in progress."""
    longest = max(float(settings.EVENTS_POLL_SECONDS), SECONDS_A_LOOK, claim_seconds())
    return timedelta(seconds=longest + 1)


def compare() -> timedelta:
    return timedelta(hours=float(settings.COMPARE_EVERY_HOURS)) + CLOSE


def housekeeping() -> timedelta:
    return timedelta(hours=1) + CLOSE


def sign_of_life() -> timedelta:
    return CLOSE


def just_now() -> timedelta:
    """For times of past actions: never ahead, except for differences between clocks."""
    return CLOSE


# Every such moment in our tables; the others are only displayed.
OF: Mapping[str, Callable[[], timedelta]] = {
    "BillingProduct.next_attempt_at": next_attempt,
    "BillingProduct.lease_expires_at": lease,
    "WriteBudget.next_slot_at": slot,
    "Schedule.compare_due_at": compare,
    "Schedule.housekeeping_due_at": housekeeping,
    "StripeKey.next_look_at": look,
    "StripeKey.looked_at": just_now,
    "StripeKey.missed_fetched_at": just_now,
    "StripeKey.permissions_checked_at": just_now,
    "StripeKey.endpoints_checked_at": just_now,
    "SyncRun.seen_at": sign_of_life,
    "SyncRun.asked_at": just_now,
    "WorkerHeartbeat.seen_at": sign_of_life,
    "StripeRequest.created_at": just_now,
    "StripeRequest.key_made_at": just_now,
    "StripeRequest.last_sent_at": just_now,
    "StripeEvent.received_at": just_now,
    "BillingProduct.behind_since": just_now,
}


def is_believed(moment: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether a correct clock can have written `moment` by `now`."""
    return moment <= now + longest


def call_seconds(seconds: float) -> float:
    """The maximum duration of a request with a time-out of `seconds` to the first byte, connecting included."""
    return min(CONNECT_SECONDS, seconds) + seconds


def lease_seconds(longest_call: float) -> float:
    """The length of a lease whose holder's requests take at most `longest_call` seconds."""
    return call_seconds(longest_call) + MARGIN_SECONDS


def claim_seconds() -> float:
    """The claim of a poll: longer than one page takes; short, so that a killed process costs little."""
    return lease_seconds(float(settings.STRIPE_TIMEOUT_SECONDS)) + TURN_SECONDS
