"""Heartbeats of the worker processes, for the Sync page and `/readyz?worker`: a row for each."""

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
# A worker without a heartbeat for this long is taken for dead; a request to Stripe takes less.
DEAD_AFTER = timedelta(seconds=60)
KEEP = timedelta(days=1)


class _Own:
    """This process's row, if it is a worker."""

    row: WorkerHeartbeat | None = None
    beat_at = 0.0
    lock = threading.Lock()


def begin() -> None:
    """Mark this process as a worker; idempotent."""
    if _Own.row is not None:
        return
    now = clock.now()
    row = WorkerHeartbeat.objects.create(
        host=socket.gethostname()[:255], pid=os.getpid(), version=_version(), started_at=now, seen_at=now
    )
    # Keep the last of the dead ones: the Sync page says since when there is no worker.
    other_days = Q(seen_at__lt=now - KEEP) | Q(seen_at__gt=now + horizons.sign_of_life())
    WorkerHeartbeat.objects.filter(other_days).exclude(pk=row.pk).delete()
    _Own.row, _Own.beat_at = row, time.monotonic()


def beat() -> None:
    """Send a heartbeat, at most every few seconds; does nothing in other processes. Cheap."""
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
    except WorkerHeartbeat.NotUpdated:  # the row is gone, with a restored database
        row.save(force_insert=True)


def end() -> None:
    """Record that this worker stopped."""
    row, _Own.row = _Own.row, None
    if row:
        now = clock.now()
        WorkerHeartbeat.objects.filter(pk=row.pk).update(seen_at=now, stopped_at=now)


def is_alive(row: WorkerHeartbeat, now: datetime) -> bool:
    """By the database's time; a heartbeat in the future does not count."""
    return row.stopped_at is None and now - DEAD_AFTER <= row.seen_at <= now + DEAD_AFTER


def last() -> WorkerHeartbeat | None:
    """A worker that is alive, or else the last that was (one query)."""
    return in_order(clock.now()).first()


def in_order(now: datetime) -> QuerySet[WorkerHeartbeat]:
    """Live workers first, then by last heartbeat."""
    lives = Q(stopped_at=None, seen_at__range=(now - DEAD_AFTER, now + DEAD_AFTER))
    return WorkerHeartbeat.objects.order_by(Case(When(lives, then=0), default=1), "-seen_at")


def _version() -> str:
    """The running commit, if there is a repository."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()[:64]
    except (OSError, subprocess.SubprocessError):
        return ""
