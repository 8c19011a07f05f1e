"""Health checks: is the process alive, and can it serve?"""

from pathlib import Path
from shutil import disk_usage
from tempfile import gettempdir

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billings import clock
from billings.sync import heartbeat
from web.body_limits import MEGABYTE

# Below this, uploads and the database's log may run out of space.
LEAST_FREE_MEGABYTES = 200
CAUSES = {
    "locked": "database locked",
    "is full": "disk full",
    "No space left": "disk full",
    "read-only": "database read-only",
    "readonly": "database read-only",
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process responds; nothing else is checked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if the database accepts writes, all migrations are applied and the disks have space, else 503 with the
    reason.

    With `?worker` also 503 if no worker has been seen for a minute: the web server works without one, but changes that
    a save could not bring to Stripe at once wait for it.
    """
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return JsonResponse({"status": "migrations waiting"}, status=503)
        _write_nothing()
    except Error as error:
        return JsonResponse({"status": _cause(error)}, status=503)
    for name, free in _free_megabytes().items():
        if free < LEAST_FREE_MEGABYTES:
            return JsonResponse({"status": "disk nearly full", "disk": name, "free_megabytes": free}, status=503)
    return _worker() if "worker" in request.GET else JsonResponse({"status": "ok"})


def _write_nothing() -> None:
    """Raises a database error if it is locked, read-only or full."""
    with transaction.atomic():
        MigrationRecorder(connection).migration_qs.filter(pk=None).update(app="")


def _cause(error: Error) -> str:
    """A fixed phrase for the database's error, whose own text may reveal too much."""
    said = str(error)
    return next((cause for sign, cause in CAUSES.items() if sign in said), "database unreachable")


def _free_megabytes() -> dict[str, int]:
    """On the disks of uploads, temporary files and SQLite."""
    places = {"media": Path(settings.MEDIA_ROOT), "temporary files": Path(gettempdir())}
    if connection.vendor == "sqlite":
        places["database"] = Path(connection.settings_dict["NAME"]).parent
    return {name: disk_usage(_existing(place)).free // MEGABYTE for name, place in places.items()}


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _worker() -> JsonResponse:
    last = heartbeat.last()
    if last is None:
        return JsonResponse({"status": "no worker has ever been seen"}, status=503)
    seen_at = last.seen_at.isoformat(timespec="seconds")
    if not heartbeat.is_alive(last, clock.now()):
        return JsonResponse({"status": f"no worker has been seen since {seen_at}", "worker": seen_at}, status=503)
    return JsonResponse({"status": "ok", "worker": seen_at})
