"""Detects a database that is older than Stripe, after a backup was restored, and requests reads first.

Every request is committed before it is sent. So an event with an idempotency key of one of our products, but no request
in this database, was caused by a request that the database has lost; the mirror of that product is outdated. A price
created on such grounds could exist twice, and prices cannot be deleted. So no price is created without a recent look at
the events. The worker looks every minute, so that there is rarely more than a page.
https://docs.stripe.com/api/events/list
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from billings import clock, horizons
from billings.models import BillingProduct, Schedule, StripeKey, StripeRequest, SyncRun
from billings.stripe_api import accounts, gateway
from billings.stripe_api.accounts import Account
from billings.stripe_api.requests import PRODUCT_ID
from billings.sync import events as webhooks
from billings.sync.events import request_reads

logger = logging.getLogger(__name__)

# Events appear in the list slightly out of order.
OVERLAP_SECONDS = 30
# How often, in seconds, a worker checks whether a look is due (`polling`); and how long a look counts, whoever did it.
# Its time is in the database, and so is older in a restored one: nobody makes a backup and restores it faster.
LOOK_EVERY = 2.0
COUNTS_FOR = 90.0
# Stripe lists events for 30 days.
REMEMBERED = timedelta(days=29)
# A comparison that began this recently makes another one unnecessary.
JUST_NOW = timedelta(minutes=10)
# Threads that need a look share one.
LOOKING = threading.Lock()


def has_looked(*, within: float = COUNTS_FOR) -> bool:
    """Whether there was a look with the present key in the last seconds, by Stripe's clock.

    By another clock, a look from before the backup may seem recent; if Stripe's time is unknown, or the look is in the
    future, it does not count.
    """
    now = clock.stripe_now()
    if now is None:
        return False
    counts = (now - timedelta(seconds=within), now + timedelta(seconds=clock.TOLERATED_SECONDS))
    return StripeKey.objects.filter(pk=gateway.key_fingerprint(), looked_at__range=counts).exists()


@dataclass(slots=True)
class Look:
    """The result of one look: products of lost requests, the pages read, the events stored.

    `news` are stored events that changed a product of ours without a request of ours.

    `has_gap`: events older than Stripe's list may have been missed; only a full comparison can tell.
    """

    forgotten: set[UUID] = field(default_factory=set)
    pages: int = 0
    kept: int = 0
    news: int = 0
    newest: int = 0
    has_gap: bool = False
    seconds_since_last: float = 0.0


def look(*, seconds: Callable[[], float], patiently: bool = False) -> set[UUID]:
    """Request a read of every product with a request that this database has lost; returns those products.

    Otherwise as `look_closely`.
    """
    return look_closely(seconds=seconds, patiently=patiently).forgotten


def look_closely(*, seconds: Callable[[], float], patiently: bool = False) -> Look:
    """Read Stripe's events since the last look of any process, and store those that no webhook has delivered.

    A request per 100 events; the first look reads all that Stripe lists. `seconds` is called before each request for
    its time-out, and should wait for a turn: after many writes there are many events, and more writes concurrently.
    `patiently`: a failed page does not discard the others. Raises gateway.ReadFailed.
    """
    account = accounts.present(seconds=seconds())
    of_account = StripeKey.objects.filter(account=account.id, livemode=account.livemode)
    last = of_account.aggregate(until=Max("events_until"), looked_at=Max("looked_at"))
    until = last["until"] or 0
    found = Look()
    for page in gateway.event_pages(since=max(until - OVERLAP_SECONDS, 0), seconds=seconds, patiently=patiently):
        found.pages += 1
        found.newest = max(found.newest, *(event["created"] for event in page), 0)
        found.forgotten |= _of_unknown_requests(page, account)
        stored = webhooks.keep_fetched(page, only_ours=last["until"] is None)
        found.kept, found.news = found.kept + stored.new, found.news + stored.news
    _note_when(found, last["looked_at"])
    with transaction.atomic():
        request_reads(found.forgotten)
        reached = _reached(found)
        of_account.filter(Q(events_until=None) | Q(events_until__lt=reached)).update(events_until=reached)
        if found.has_gap:
            _have_compared()
        done_looking()
    return found


def _reached(found: Look) -> int:
    """Until when events were read. If none came late, the last ones need not be read again."""
    nothing_came_late = not found.kept and found.seconds_since_last >= OVERLAP_SECONDS
    return found.newest + OVERLAP_SECONDS if found.newest and nothing_came_late else found.newest


def _note_when(found: Look, last_looked_at: datetime | None) -> None:
    now = clock.stripe_now()
    if last_looked_at is None or now is None:
        found.has_gap = last_looked_at is None
        return
    found.seconds_since_last = max((now - last_looked_at).total_seconds(), 0.0)
    found.has_gap = now - last_looked_at > REMEMBERED


def _have_compared() -> None:
    """A full comparison tells what the events of the last 30 days cannot; a worker begins it soon."""
    now = clock.now()
    near = (now - JUST_NOW, now + horizons.just_now())
    just_now = SyncRun.objects.filter(kind=SyncRun.Kind.COMPARE, asked_at__range=near)
    if just_now.exclude(state=SyncRun.State.FAILED).exists() or not BillingProduct.objects.filter(exists=True).exists():
        return
    if settings.COMPARE_EVERY_HOURS:
        Schedule.objects.update_or_create(pk=Schedule.ONLY, defaults={"compare_due_at": now})
    else:
        logger.warning(
            "Stripe's events do not reach back to the last look at them, and COMPARE_EVERY_HOURS is 0: run "
            "`manage.py reconcile` once."
        )


def done_looking() -> None:
    StripeKey.objects.filter(pk=gateway.key_fingerprint()).update(looked_at=clock.stripe_now())


def _of_unknown_requests(events: Iterable[Mapping[str, Any]], account: Account) -> set[UUID]:
    """Our keys begin with the id of their product."""
    keys = {str((event.get("request") or {}).get("idempotency_key") or "") for event in events}
    unknown = keys - set(StripeRequest.objects.filter(key__in=keys).values_list("key", flat=True))
    ids = {key.partition("-")[0] for key in unknown} - {""}
    rows = BillingProduct.objects.filter(stripe_id__in=ids, account=account.id, livemode=account.livemode)
    forgotten_whole = BillingProduct.objects.filter(stripe_id="", course_id__in=_courses(ids))
    return {*rows.values_list("pk", flat=True), *forgotten_whole.values_list("pk", flat=True)}


def _courses(product_ids: Iterable[str]) -> set[UUID]:
    """The courses whose products would have these ids."""
    found = (PRODUCT_ID.fullmatch(product_id) for product_id in product_ids)
    return {UUID(match["course"]) for match in found if match}
