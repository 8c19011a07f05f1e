"""Staff's decisions on drift: restore the local value or accept Stripe's, after a read, and only what was shown."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billings import pricing
from billings.drift import wording
from billings.models import BillingProduct, Drift, PriceChange
from billings.product_fields import BY_FIELD, Field
from billings.sync import desired, events, excluded
from billings.sync.converge import converge_within


class Undecidable(Exception):
    """The decision cannot be carried out; says why in one sentence."""


class MovedOn(Undecidable):
    """Stripe holds something other than what was shown, or the drift is gone."""

    def __str__(self) -> str:
        return _("Stripe has changed again since you looked. Look once more, then decide.")


class Unreadable(Undecidable):
    """Stripe could not be read, so the current value is unknown."""

    def __str__(self) -> str:
        return _("Stripe could not be read just now. Nothing was changed; try again in a moment.")


class Inexpressible(Undecidable):
    """A course cannot hold Stripe's value."""


def restore_local_value(drift: Drift, *, shown: Any, actor: User | None) -> None:
    """Make Stripe hold the local value again; a deleted product is created again. Raises MovedOn."""
    _look_again(drift)
    with transaction.atomic():
        product = _still(drift, shown)
        _close(drift, Drift.Decision.RESTORED, actor)
        product.generation += 1
        product.save(update_fields=["generation"])
        desired.converge_after_commit(product)


def accept_stripes_value(drift: Drift, *, shown: Any, actor: User | None, adopt: Callable[[Field, Any], None]) -> None:
    """Make Stripe's value the local one. Raises MovedOn, or Inexpressible if a course cannot hold it.

    `adopt` changes the course, inside this transaction, and copies it here as every save does. It may raise
    Inexpressible.
    """
    _look_again(drift)
    with transaction.atomic():
        product = _still(drift, shown)
        _take_over(product, drift, actor, adopt)
        _close(drift, Drift.Decision.ACCEPTED, actor)
        product.refresh_from_db()
        product.generation += 1
        if not wording.open_drifts(product):
            # Everything Stripe was told is known now: a later drift has another cause than a restored database.
            product.sent_generation = max(product.sent_generation, product.metadata_generation)
        product.save(update_fields=["generation", "sent_generation"])
        desired.converge_after_commit(product)


def seen(drift: Drift, token: str) -> Any:
    """The value shown with this token. Raises MovedOn if it is not the current one."""
    if not wording.was_shown(drift, token):
        raise MovedOn
    return drift.remote_value


def _look_again(drift: Drift) -> None:
    """Read the product again before the decision."""
    events.request_reads([drift.product_id])
    converge_within(drift.product_id, budget=float(settings.STRIPE_TIMEOUT_SECONDS))


def _still(drift: Drift, shown: Any) -> BillingProduct:
    """The product, locked, if the drift is open and holds what was shown. Raises MovedOn, or Unreadable."""
    # Locks the course before its billing row, in the order of every save.
    BillingProduct.objects.select_for_update(of=("course",)).select_related("course").get(pk=drift.product_id)
    product = BillingProduct.objects.select_for_update().get(pk=drift.product_id)
    if product.reads_requested > product.reads_done:
        raise Unreadable
    fresh = Drift.objects.select_for_update().get(pk=drift.pk)
    if fresh.closed_at is not None or fresh.remote_value != shown:
        raise MovedOn
    return product


def _close(drift: Drift, decision: Drift.Decision, actor: User | None) -> None:
    Drift.objects.filter(pk=drift.pk).update(closed_at=timezone.now(), decision=decision, decided_by=actor)
    excluded.look_again([drift.product_id])


def _take_over(product: BillingProduct, drift: Drift, actor: User | None, adopt: Callable[[Field, Any], None]) -> None:
    """A deleted product is accepted by making the course free."""
    if reason := wording.why_not(product, drift):
        raise Inexpressible(reason)
    match field := Field(drift.field):
        case Field.PRICE | Field.PRODUCT:
            default = wording.default_price(product) if field is Field.PRICE else None
            price = default.spec if default else None
            why = _("Accepted as changed in Stripe")
            pricing.set_price(product, price, actor=actor, source=PriceChange.Source.STRIPE, reason=why)
        case _ if field in BY_FIELD and BY_FIELD[field].input:
            desired.update(product, texts={field: drift.remote_value})
        case _:
            adopt(field, drift.remote_value)
