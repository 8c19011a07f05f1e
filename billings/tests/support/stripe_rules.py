"""A small Stripe in values: what one step does to what is observed, and what Stripe would refuse."""

from dataclasses import replace
from typing import Any

from billings.plan import (
    ActivatePrice,
    ArchivePrice,
    CreatePrice,
    CreateProduct,
    Observed,
    ObservedPrice,
    Step,
    UpdateProduct,
)


class WouldBeRefused(AssertionError):
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
            new = ObservedPrice(f"price_new{len(observed.prices)}", step.spec, True, True, newest + 1)
            return replace(observed, prices=(*observed.prices, new))
        case ActivatePrice():
            return _set_active(observed, step.price_id, True)
        case ArchivePrice():
            _must(step.price_id != observed.default_price, "the default price cannot be archived")
            return _set_active(observed, step.price_id, False)


def _create_product(step: CreateProduct, observed: Observed) -> Observed:
    _must(not observed.exists, "the id is taken")
    price = ObservedPrice("price_first", step.price, True, True, 1)
    return Observed(True, step.name, step.description, step.image, step.active, price.id, (price,))


def _update_product(step: UpdateProduct, observed: Observed) -> Observed:
    _must(observed.exists, "no such product")
    default = observed.default_price
    if step.default is not None:
        made = max(observed.prices, key=lambda price: price.created) if observed.prices else None
        default = step.default_id or (made.id if made else "")
        price = observed.price(default)
        _must(price is not None and price.active, "the default must be an active price of the product")
    changes: dict[str, Any] = {
        "name": step.name,
        "description": step.description,
        "image": step.image,
        "active": step.active,
    }
    return replace(
        observed, default_price=default, **{field: value for field, value in changes.items() if value is not None}
    )


def _set_active(observed: Observed, price_id: str, active: bool) -> Observed:
    _must(observed.price(price_id) is not None, "no such price")
    prices = (replace(price, active=active) if price.id == price_id else price for price in observed.prices)
    return replace(observed, prices=tuple(prices))


def _must(holds: bool, rule: str) -> None:
    if not holds:
        raise WouldBeRefused(rule)
