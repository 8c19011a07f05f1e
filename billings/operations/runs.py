"""Operations on the whole catalogue in the worker: compare with Stripe, or restore all local values.

One of a kind at a time. A run whose worker was killed stops sending heartbeats: another worker continues it, and until
then it does not block new ones.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from billings import clock
from billings.drift import decisions
from billings.models import BillingPrice, BillingProduct, Drift, Schedule, SyncRun
from billings.operations import reconcile
from billings.operations.reconcile import Findings
from billings.stripe_api import gateway
from billings.sync import heartbeat
from billings.sync.sweep import sweep

# Longer than any single step of a run.
DEAD_AFTER = timedelta(minutes=5)
STALLED_AFTER = timedelta(minutes=3)
# After a failed comparison (Stripe could not be read), the next automatic one comes sooner.
RETRY_AFTER = timedelta(minutes=15)
# A restore is done in batches, so that a worker can stop when told to.
DRIFTS_A_PART = 20
ROWS_BETWEEN = 10
KEEP = 20

State, Kind = SyncRun.State, SyncRun.Kind


class _GivenUp(Exception):
    """This run was taken for dead and replaced."""


def is_dead(run: SyncRun) -> bool:
    return run.state == State.OPEN and not _is_near(run.seen_at, clock.now(), DEAD_AFTER)


def _is_near(moment: datetime, now: datetime, limit: timedelta) -> bool:
    """A heartbeat in the future does not count: the clock was wrong, or was set back since."""
    return now - limit <= moment <= now + limit


def _far_from(now: datetime, limit: timedelta) -> Q:
    return Q(seen_at__lt=now - limit) | Q(seen_at__gt=now + limit)


def claim_stalled() -> list[SyncRun]:
    """Runs whose worker was killed, each returned to one caller, which must continue it."""
    now = clock.now()
    stalled = SyncRun.objects.filter(_far_from(now, STALLED_AFTER), state=State.OPEN, started_at__isnull=False)
    return [run for run in stalled if SyncRun.objects.filter(pk=run.pk, seen_at=run.seen_at).update(seen_at=now)]


def begin(kind: SyncRun.Kind, *, actor: User | None) -> SyncRun | None:
    """A new run for the worker; None while another one of this kind is in progress."""
    now = clock.now()
    runs = SyncRun.objects.filter(kind=kind)
    with transaction.atomic():
        runs.filter(_far_from(now, DEAD_AFTER), state=State.OPEN).update(
            state=State.FAILED, finished_at=now, error=_("It ended half-way: the worker was stopped.")
        )
        try:
            with transaction.atomic():
                run = SyncRun.objects.create(kind=kind, actor=actor, seen_at=now, **_expected(kind))
        except IntegrityError:
            return None
        runs.filter(pk__in=list(runs.values_list("pk", flat=True)[KEEP:])).delete()
    return run


def _expected(kind: SyncRun.Kind) -> dict[str, int]:
    if kind == Kind.COMPARE:
        products = BillingProduct.objects.filter(exists=True).count()
        return {"total": products + BillingPrice.objects.filter(gone=False).count()}
    found = Drift.objects.filter(closed_at=None).aggregate(total=Count("pk"), last_drift=Max("pk"))
    return {"total": found["total"], "last_drift": found["last_drift"] or 0}


def forget_old() -> None:
    """Delete all but the last ones of each kind, including those recorded by `reconcile`."""
    for kind in Kind:
        runs = SyncRun.objects.filter(kind=kind)
        runs.filter(pk__in=list(runs.exclude(state=State.OPEN).values_list("pk", flat=True)[KEEP:])).delete()


def record(found: Findings) -> None:
    """Record a comparison that was done elsewhere (`manage.py reconcile`)."""
    now = clock.now()
    SyncRun.objects.create(
        kind=Kind.COMPARE, state=State.DONE, started_at=now, seen_at=now, finished_at=now, **_found(found)
    )


def compare(run_id: int) -> None:
    """Compare the whole catalogue; the worker's sweep then reads what differs."""
    run = SyncRun.objects.get(pk=run_id)
    try:
        _beat(run, started_at=clock.now())
        found = reconcile.compare(after_page=partial(_after_page, run))
        reconcile.request_reads_of_suspects(found)
        _finish(run, State.DONE, done=run.total, **_found(found))
    except _GivenUp:
        return
    except reconcile.WrongAccount as error:
        _finish(run, State.FAILED, error=str(error))
    except gateway.ReadFailed as failed:
        _finish(run, State.FAILED, error=_("Stripe could not be read: %(why)s") % {"why": failed})
        again_at = clock.now() + RETRY_AFTER
        Schedule.objects.filter(pk=Schedule.ONLY, compare_due_at__gt=again_at).update(compare_due_at=again_at)


def restore_some(run_id: int) -> bool:
    """Restore a batch of drift; True if more is left."""
    run = SyncRun.objects.select_related("actor").get(pk=run_id)
    until = Drift.objects.filter(closed_at=None, pk__lte=run.last_drift)
    part = list(until.filter(pk__gt=run.tried_drift).order_by("pk")[:DRIFTS_A_PART])
    try:
        _beat(run, started_at=run.started_at or clock.now())
        for drift in part:
            _restore(drift, run.actor)
            run.done += 1
            _beat(run, done=run.done, tried_drift=drift.pk)
        if len(part) == DRIFTS_A_PART:
            return True
        _finish(run, State.DONE, left=until.count())
    except decisions.Unreadable as reason:
        _finish(run, State.FAILED, error=str(reason), left=until.count())
    except _GivenUp:
        pass
    return False


def _restore(drift: Drift, actor: User | None) -> None:
    """Raises Unreadable; drift that has changed since it was listed stays open."""
    try:
        decisions.restore_local_value(drift, shown=drift.remote_value, actor=actor)
    except decisions.MovedOn:
        return


def _after_page(run: SyncRun, found: Findings) -> None:
    _beat(run, done=found.products + found.prices, **_found(found))


def _found(found: Findings) -> dict[str, int]:
    return {
        "products": found.products,
        "prices": found.prices,
        "suspects": len(found.suspects),
        "orphans": len(found.orphans),
        "foreign": found.foreign,
    }


def _beat(run: SyncRun, **columns: Any) -> None:
    """Send a heartbeat with the progress, and converge what is due, since no save should wait for a run."""
    _write(run, seen_at=clock.now(), **columns)
    heartbeat.beat()
    sweep(limit=ROWS_BETWEEN, together=False)


def _finish(run: SyncRun, state: SyncRun.State, **columns: Any) -> None:
    _write(run, state=state, finished_at=clock.now(), **columns)


def _write(run: SyncRun, **columns: Any) -> None:
    if not SyncRun.objects.filter(pk=run.pk, state=State.OPEN).update(**columns):
        raise _GivenUp
