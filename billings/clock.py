"""Which clock counts when several machines share one database and one Stripe account.

Times that processes share (a lease's end, the next attempt, a turn to write) are in the database's time; times that
Stripe counts (the age of a key, how long ago its events were read) are in Stripe's, known from the `Date` of its
responses. So a machine whose clock is hours off does no harm. The database's clock may be set back too, so such times
are bounded where they are read.
"""

import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import connection
from django.utils import timezone

logger = logging.getLogger(__name__)

# Larger differences are reported; an HTTP date has whole seconds, and responses take time.
TOLERATED_SECONDS = 5.0
# If the wall clock moved differently from the monotonic one by more than this, it was set, or the machine slept.
STEP_SECONDS = 2.0
MEASURE_EVERY = 60.0
WARN_EVERY = 3600.0
# A slower response says little about the time at which it was written.
LONGEST_ROUND_TRIP = 3.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """The same moment by both of this machine's clocks, in seconds."""

    wall: float
    ticks: float


@dataclass(frozen=True, slots=True)
class _Measured:
    """How many seconds another clock was ahead of this machine's, and when that was measured."""

    ahead: float
    at: _Moment

    def holds(self) -> bool:
        now = moment()
        return abs((now.wall - self.at.wall) - (now.ticks - self.at.ticks)) < STEP_SECONDS

    def is_fresh(self) -> bool:
        return time.monotonic() - self.at.ticks < MEASURE_EVERY


class _Known:
    database: _Measured | None = None
    stripe: _Measured | None = None
    warned_at = -WARN_EVERY
    lock = threading.Lock()


def moment() -> _Moment:
    return _Moment(timezone.now().timestamp(), time.monotonic())


def now() -> datetime:
    """The database's time, for every moment that another process compares with its own.

    A database file has its machine's clock; a server is asked once a minute.
    """
    return timezone.now() + timedelta(seconds=database_ahead())


def database_ahead() -> float:
    """By how many seconds the database's clock is ahead of this machine's."""
    if connection.vendor == "sqlite":
        return 0.0
    known = _Known.database
    if known is None or not known.is_fresh() or not known.holds():
        known = _Known.database = _measure_database()
    return known.ahead


def _measure_database() -> _Measured:
    began = moment()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        (epoch,) = cursor.fetchone()
    ended = moment()
    return _Measured(float(epoch) - (began.wall + ended.wall) / 2, ended)


def note_answer(headers: Mapping[str, str], began: _Moment) -> None:
    """Learn Stripe's time from the `Date` of the response to a request that was sent at `began`."""
    date = next((value for name, value in headers.items() if name.lower() == "date"), None)
    ended = moment()
    if date is None or (ended.ticks - began.ticks > LONGEST_ROUND_TRIP and _Known.stripe and _Known.stripe.holds()):
        return
    try:
        written = parsedate_to_datetime(date)
    except ValueError:
        return
    if written.tzinfo is None:
        written = written.replace(tzinfo=UTC)
    # Written in between, at some time of that second.
    between = written.timestamp() + 0.5 - (began.wall + ended.wall) / 2
    # A difference that latency can explain is not counted.
    ahead = math.copysign(max(abs(between) - (ended.ticks - began.ticks) / 2, 0.0), between)
    _Known.stripe = _Measured(ahead, ended)
    if abs(ahead) > TOLERATED_SECONDS:
        _warn(ahead)


def _warn(ahead: float) -> None:
    with _Known.lock:
        if time.monotonic() - _Known.warned_at < WARN_EVERY:
            return
        _Known.warned_at = time.monotonic()
    direction = "behind" if ahead > 0 else "ahead of"
    logger.warning("This machine's clock is %d s %s Stripe's; set it by NTP.", abs(round(ahead)), direction)


def was_set() -> bool:
    """Whether this machine's clock was set since Stripe's last response, so that Stripe's time is unknown."""
    return _Known.stripe is not None and not _Known.stripe.holds()


def stripe_ahead() -> float | None:
    """How many seconds Stripe's clock is ahead of this machine's; None if unknown since the clock was set."""
    known = _Known.stripe
    return known.ahead if known and known.holds() else None


def stripe_now() -> datetime | None:
    """Stripe's time; None if this process has had no suitable response, or its clock was set since.

    Differences within the precision of the measurement are ignored, so that moments a second apart stay in order.
    """
    ahead = stripe_ahead()
    if ahead is None:
        return None
    return timezone.now() + timedelta(seconds=ahead if abs(ahead) > TOLERATED_SECONDS else 0)
