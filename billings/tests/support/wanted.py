"""Desired states as tests write them: every field by its name."""

from dataclasses import replace
from typing import Any

from billings.money import PriceSpec
from billings.plan import Desired
from billings.product_fields import BY_FIELD, FIELDS, Field

USD49 = PriceSpec(4900, "usd")
NAMED = {Field.NAME: "Watercolour", Field.DESCRIPTION: "For beginners"}
# Every field there is, those too that a setting switches on.
TEXTS = {entry.field: NAMED.get(entry.field, entry.empty) for entry in FIELDS}


def wanted(*, published: bool = True, price: PriceSpec | None = USD49, **texts: str) -> Desired:
    """A course that is sold for $49.00, but for what is named: `name="Oil"`, `tax_behavior="inclusive"`."""
    named = {Field(name): value for name, value in texts.items()}
    return Desired.of({**TEXTS, **named}, published=published, price=price)


def but(desired: Desired, **changes: Any) -> Desired:
    """The same but for this."""
    texts = {Field(name): changes.pop(name) for name in [*changes] if name in BY_FIELD}
    changed = Desired.of({**desired.texts, **desired.terms, **texts}, published=desired.published, price=desired.price)
    return replace(changed, **changes)
