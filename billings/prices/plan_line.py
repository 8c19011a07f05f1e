"""The line beside a Save button: what saving would do in Stripe, from the plan that runs afterwards."""

from dataclasses import replace

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from billings.drift.wording import open_drifts
from billings.models import Availability, BillingProduct
from billings.money import PriceSpec
from billings.plan import Desired, describe
from billings.product_fields import BY_FIELD, Field
from billings.sync import desired


def for_price(product: BillingProduct, price: PriceSpec | None) -> str:
    """What a change of the price alone would do."""
    words = for_product(product, replace(product.desired, price=price))
    if product.desired_status == Availability.ARCHIVED:
        return " ".join([words, _("The course is archived: nobody can buy it before it is restored.")])
    return words


def for_product(product: BillingProduct | None, wanted: Desired) -> str:
    """What saving `wanted` would do; None: there is no product yet."""
    words = in_stripe(product, wanted)
    if not words:
        words = _("Nothing changes in Stripe.") if wanted.price else _("Free: nothing is sold in Stripe.")
    return " ".join(filter(None, [words, kept_out(product, wanted)]))


def in_stripe(product: BillingProduct | None, wanted: Desired, *, on_sale: bool = True) -> str:
    """What saving `wanted` would change in Stripe; without the change of being on sale if `on_sale` is False."""
    before = product.price if product else None
    return describe(desired.preview(product, wanted), price=wanted.price, before=before, on_sale=on_sale)


def asks() -> str:
    """Shown before the plan if the price is unusual; see `unusual_changes`."""
    return _("You will be asked to confirm this price.")


def kept_out(product: BillingProduct | None, wanted: Desired) -> str:
    """Drift is neither undone nor accepted by a save that does not set the field to a new value."""
    if product is None:
        return ""
    set_again = desired.changed_fields(product.desired, wanted)
    kept = [_field_name(drift.field) for drift in open_drifts(product) if drift.field not in set_again]
    if not kept:
        return ""
    return _("Changed in Stripe, and left as it is there until staff decide: %(what)s.") % {
        "what": get_text_list(kept, _("and"))
    }


def _field_name(field: str) -> str:
    match field:
        case Field.PRODUCT:
            return _("the product itself")
        case Field.ACTIVE:
            return _("whether it is on sale")
        case Field.PRICE:
            return _("the price")
    return str(BY_FIELD[Field(field)].label)
