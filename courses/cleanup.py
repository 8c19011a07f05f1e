"""Housekeeping of courses, run by the worker (`HOUSEKEEPING` in the settings): unused covers and expired forms.

Deletes in batches, to hold database locks only briefly.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from pathlib import PurePosixPath

from django.core.files.storage import Storage
from django.utils import timezone

from courses import saved_forms
from courses.models import COVERS, Course

# A save in progress has stored its picture but not yet its course; no save takes nearly as long.
GRACE_PERIOD = timedelta(days=1)
BATCH = 200


def run(goes_on: Callable[[], bool]) -> None:
    """Called by the worker; stops between batches when `goes_on` returns False."""
    saved_forms.delete_expired()
    for names in batched(_old_covers(_storage()), BATCH):
        if not goes_on():
            return
        delete_unused(*names)


def delete_unused(*names: str) -> None:
    """Delete those of these covers that no course uses."""
    used = set(Course.objects.filter(cover__in=names).values_list("cover", flat=True))
    for name in set(names) - used:
        _storage().delete(name)


def _old_covers(storage: Storage) -> Iterator[str]:
    now = timezone.now()
    try:
        _folders, files = storage.listdir(COVERS)
    except FileNotFoundError:  # no cover was ever uploaded
        return
    random.shuffle(files)  # so that a run that is stopped early covers other files the next time
    for file in files:
        name = str(PurePosixPath(COVERS) / file)
        if _age(storage, name, now) > GRACE_PERIOD:
            yield name


def _age(storage: Storage, name: str, now: datetime) -> timedelta:
    try:
        return now - storage.get_modified_time(name)
    except FileNotFoundError:  # deleted in the meantime
        return timedelta(0)


def _storage() -> Storage:
    storage: Storage = Course._meta.get_field("cover").storage
    return storage
