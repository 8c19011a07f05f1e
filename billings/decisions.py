"""What staff decide about a drift: restore ours, or accept Stripe's; read first, and only for what they were shown."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billings import desired, money, pricing, webhooks
from billings.converge import converge_within
from billings.models import BillingPrice, BillingProduct, Drift, PriceChange
from billings.plan import Field


class Undecidable(Exception):
    """The decision cannot be carried out; says why in one sentence."""


class MovedOn(Undecidable):
    """Stripe holds something else than what the person was shown, or the drift is gone."""

    def __str__(self) -> str:
        return _("Stripe has changed again since you looked. Look once more, then decide.")


class Inexpressible(Undecidable):
    """A course has no words for what Stripe holds."""


def restore(drift: Drift, *, shown: Any, actor: User | None) -> None:
    """Make Stripe hold ours again. A product that was deleted there is made anew. Raises MovedOn."""
    _look_again(drift)
    with transaction.atomic():
        product = _still(drift, shown)
        _close(drift, Drift.Decision.RESTORED, actor)
        product.generation += 1
        product.save(update_fields=["generation"])
        desired.converge_after_commit(product)


def accept(drift: Drift, *, shown: Any, actor: User | None, adopt: Callable[[Field, Any], None]) -> None:
    """Make what Stripe holds ours. Raises MovedOn, or Inexpressible where a course cannot say it.

    What the course says of itself is not billing's to write: `adopt` does that, inside this transaction, and copies it
    here as every save does. It may raise Inexpressible.
    """
    _look_again(drift)
    with transaction.atomic():
        product = _still(drift, shown)
        _take_over(product, drift, actor, adopt)
        _close(drift, Drift.Decision.ACCEPTED, actor)
        product.refresh_from_db()
        product.generation += 1
        product.save(update_fields=["generation"])
        desired.converge_after_commit(product)


def _look_again(drift: Drift) -> None:
    """A read of our own, so that nobody decides on what was true yesterday."""
    webhooks.want_reads([drift.product_id])
    converge_within(drift.product_id, budget=float(settings.STRIPE_TIMEOUT_SECONDS))


def _still(drift: Drift, shown: Any) -> BillingProduct:
    """The product, locked, if the drift is open and is what was shown. Raises MovedOn."""
    product = BillingProduct.objects.select_for_update().get(pk=drift.product_id)
    if product.reads_wanted > product.reads_done:
        raise Undecidable(_("Stripe could not be read just now. Nothing was changed; try again in a moment."))
    fresh = Drift.objects.select_for_update().get(pk=drift.pk)
    if fresh.closed_at is not None or fresh.theirs != shown:
        raise MovedOn
    return product


def _close(drift: Drift, decision: Drift.Decision, actor: User | None) -> None:
    Drift.objects.filter(pk=drift.pk).update(closed_at=timezone.now(), decision=decision, decided_by=actor)


def _take_over(product: BillingProduct, drift: Drift, actor: User | None, adopt: Callable[[Field, Any], None]) -> None:
    """A deleted product is accepted by selling the course no more: it becomes free."""
    match field := Field(drift.field):
        case Field.PRICE | Field.PRODUCT:
            price = _expressible(product).spec if field is Field.PRICE else None
            reason = _("Accepted as changed in Stripe")
            pricing.set_price(product, price, actor=actor, source=PriceChange.Source.STRIPE, reason=reason)
        case Field.IMAGE:
            raise Inexpressible(_("In Stripe the picture is a link; a course has a file of its own. Restore ours."))
        case _:
            adopt(field, drift.theirs)


def _expressible(product: BillingProduct) -> BillingPrice:
    """The default price in Stripe, if a course can cost that. Raises Inexpressible."""
    price = product.prices.filter(stripe_id=product.observed_default_price).first()
    if price is None:
        raise Inexpressible(_("In Stripe the product has no default price. Restore ours, or set one in Stripe."))
    if price.spec is None:
        raise Inexpressible(_("A course cannot cost what this price says (tiers, a trial, or another interval)."))
    try:
        money.check_limits(price.spec.money)
    except money.MoneyError as error:
        raise Inexpressible(str(error)) from error
    return price
