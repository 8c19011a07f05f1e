"""What each type of Stripe's events means; see `stripe_api.event_types` for how to add one.

Events come in any order, twice, or late, so handlers do not trust their data: they request a read. The echo of our own
request needs none if it says what the mirror says, or while the request is open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db.models import Exists, OuterRef

from billings.models import BillingProduct, StripeEvent, StripeRequest
from billings.stripe_api.event_types import handles
from billings.sync.mirror import price_says_the_same, says_the_same

CATALOGUE = [f"{kind}.{what}" for kind in ("product", "price") for what in ("created", "updated", "deleted")]
Outcome = StripeEvent.Outcome


class Cause(NamedTuple):
    """The request of ours that caused an event; `has_successor`: a later one for its product succeeded."""

    is_open: bool
    outcome: str
    has_successor: bool

    @property
    def succeeded(self) -> bool:
        return self.outcome == StripeRequest.Outcome.SUCCEEDED


@dataclass(slots=True)
class Batch:
    """Events with the rows they are compared with: a constant number of queries, however many events there are."""

    products: Mapping[str, BillingProduct]
    """By their ids in Stripe, with their prices."""
    causes: Mapping[str, Cause]
    """By their idempotency keys."""
    to_read: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, events: Iterable[StripeEvent]) -> Self:
        # Requests first: their results are in the mirror by the time it is read.
        causes = _causes({event.idempotency_key for event in events} - {""})
        ids = {event.stripe_product for event in events} - {""}
        rows = BillingProduct.objects.filter(stripe_id__in=ids).prefetch_related("prices")
        return cls({row.stripe_id: row for row in rows}, causes)


def _causes(keys: Iterable[str]) -> dict[str, Cause]:
    succeeded = StripeRequest.objects.filter(outcome=StripeRequest.Outcome.SUCCEEDED)
    later = succeeded.filter(product=OuterRef("product"), pk__gt=OuterRef("pk"))
    rows = StripeRequest.objects.filter(key__in=keys).annotate(has_successor=Exists(later))
    columns = rows.values_list("key", "resolved_at", "outcome", "has_successor")
    return {key: Cause(resolved_at is None, outcome, later) for key, resolved_at, outcome, later in columns}


@handles(*CATALOGUE)
def catalogue_changed(event: StripeEvent, batch: Batch) -> Outcome:
    """A product or a price of ours has changed: request a read, unless it was our own change."""
    product = batch.products.get(event.stripe_product)
    if product is None:
        return Outcome.IGNORED
    cause = batch.causes.get(event.idempotency_key)
    if cause and _is_echo(event, cause, product):
        return Outcome.ECHO
    batch.to_read.add(product.pk)
    return Outcome.READ


def _is_echo(event: StripeEvent, cause: Cause, product: BillingProduct) -> bool:
    """A succeeded request's response told the same as its event; once a later one succeeded, the event is outdated."""
    if cause.is_open:
        return True
    if cause.succeeded and (is_thin(event.shown) or cause.has_successor):
        return True
    return _is_mirrored(event.shown, product)


def _is_mirrored(shown: Mapping[str, Any], product: BillingProduct) -> bool:
    """Whether an event shows exactly what the mirror holds."""
    if shown.get("object") == "price":
        price = next((price for price in product.prices.all() if price.stripe_id == shown.get("id")), None)
        return price is not None and price_says_the_same(shown, price)
    return says_the_same(shown, product)


def is_thin(shown: Mapping[str, Any]) -> bool:
    """Whether an event names its object without its data."""
    return shown.keys() == {"object", "id"}
