"""A small model of Stripe: what a step does to the observed state, and what Stripe would reject."""

from dataclasses import replace

from billings.plan import (
    ActivatePrice,
    ArchivePrice,
    CreatePrice,
    CreateProduct,
    Observed,
    ObservedPrice,
    Step,
    UpdatePrice,
    UpdateProduct,
)
from billings.product_fields import BY_FIELD, Texts


class WouldBeRejected(AssertionError):
    """Stripe answers 400 to this step."""


def apply(step: Step, observed: Observed) -> Observed:
    """`observed` after Stripe carried out `step` (https://docs.stripe.com/products-prices/manage-prices)."""
    match step:
        case CreateProduct():
            return _create_product(step, observed)
        case UpdateProduct():
            return _update_product(step, observed)
        case CreatePrice():
            _must(observed.exists, "a price needs its product")
            newest = max((price.created for price in observed.prices), default=0)
            new = ObservedPrice(f"price_new{len(observed.prices)}", step.spec, True, True, newest + 1, step.terms)
            return replace(observed, prices=(*observed.prices, new))
        case UpdatePrice():
            return _update_price(observed, step.price_id, step.terms)
        case ActivatePrice():
            return _update_price(observed, step.price_id, step.terms, active=True)
        case ArchivePrice():
            _must(step.price_id != observed.default_price, "the default price cannot be archived")
            return _update_price(observed, step.price_id, {}, active=False)


def _create_product(step: CreateProduct, observed: Observed) -> Observed:
    _must(not observed.exists, "the id is taken")
    price = ObservedPrice("price_first", step.price, True, True, 1, step.terms)
    return Observed(True, step.texts, step.active, price.id, (price,))


def _update_product(step: UpdateProduct, observed: Observed) -> Observed:
    _must(observed.exists, "no such product")
    default = observed.default_price
    if step.default is not None:
        made = max(observed.prices, key=lambda price: price.created) if observed.prices else None
        default = step.default_id or (made.id if made else "")
        price = observed.price(default)
        _must(price is not None and price.active, "the default must be an active price of the product")
    active = observed.active if step.active is None else step.active
    return replace(observed, default_price=default, texts={**observed.texts, **step.texts}, active=active)


def _update_price(observed: Observed, price_id: str, terms: Texts, *, active: bool | None = None) -> Observed:
    before = observed.price(price_id)
    assert before is not None, "no such price"
    for field, value in terms.items():
        _must(BY_FIELD[field].can_become(value, seen=before.terms.get(field, "unspecified")), f"{field} is fixed")
    after = replace(before, active=before.active if active is None else active, terms={**before.terms, **terms})
    return replace(observed, prices=tuple(after if price.id == price_id else price for price in observed.prices))


def _must(holds: bool, rule: str) -> None:
    if not holds:
        raise WouldBeRejected(rule)
