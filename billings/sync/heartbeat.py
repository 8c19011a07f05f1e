"""Signs of life of the worker processes: a row for each, so that the Sync page and `/readyz?worker` know of them."""

import os
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Q, QuerySet, When

from billings import clock, horizons
from billings.models import WorkerHeartbeat

BEAT_EVERY = 10.0
# A worker that has not been seen for so long is taken for dead; a call to Stripe takes less.
DEAD_AFTER = timedelta(seconds=60)
KEEP = timedelta(days=1)


class _Own:
    """This process's row, where it is a worker."""

    row: WorkerHeartbeat | None = None
    beat_at = 0.0
    lock = threading.Lock()


def begin() -> None:
    """This process is a worker from now on; nothing where that was said before."""
    if _Own.row is not None:
        return
    now = clock.now()
    row = WorkerHeartbeat.objects.create(
        host=socket.gethostname()[:255], pid=os.getpid(), version=_version(), started_at=now, seen_at=now
    )
    # The last of those that are gone stays, until another one is: since when there is none is worth knowing.
    other_days = Q(seen_at__lt=now - KEEP) | Q(seen_at__gt=now + horizons.sign_of_life())
    WorkerHeartbeat.objects.filter(other_days).exclude(pk=row.pk).delete()
    _Own.row, _Own.beat_at = row, time.monotonic()


def beat() -> None:
    """Say that this worker lives, at most every few seconds; nothing in any other process. Cheap to call often."""
    row = _Own.row
    if row is None or time.monotonic() - _Own.beat_at < BEAT_EVERY or not _Own.lock.acquire(blocking=False):
        return
    try:
        row.seen_at, row.stripe_ahead, row.database_ahead = clock.now(), clock.stripe_ahead(), clock.database_ahead()
        _write(row)
        _Own.beat_at = time.monotonic()
    finally:
        _Own.lock.release()


def _write(row: WorkerHeartbeat) -> None:
    try:
        row.save(update_fields=["seen_at", "stripe_ahead", "database_ahead"])
    except WorkerHeartbeat.NotUpdated:  # the row itself is gone, with a database that was restored
        row.save(force_insert=True)


def end() -> None:
    """It ends by itself."""
    row, _Own.row = _Own.row, None
    if row:
        now = clock.now()
        WorkerHeartbeat.objects.filter(pk=row.pk).update(seen_at=now, stopped_at=now)


def is_alive(row: WorkerHeartbeat, now: datetime) -> bool:
    """By the database's time; a sign of life from the future is one from a clock that was ahead."""
    return row.stopped_at is None and now - DEAD_AFTER <= row.seen_at <= now + DEAD_AFTER


def last() -> WorkerHeartbeat | None:
    """A worker that lives, or else the last that did (one query)."""
    return in_order(clock.now()).first()


def in_order(now: datetime) -> QuerySet[WorkerHeartbeat]:
    """Those that live before those that do not, the last seen first."""
    lives = Q(stopped_at=None, seen_at__range=(now - DEAD_AFTER, now + DEAD_AFTER))
    return WorkerHeartbeat.objects.order_by(Case(When(lives, then=0), default=1), "-seen_at")


def _version() -> str:
    """The commit that runs, where there is a repository."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()[:64]
    except (OSError, subprocess.SubprocessError):
        return ""
