"""Stripe's events: verified, stored once and acknowledged at once; the worker handles them later.

Events come in any order, twice, or late, so their data is not trusted: they request a read. The echo of our own request
is recognised by its idempotency key and needs none if it says what the mirror says, or while the request is open.
https://docs.stripe.com/webhooks
"""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from billings import clock, horizons
from billings.models import BillingPrice, BillingProduct, StripeEvent, StripeKey, StripeRequest, Trouble
from billings.stripe_api import accounts, event_types, gateway
from billings.stripe_api.gateway import key_is_live
from billings.stripe_api.requests import PRODUCT_ID
from billings.sync.event_handlers import Batch, catalogue_changed, is_thin

logger = logging.getLogger(__name__)

BATCH = 500
# Stripe lists events for 30 days and delivers for three: stored ids must outlive any repetition.
KEEP_DAYS = 35
# Stripe retries a delivery for this long; only then is it missed (https://docs.stripe.com/webhooks#retries).
TRIED_FOR_DAYS = 3
# The type of an event without data.
THIN = "v2.core.event"
# After a failure, prices known only to Stripe are not looked up again for this long.
REST_SECONDS = 15.0


# Raw SQL, because the ORM would make three statements of it (BEGIN, INSERT, COMMIT), hold SQLite's only write lock
# between them, and spend more on composing the SQL than on executing it. See docs/figures.md.
INSERT = """
    INSERT INTO billings_stripeevent
        (event_id, type, stripe_product, livemode, account, idempotency_key, shown, received_at, outcome)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def store(event: Mapping[str, Any]) -> None:
    """Store a verified event, once by its id. Its structure is validated here."""
    database = connections[DEFAULT_DB_ALIAS]
    row = _row(event)
    received_at = database.ops.adapt_datetimefield_value(timezone.now())
    values = (row.event_id, row.type, row.stripe_product, row.livemode, row.account, row.idempotency_key)
    _insert(database, (*values, json.dumps(row.shown), received_at, row.outcome))


def _insert(database: BaseDatabaseWrapper, values: tuple[Any, ...]) -> None:
    """Without Django's check before the first query whether the connection is alive, which would take a fifth of the
    time.

    A lost connection raises an error, and the statement can be repeated.
    """
    was_open = database.connection is not None
    database.health_check_done = True  # type: ignore[attr-defined]  # the stubs lack it
    try:
        _execute(database, values)
    except (OperationalError, InterfaceError):
        database.close_if_unusable_or_obsolete()
        if not was_open or database.connection is not None:
            raise
        _execute(database, values)


def _execute(database: BaseDatabaseWrapper, values: tuple[Any, ...]) -> None:
    with database.cursor() as cursor:
        cursor.execute(INSERT, values)


def _row(event: Mapping[str, Any]) -> StripeEvent:
    if event.get("object") == THIN:
        return _row_of_thin(event)
    shown = _mapping(_mapping(event.get("data")).get("object"))
    return StripeEvent(
        event_id=_text(event["id"]),
        type=_text(event.get("type", ""))[:100],
        stripe_product=_text(_product_id(shown)),
        livemode=bool(event.get("livemode")),
        account=_account(event),
        idempotency_key=_text(_mapping(event.get("request")).get("idempotency_key") or ""),
        shown=shown if _can_be_kept(shown) else {},
    )


def _row_of_thin(event: Mapping[str, Any]) -> StripeEvent:
    """An event without data (https://docs.stripe.com/event-destinations#thin-events), which only names its object.

    `reason` names the request that caused it, if any.
    """
    related = _mapping(event.get("related_object"))
    named = {"object": _text(related.get("type", "")), "id": _text(related.get("id", ""))}
    request = _mapping(_mapping(event.get("reason")).get("request"))
    return StripeEvent(
        event_id=_text(event["id"]),
        type=_text(event.get("type", "")).removeprefix("v1.")[:100],
        stripe_product=named["id"] if named["object"] == "product" else "",
        livemode=bool(event.get("livemode")),
        account=_account(event),
        idempotency_key=_text(request.get("idempotency_key") or ""),
        shown=named,
    )


def _account(event: Mapping[str, Any]) -> str:
    """The account an event names; empty for most, which are of the endpoint's own account.

    https://docs.stripe.com/connect/webhooks, and for thin ones https://docs.stripe.com/context.
    """
    return _text(event.get("account") or _text(event.get("context") or "").rpartition("/")[2])


def _text(value: Any) -> str:
    """Text that a column can hold: without lone surrogates and NUL."""
    return str(value).encode(errors="replace").decode().replace("\0", "")[:255]


def _can_be_kept(shown: Mapping[str, Any]) -> bool:
    """JSON may hold text that no database accepts; without `shown`, an event requests a read, as it should."""
    try:
        text = json.dumps(shown, ensure_ascii=False, allow_nan=False)
    except ValueError:  # 1e400 is valid JSON, but not a number that can be written as JSON again
        return False
    return "\\u0000" not in text and text == text.encode(errors="replace").decode()


def fetch_missed() -> int:
    """Store events that Stripe could not deliver, say during an outage; returns how many were new. Raises ReadFailed.

    All or nothing, since the last success. Includes events that another endpoint of the account did not accept, though
    we did.
    """
    began_at = clock.now()
    key = StripeKey.objects.filter(pk=gateway.key_fingerprint())
    last = key.values_list("missed_fetched_at", flat=True).first()
    if last is None or not horizons.is_believed(last, began_at, horizons.just_now()):
        last = began_at - timedelta(days=KEEP_DAYS)
    since, rows = last - timedelta(days=TRIED_FOR_DAYS), list[StripeEvent]()
    for page in gateway.missed_event_pages(
        since=int(since.timestamp()), seconds=float(settings.STRIPE_TIMEOUT_SECONDS)
    ):
        ids = {event["id"] for event in page}
        known = set(StripeEvent.objects.filter(event_id__in=ids).values_list("event_id", flat=True))
        rows += [_row(event) for event in page if event["id"] not in known]
    for row in rows:
        row.fetched = True
    with transaction.atomic():
        StripeEvent.objects.bulk_create(reversed(rows), ignore_conflicts=True, batch_size=BATCH)
        key.update(missed_fetched_at=began_at)
    return len(rows)


class Stored(NamedTuple):
    """How many events were new, and how many of those were news."""

    new: int
    news: int


def keep_fetched(events: Iterable[Mapping[str, Any]], *, only_ours: bool = False) -> Stored:
    """Store listed events, each once.

    News is what changed a product of ours without a request of ours. `only_ours` leaves out other products. The echo of
    a request whose response we have, or still wait for, is not stored: other changes have events of their own.
    """
    by_id = {event["id"]: event for event in events}
    known = set(StripeEvent.objects.filter(event_id__in=by_id).values_list("event_id", flat=True))
    rows = [_row(event) for event_id, event in by_id.items() if event_id not in known]
    named = {row.stripe_product for row in rows} - {""}
    ours = set(BillingProduct.objects.filter(stripe_id__in=named).values_list("stripe_id", flat=True))
    if only_ours:
        rows = [row for row in rows if row.stripe_product in ours]
    keys = {row.idempotency_key for row in rows} - {""}
    known_requests = dict(StripeRequest.objects.filter(key__in=keys).values_list("key", "outcome"))
    answered = (StripeRequest.Outcome.SUCCEEDED, StripeRequest.Outcome.OPEN)
    rows = [row for row in rows if known_requests.get(row.idempotency_key) not in answered]
    for row in rows:
        row.fetched = True
    StripeEvent.objects.bulk_create(reversed(rows), ignore_conflicts=True, batch_size=BATCH)
    news = sum(row.stripe_product in ours and row.idempotency_key not in known_requests for row in rows)
    return Stored(len(rows), news)


def replay(events: QuerySet[StripeEvent]) -> int:
    """Process events again; returns how many. Harmless, since reads are idempotent."""
    return events.update(processed_at=None, outcome=StripeEvent.Outcome.WAITING, is_foreign=False)


def prune(*, days: int = KEEP_DAYS, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Delete processed events older than this, or dated in the future; returns how many.

    In batches by primary key, until the first recent one.
    """
    now, deleted = clock.now(), 0
    kept = (now - timedelta(days=days), now + timedelta(days=days))
    while goes_on():
        processed = StripeEvent.objects.filter(processed_at__isnull=False).order_by("pk")
        part = list(processed.values_list("pk", "received_at")[:BATCH])
        old = [pk for pk, received_at in part if not kept[0] <= received_at <= kept[1]]
        StripeEvent.objects.filter(pk__in=old).delete()
        deleted += len(old)
        if len(old) < BATCH:
            break
    return deleted


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _product_id(shown: Mapping[str, Any]) -> str:
    """The product an event is about; empty for anything else."""
    if shown.get("object") == "product":
        return str(shown.get("id", ""))
    if shown.get("object") == "price":
        product = shown.get("product") or ""
        return str(product.get("id", "") if isinstance(product, dict) else product)
    return ""


def process(limit: int = BATCH) -> int:
    """Handle waiting events, oldest first; returns how many. A constant number of queries, however many they are."""
    events = list(StripeEvent.objects.filter(processed_at=None).order_by("id")[:limit])
    if not events:
        return 0
    foreign = _foreign(events)
    own = _with_products([event for event in events if event.pk not in foreign])
    batch = Batch.of(own)
    handled: defaultdict[str, list[int]] = defaultdict(list)
    handled[StripeEvent.Outcome.IGNORED] += foreign
    for event in own:
        handled[_handle(event, batch)].append(event.pk)
    request_reads(batch.to_read)
    if foreign:
        StripeEvent.objects.filter(pk__in=foreign).update(is_foreign=True)
    for outcome, rows in handled.items():
        StripeEvent.objects.filter(pk__in=rows).update(outcome=outcome, processed_at=clock.now())
    return len(own) + len(foreign)


def _foreign(events: Iterable[StripeEvent]) -> set[int]:
    """Events of another mode or account than the key's, which an endpoint may get too.

    While our own account is unknown, nothing was sent in it either.
    """
    live = key_is_live()
    own = accounts.known_id() if any(event.account for event in events) else ""
    return {event.pk for event in events if event.livemode != live or event.account not in ("", own)}


class _Rest:
    until = 0.0


def _with_products(events: list[StripeEvent]) -> list[StripeEvent]:
    """Thin events name only a price; the mirror or else Stripe knows its product.

    Leaves out those whose product could not be looked up now.
    """
    nameless = {event.pk: event for event in events if not event.stripe_product and _names_a_price(event)}
    if not nameless:
        return events
    ids = {event.shown["id"] for event in nameless.values()}
    known = BillingPrice.objects.filter(stripe_id__in=ids).values_list("stripe_id", "product__stripe_id")
    products: dict[str, str | None] = dict(known)
    waiting = set()
    for event in nameless.values():
        price_id = event.shown["id"]
        if price_id not in products:
            by_key = event.idempotency_key.partition("-")[0]  # our keys begin with the product's id
            products[price_id] = by_key if PRODUCT_ID.fullmatch(by_key) else _product_in_stripe(price_id)
        if products[price_id] is None:
            waiting.add(event.pk)
        else:
            event.stripe_product = products[price_id] or ""
    StripeEvent.objects.bulk_update(nameless.values(), ["stripe_product"], batch_size=BATCH)
    return [event for event in events if event.pk not in waiting]


def _names_a_price(event: StripeEvent) -> bool:
    return is_thin(event.shown) and event.shown["object"] == "price"


def _product_in_stripe(price_id: str) -> str | None:
    """The product of a price that is unknown here; empty: unknown to Stripe too; None: cannot be looked up now."""
    if time.monotonic() < _Rest.until:
        return None
    try:
        price = gateway.price(price_id, seconds=float(settings.STRIPE_TIMEOUT_SECONDS))
    except gateway.ReadFailed as failed:
        if failed.unanswered.trouble == Trouble.PERMISSION:
            return ""
        _Rest.until = time.monotonic() + REST_SECONDS
        return None
    return _product_id(price) if price else ""


def _handle(event: StripeEvent, batch: Batch) -> StripeEvent.Outcome:
    """Call the handler of the event's type. A malformed event does not block the others.

    An event of an unhandled type requests a read if it shows a product of ours: harmless, since reads are idempotent.
    """
    handler = event_types.handler_of(event.type) or catalogue_changed
    try:
        return handler(event, batch)
    except Exception:
        logger.exception("Stripe's event %s could not be handled; its product is read.", event.event_id)
        if product := batch.products.get(event.stripe_product):
            batch.to_read.add(product.pk)
            return StripeEvent.Outcome.READ
        return StripeEvent.Outcome.IGNORED


def request_reads(product_ids: Iterable[Any]) -> None:
    """Request a read of each; one in progress does not count, since it may have looked too early."""
    now, rows = clock.now(), BillingProduct.objects.filter(pk__in=list(product_ids))
    with transaction.atomic():
        list(rows.select_for_update().order_by("pk").values_list("pk"))  # a fixed lock order, which avoids deadlocks
        rows.update(
            reads_requested=F("reads_requested") + 1, next_attempt_at=now, behind_since=Coalesce("behind_since", now)
        )
