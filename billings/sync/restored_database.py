"""Is this database older than what Stripe was told? After restoring a backup it is, and then reads come first.

Every request is committed before it is sent. So an event that names an idempotency key of one of our products, and no
request that this database knows, tells of one that was forgotten here; what the mirror says of that product is history.
A new price made on such grounds could be there twice, and no price is ever deleted. Hence nobody makes a price unless
somebody looked a moment ago. The worker looks every minute, so that there is seldom more than a page to go through.
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

# Events come into the list a little out of order.
OVERLAP_SECONDS = 30
# A worker asks so often, in seconds, whether a look is due (`polling`); and a look, whoever did it, counts for so long.
# When it was is kept in the database, and so is older in a restored one: nobody makes a backup and restores it faster.
LOOK_EVERY = 2.0
COUNTS_FOR = 90.0
# Stripe lists the events of 30 days.
REMEMBERED = timedelta(days=29)
# A compare that began so lately tells as much as another one would.
JUST_NOW = timedelta(minutes=10)
# Threads that need a look share one.
LOOKING = threading.Lock()


def has_looked(*, within: float = COUNTS_FOR) -> bool:
    """Whether somebody looked with the present key in the last seconds, by Stripe's clock.

    By another clock a look from before the backup may seem to be one of now; where Stripe's time is not known, nobody
    has looked. So it is for a look in the future.
    """
    now = clock.stripe_now()
    if now is None:
        return False
    counts = (now - timedelta(seconds=within), now + timedelta(seconds=clock.TOLERATED_SECONDS))
    return StripeKey.objects.filter(pk=gateway.key_fingerprint(), looked_at__range=counts).exists()


@dataclass(slots=True)
class Look:
    """What one look found: products of forgotten requests, how many pages it read, how many events it kept.

    `news` are those of them that changed a product of ours and were caused by no request of ours.

    `has_gap`: older events than Stripe remembers may have been missed; only a full compare tells.
    """

    forgotten: set[UUID] = field(default_factory=set)
    pages: int = 0
    kept: int = 0
    news: int = 0
    newest: int = 0
    has_gap: bool = False
    seconds_since_last: float = 0.0


def look(*, seconds: Callable[[], float], patiently: bool = False) -> set[UUID]:
    """Ask for a read of every product of which Stripe carried out what nobody here knows; which those are.

    As `look_closely`.
    """
    return look_closely(seconds=seconds, patiently=patiently).forgotten


def look_closely(*, seconds: Callable[[], float], patiently: bool = False) -> Look:
    """Read Stripe's events since the last look of any process, and keep those that no webhook has brought.

    A call for each 100 events; the first look goes through all that Stripe remembers. `seconds` is asked before each
    how long it may take, and should wait for a turn: after many writes there are many events, and more writes beside
    them. `patiently`: one page that fails does not throw away the others. Raises gateway.ReadFailed.
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
        kept, news = webhooks.keep_fetched(page, only_ours=last["until"] is None)
        found.kept, found.news = found.kept + kept, found.news + news
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
    """Until when events were read. Once nothing came late, the last ones need not be read again and again."""
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
    """What the events of the last 30 days do not tell, a full compare does, as soon as a worker comes to it."""
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
    """A key of ours begins with the id of its product."""
    keys = {str((event.get("request") or {}).get("idempotency_key") or "") for event in events}
    unknown = keys - set(StripeRequest.objects.filter(key__in=keys).values_list("key", flat=True))
    ids = {key.partition("-")[0] for key in unknown} - {""}
    rows = BillingProduct.objects.filter(stripe_id__in=ids, account=account.id, livemode=account.livemode)
    forgotten_whole = BillingProduct.objects.filter(stripe_id="", course_id__in=_courses(ids))
    return {*rows.values_list("pk", flat=True), *forgotten_whole.values_list("pk", flat=True)}


def _courses(product_ids: Iterable[str]) -> set[UUID]:
    """The courses whose products would get these ids."""
    found = (PRODUCT_ID.fullmatch(product_id) for product_id in product_ids)
    return {UUID(match["course"]) for match in found if match}
