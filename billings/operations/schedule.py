"""Periodic work, done by one process for all: the full comparison, every `COMPARE_EVERY_HOURS`.

The due time is in the database, and moved in the transaction that begins the work: a process killed before that has
changed nothing, and one killed later leaves a run that another process continues (`runs`).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from billings import clock, horizons
from billings.models import Schedule, SyncRun
from billings.operations import runs, tasks


def _every() -> timedelta:
    return timedelta(hours=float(settings.COMPARE_EVERY_HOURS))


def begin_compare_if_due() -> bool:
    """Have the worker compare the whole catalogue if it is due; a constant number of queries, usually one."""
    if not _every():
        return False
    now, row = clock.now(), Schedule.objects.filter(pk=Schedule.ONLY).first()
    if row is None:
        row = _first(now)
    if now < row.compare_due_at and horizons.is_believed(row.compare_due_at, now, horizons.compare()):
        return False
    with transaction.atomic():
        unmoved = Schedule.objects.filter(pk=Schedule.ONLY, compare_due_at=row.compare_due_at)
        if not unmoved.update(compare_due_at=now + _every()):
            return False
        run = runs.begin(SyncRun.Kind.COMPARE, actor=None)
        if run:
            tasks.compare.enqueue(run.pk)
    return run is not None


def _first(now: datetime) -> Schedule:
    """Counted from the last comparison, whoever requested it."""
    last = SyncRun.objects.filter(kind=SyncRun.Kind.COMPARE, state=SyncRun.State.DONE).first()
    due = last.asked_at + _every() if last else now
    row, _ = Schedule.objects.get_or_create(pk=Schedule.ONLY, defaults={"compare_due_at": due})
    return row
