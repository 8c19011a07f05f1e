"""How far ahead each moment can lie that is written here and compared with now: the longest that it can mean.

A clock that was ahead and came back leaves moments that are further off. They are not believed: whoever waits for one
goes on at once, or, where somebody else may be at work, after the longest time that such work takes. A moment of the
past needs no such bound: what was to be awaited is over.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings

# A call last sent this long ago cannot be on its way any more; nothing ever waits for much longer than that.
LANDED_AFTER = timedelta(hours=2)
CONNECT_SECONDS = 3.0
# Between a call's time-out and a lease's end, for our own work and the clock's steps.
MARGIN_SECONDS = 2.0
# To wait for a turn to call Stripe, beside the call itself.
TURN_SECONDS = 15.0
# After a 429: long enough for Stripe's window of a second to pass, for everybody.
PAUSE_SECONDS = 1.0
# More threads than these never wait for a slot.
LONGEST_QUEUE = 200
# 9,000 of the 10,000 reads that Stripe grants in 30 days are for looks; compares, and single courses, have the rest.
SECONDS_A_LOOK = 30 * 86_400 / 9_000
# What two machines' clocks may differ by, and what it takes to write.
CLOSE = timedelta(minutes=1)


def next_attempt() -> timedelta:
    return LANDED_AFTER + timedelta(minutes=30)


def lease() -> timedelta:
    """Twice ours, for another process may wait longer for an answer."""
    return timedelta(seconds=2 * lease_seconds(float(settings.STRIPE_TIMEOUT_SECONDS)))


def slot() -> timedelta:
    return timedelta(seconds=PAUSE_SECONDS + LONGEST_QUEUE / float(settings.STRIPE_MAX_WRITES_PER_SECOND))


def look() -> timedelta:
    """At Stripe's events: the longest pause, or the claim of a look that is under way."""
    longest = max(float(settings.EVENTS_POLL_SECONDS), SECONDS_A_LOOK, claim_seconds())
    return timedelta(seconds=longest + 1)


def compare() -> timedelta:
    return timedelta(hours=float(settings.COMPARE_EVERY_HOURS)) + CLOSE


def housekeeping() -> timedelta:
    return timedelta(hours=1) + CLOSE


def sign_of_life() -> timedelta:
    return CLOSE


def just_now() -> timedelta:
    """Of what was done: never ahead, but for what clocks differ by."""
    return CLOSE


# Every such moment of our tables; the others are only shown.
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
    """Whether a clock that is right can have written `moment` by `now`."""
    return moment <= now + longest


def call_seconds(seconds: float) -> float:
    """The longest one call of `seconds` (to the first byte) may take, connecting included."""
    return min(CONNECT_SECONDS, seconds) + seconds


def lease_seconds(longest_call: float) -> float:
    """How long a lease lasts whose holder's calls wait for at most `longest_call` seconds."""
    return call_seconds(longest_call) + MARGIN_SECONDS


def claim_seconds() -> float:
    """Of a look: longer than from page to page, so that nobody else begins; short, so that a kill costs little."""
    return lease_seconds(float(settings.STRIPE_TIMEOUT_SECONDS)) + TURN_SECONDS
