"""How the whole catalogue stands with Stripe, and what staff can do about it."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, F, FilteredRelation, Min, OuterRef, Q, QuerySet, Subquery

from billings import status
from billings.drift import wording as drifts
from billings.drift.wording import Beside, DriftChoice
from billings.models import TROUBLE_FOR_PEOPLE, BillingProduct, Drift, StrayProduct, SyncRun, behind
from billings.operations import runs as sync_runs
from billings.operations import strays, tasks
from billings.operations.agreement import UNRESOLVED
from billings.operations.causes import Cause, causes
from billings.prices.listing import counts_by_state
from web.list_query import ListQuery, Matching, Table

PER_PAGE = 24
# Keyset pagination: drifts disappear as they are decided, so numbered pages would skip some.
SYNC = Table("billings:sync", filters={"after": Matching("[1-9][0-9]{0,17}")})
# A run in progress is polled often, a backlog seldom.
RUN_POLL_SECONDS = 1
BACKLOG_POLL_SECONDS = 3
WAITING_POLL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One drift in the list, with its course."""

    product: BillingProduct
    opened_at: datetime
    choice: DriftChoice


@dataclass(frozen=True)
class Overview:
    """The page's figures. `moving`: rows that are behind and do not wait for a person."""

    counts: Counter[str]
    causes: list[Cause]
    backlog: int
    moving: int
    oldest_pending: datetime | None
    runs: list[SyncRun]
    drifts: list[DriftRow]
    drift_count: int
    next_url: str | None
    older_than_stripe: bool
    strays: list[StrayProduct]

    def run(self, kind: SyncRun.Kind) -> SyncRun | None:
        """The run in progress."""
        return next((run for run in self.runs if run.kind == kind and is_alive(run)), None)

    @property
    def compare(self) -> SyncRun | None:
        return self.run(SyncRun.Kind.COMPARE)

    @property
    def restore(self) -> SyncRun | None:
        return self.run(SyncRun.Kind.RESTORE)

    @property
    def last_compare(self) -> SyncRun | None:
        """The last comparison that finished."""
        return next((run for run in self.runs if run.kind == "compare" and run.state == SyncRun.State.DONE), None)

    @property
    def ended(self) -> list[SyncRun]:
        """The last run of each kind, if it is over."""
        latest = {run.kind: run for run in reversed(self.runs)}
        return [run for run in latest.values() if not is_alive(run)]

    @property
    def agrees(self) -> bool:
        is_waited_for = self.drift_count or self.moving or self.counts["attention"] or self.counts["retrying"]
        return not (is_waited_for or any(stray.course_id for stray in self.strays))

    @property
    def poll_seconds(self) -> int | None:
        """Seconds until the page should poll again; None if nothing will change by itself."""
        under_way = [run for run in (self.compare, self.restore) if run]
        if under_way:
            return RUN_POLL_SECONDS
        if self.counts["pending"]:
            return BACKLOG_POLL_SECONDS
        return WAITING_POLL_SECONDS if self.moving else None

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the list of drifts does."""
        facts = "".join(row.choice.shown for row in self.drifts)
        return hashlib.sha256(f"{self.drift_count} {facts}".encode()).hexdigest()[:16]


def is_alive(run: SyncRun) -> bool:
    return run.state == SyncRun.State.OPEN and not sync_runs.is_dead(run)


def overview(query: ListQuery | None = None) -> Overview:
    """Three queries, and one each for drifts, troubles, rejections and stray products if there are any.

    None reads the whole catalogue but the count by state, which comes from an index and is remembered if it is large.
    """
    query = query or SYNC.query()
    figures = list(_figures())
    has_drift = any(row["drifted"] for row in figures)
    found = list(_drifts(int(query.filters["after"] or 0))) if has_drift else []
    runs = list(SyncRun.objects.select_related("actor")[: 2 * sync_runs.KEEP])
    page = found[:PER_PAGE]
    rows = [DriftRow(drift.product, drift.opened_at, _choice(drift)) for drift in page]
    return Overview(
        counts=_counts(figures),
        causes=causes(figures),
        backlog=sum(row["behind"] for row in figures),
        moving=sum(row["moving"] for row in figures),
        oldest_pending=min((row["oldest"] for row in figures if row["oldest"]), default=None),
        runs=runs,
        drifts=rows,
        drift_count=found[0].open_drifts if found else 0,
        next_url=query.but(after=str(page[-1].pk)).url if len(found) > PER_PAGE else None,
        older_than_stripe=any(status.is_older_than_stripe(row.product) for row in rows),
        strays=strays.unhandled() if _has_strays(runs) else [],
    )


def _has_strays(runs: list[SyncRun]) -> bool:
    """Whether the last finished comparison saw any, so that no query is made if there are none."""
    last = next((run for run in runs if run.kind == "compare" and run.state == SyncRun.State.DONE), None)
    return last is not None and bool(last.orphans or last.foreign)


def _counts(figures: list[dict[str, Any]]) -> Counter[str]:
    """By state. What is unresolved is as fresh as the figures, which decide whether the page goes on polling."""
    counts = Counter({state: count for state, count in counts_by_state().items() if state not in UNRESOLVED})
    for row in figures:
        if row["state"] in UNRESOLVED:
            counts[row["state"]] += row["rows"]
    return counts


def _figures() -> QuerySet[Any, Any]:
    """One row per state and trouble of the courses that are unresolved or are to be read again."""
    unresolved = Q(state__in=UNRESOLVED)
    # Looked up by their ids: SQLite would otherwise group in the order of another index, over all courses.
    to_read = Q(pk__in=BillingProduct.objects.filter(behind()).order_by().values("pk")) & ~unresolved
    # A union, so that each side has its index.
    return _grouped(unresolved).union(_grouped(to_read), all=True)


def _grouped(which: Q) -> QuerySet[Any, Any]:
    stuck = Q(trouble__in=TROUBLE_FOR_PEOPLE)
    rows: QuerySet[Any, Any] = (
        BillingProduct.objects.filter(which)
        .order_by()
        .values("state", "trouble")
        .annotate(
            rows=Count("pk"),
            behind=Count("pk", filter=behind()),
            moving=Count("pk", filter=behind() & ~stuck),
            drifted=Count("pk", filter=Q(has_drift=True)),
            rejected=Count("pk", filter=Q(has_rejection=True)),
            oldest=Min("behind_since", filter=behind()),
        )
    )
    return rows


def _drifts(after: int) -> QuerySet[Any]:
    """A page of open drifts plus one, each with their total number."""
    still_open = Drift.objects.filter(closed_at=None)
    total = still_open.order_by().values("closed_at").annotate(rows=Count("pk")).values("rows")
    chosen = still_open.filter(pk__gt=after).order_by("pk").annotate(open_drifts=Subquery(total))
    others = still_open.filter(product=OuterRef("product")).exclude(pk=OuterRef("pk"))
    default_price = FilteredRelation(
        "product__prices", condition=Q(product__prices__stripe_id=F("product__observed_default_price"))
    )
    told: QuerySet[Any] = chosen.annotate(has_others=Exists(others), default_price=default_price)
    return told.select_related("product__course__owner", "default_price")[: PER_PAGE + 1]


def _choice(drift: Any) -> DriftChoice:
    """The choice for a drift read by `_drifts`, with what it depends on."""
    # Django sets no attribute at all if the relation is empty.
    return drifts.choice(drift.product, drift, Beside(getattr(drift, "default_price", None), drift.has_others))


def compare(*, actor: User) -> bool:
    """Have the worker compare the whole catalogue; False if it is doing so already."""
    with transaction.atomic():
        run = sync_runs.begin(SyncRun.Kind.COMPARE, actor=actor)
        if run:
            tasks.compare.enqueue(run.pk)
    return run is not None


def restore_all(*, actor: User) -> bool:
    """Have the worker restore the local value of all drift; False if it is doing so already."""
    with transaction.atomic():
        run = sync_runs.begin(SyncRun.Kind.RESTORE, actor=actor)
        if run:
            tasks.restore.enqueue(run.pk)
    return run is not None
