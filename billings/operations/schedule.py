"""What is done now and then, by one process for all: the full compare, every `COMPARE_EVERY_HOURS`.

When it is due is kept in the database, and moved in the transaction that begins it: a process that is killed before has
changed nothing, and one that is killed later leaves a run that another goes on with (`sync_runs`).
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
    """Have the worker compare the whole catalogue, if it is time; a constant number of queries, mostly one."""
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
    """The last compare counts, whoever asked for it."""
    last = SyncRun.objects.filter(kind=SyncRun.Kind.COMPARE, state=SyncRun.State.DONE).first()
    due = last.asked_at + _every() if last else now
    row, _ = Schedule.objects.get_or_create(pk=Schedule.ONLY, defaults={"compare_due_at": due})
    return row
