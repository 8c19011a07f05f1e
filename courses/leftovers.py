"""What nothing names any more, forgotten now and then by the worker: pictures of no course, forms that nobody came for.

A part at a time, so that nobody waits long for the database. `HOUSEKEEPING` in the settings names what is called.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from pathlib import PurePosixPath

from django.core.files.storage import Storage
from django.utils import timezone

from courses import lapsed
from courses.models import COVERS, Course

# A save that is under way has its picture already, and its course not yet; no save takes nearly as long.
YOUNG = timedelta(days=1)
PART = 200


def forget(goes_on: Callable[[], bool]) -> None:
    """Called by the worker; `goes_on` is asked between parts."""
    lapsed.forget_old()
    for names in batched(_old_pictures(_storage()), PART):
        if not goes_on():
            return
        delete_unnamed(*names)


def delete_unnamed(*names: str) -> None:
    """Delete those of these pictures that are no course's."""
    named = set(Course.objects.filter(cover__in=names).values_list("cover", flat=True))
    for name in set(names) - named:
        _storage().delete(name)


def _old_pictures(storage: Storage) -> Iterator[str]:
    now = timezone.now()
    try:
        _folders, files = storage.listdir(COVERS)
    except FileNotFoundError:  # nobody has sent one yet
        return
    random.shuffle(files)  # who is stopped half-way begins elsewhere the next time
    for file in files:
        name = str(PurePosixPath(COVERS) / file)
        if _age(storage, name, now) > YOUNG:
            yield name


def _age(storage: Storage, name: str, now: datetime) -> timedelta:
    try:
        return now - storage.get_modified_time(name)
    except FileNotFoundError:  # replaced meanwhile
        return timedelta(0)


def _storage() -> Storage:
    storage: Storage = Course._meta.get_field("cover").storage
    return storage
