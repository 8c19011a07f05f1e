"""For those who watch over the servers: is the process alive, and can it serve?"""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billings import clock, heartbeat


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and every migration is applied, else 503 with the reason.

    With `?worker` also 503 where no worker has been seen for a minute: without one the web server serves all the same,
    but what a save could not bring to Stripe at once waits.
    """
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return JsonResponse({"status": "database unreachable"}, status=503)
    if waiting:
        return JsonResponse({"status": "migrations waiting"}, status=503)
    return _worker() if "worker" in request.GET else JsonResponse({"status": "ok"})


def _worker() -> JsonResponse:
    last = heartbeat.last()
    if last is None:
        return JsonResponse({"status": "no worker has ever been seen"}, status=503)
    seen_at = last.seen_at.isoformat(timespec="seconds")
    if not heartbeat.is_alive(last, clock.now()):
        return JsonResponse({"status": f"no worker has been seen since {seen_at}", "worker": seen_at}, status=503)
    return JsonResponse({"status": "ok", "worker": seen_at})
