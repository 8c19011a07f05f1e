"""Is this database older than what Stripe was told? After restoring a backup it is, and then reads come first.

Every call is committed before it is sent. So an event that names an idempotency key of one of our products, and no call
that this database knows, tells of a call that was forgotten here; what the mirror says of that product is history. A
new price made on such grounds could be there twice, and no price is ever deleted. Hence nobody makes a price unless
somebody looked a moment ago. The worker looks every minute, so that there is seldom more than a page to go through.
https://docs.stripe.com/api/events/list
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from billings import accounts, clock, gateway
from billings.accounts import Account
from billings.calls import PRODUCT_ID
from billings.models import BillingProduct, StripeCall, StripeKey
from billings.webhooks import want_reads

# Events come into the list a little out of order.
OVERLAP_SECONDS = 30
# A worker looks so often, in seconds; and a look, whoever did it, counts for so long. When it was is kept in the
# database, and so is older in a restored one: nobody makes a backup and restores it faster than this.
LOOK_EVERY = 60.0
COUNTS_FOR = 90.0
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


def look(*, seconds: Callable[[], float], patiently: bool = False) -> set[UUID]:
    """Ask for a read of every product of which Stripe carried out what nobody here knows; which those are.

    A call for each 100 events since the last look of any process; the first one goes through all that Stripe remembers.
    `seconds` is asked before each how long it may take, and should wait for a turn: after many writes there are many
    events, and more writes beside them. `patiently`: one page that fails does not throw away the others. Raises
    gateway.ReadFailed.
    """
    account = accounts.present(seconds=seconds())
    of_account = StripeKey.objects.filter(account=account.id, livemode=account.livemode)
    until = of_account.aggregate(newest=Max("events_until"))["newest"] or 0
    products: set[UUID] = set()
    newest = 0
    for page in gateway.event_pages(since=max(until - OVERLAP_SECONDS, 0), seconds=seconds, patiently=patiently):
        newest = max(newest, *(event["created"] for event in page), 0)
        products |= _of_unknown_calls(page, account)
    with transaction.atomic():
        want_reads(products)
        is_older = Q(events_until=None) | Q(events_until__lt=newest)
        of_account.filter(is_older).update(events_until=newest or None)
        done_looking()
    return products


def done_looking() -> None:
    StripeKey.objects.filter(pk=gateway.key_fingerprint()).update(looked_at=clock.stripe_now())


def _of_unknown_calls(events: Iterable[Mapping[str, Any]], account: Account) -> set[UUID]:
    """A key of ours begins with the id of its product."""
    keys = {str((event.get("request") or {}).get("idempotency_key") or "") for event in events}
    unknown = keys - set(StripeCall.objects.filter(key__in=keys).values_list("key", flat=True))
    ids = {key.partition("-")[0] for key in unknown} - {""}
    rows = BillingProduct.objects.filter(stripe_id__in=ids, account=account.id, livemode=account.livemode)
    forgotten_whole = BillingProduct.objects.filter(stripe_id="", course_id__in=_courses(ids))
    return {*rows.values_list("pk", flat=True), *forgotten_whole.values_list("pk", flat=True)}


def _courses(product_ids: Iterable[str]) -> set[UUID]:
    """The courses whose products would get these ids."""
    found = (PRODUCT_ID.fullmatch(product_id) for product_id in product_ids)
    return {UUID(match["course"]) for match in found if match}
