"""Deletes old rows: once an hour, by one worker, in batches, to hold database locks only briefly.

The due time is in the database, so that workers that are restarted often do not do it often. Housekeeping of other apps
is named in the setting `HOUSEKEEPING`.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from billings import clock, horizons
from billings.models import Schedule
from billings.operations import runs
from billings.sync import events

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
# The worker does nothing else meanwhile, so long work (say the first time) is continued after a pause.
LONGEST_SECONDS = 2.0
GOES_ON_AFTER = timedelta(minutes=1)
PART = 500
# Between two batches, so that others get to write.
PAUSE_SECONDS = 0.05
TASKS_KEPT = timedelta(days=14)
# Longer than they last, so that a clock that is ahead for a day does not sign everyone out.
SESSIONS_KEPT = timedelta(days=2)


def keep_if_due(goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Do what is due, unless another worker does; stops between batches when `goes_on` returns False.

    What is not finished in time is due again soon. One query if nothing is due.
    """
    now = clock.now()
    row, _ = Schedule.objects.get_or_create(pk=Schedule.ONLY, defaults={"compare_due_at": now})
    due = row.housekeeping_due_at
    if due and due > now and horizons.is_believed(due, now, horizons.housekeeping()):
        return False
    unmoved = Schedule.objects.filter(pk=Schedule.ONLY, housekeeping_due_at=due)
    if not unmoved.update(housekeeping_due_at=now + EVERY):
        return False
    ends_at, ended_early = time.monotonic() + LONGEST_SECONDS, False

    def has_time() -> bool:
        nonlocal ended_early
        ended_early = ended_early or not goes_on() or time.monotonic() >= ends_at
        return not ended_early

    for chore in (_tasks, _sessions, _events, _runs, *map(import_string, settings.HOUSEKEEPING)):
        if not has_time():
            break
        try:
            chore(has_time)
        except DatabaseError as error:  # one that fails does not prevent the others
            logger.warning("Old rows could not be deleted (%s); trying again in an hour.", error)
    if ended_early:
        Schedule.objects.filter(pk=Schedule.ONLY).update(housekeeping_due_at=clock.now() + GOES_ON_AFTER)
    return True


def delete_by_parts(rows: QuerySet[Any], goes_on: Callable[[], bool] = lambda: True) -> int:
    """Delete `rows` in small transactions; returns how many. They must be few, or found by an index."""
    deleted = 0
    while goes_on():
        part = list(rows.values_list("pk", flat=True)[:PART])
        rows.model._default_manager.filter(pk__in=part).delete()
        deleted += len(part)
        if len(part) < PART:
            break
        time.sleep(PAUSE_SECONDS)
    return deleted


def _tasks(goes_on: Callable[[], bool]) -> None:
    """Includes those whose worker was killed, which look as if they ran for ever."""
    long_ago = clock.now() - TASKS_KEPT
    ended = Q(status__in=["SUCCESSFUL", "FAILED"], finished_at__lt=long_ago)
    delete_by_parts(DBTaskResult.objects.filter(ended | Q(status="RUNNING", started_at__lt=long_ago)), goes_on)


def _sessions(goes_on: Callable[[], bool]) -> None:
    """Like `clearsessions`, but in batches."""
    model = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    delete_by_parts(model.objects.filter(expire_date__lt=clock.now() - SESSIONS_KEPT), goes_on)


def _events(goes_on: Callable[[], bool]) -> None:
    events.prune(goes_on=goes_on)


def _runs(goes_on: Callable[[], bool]) -> None:
    runs.forget_old()
