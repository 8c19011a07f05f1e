"""Serialises a step of a plan for storage with its request, and back.

A step's kind is a name that never changes; its other fields are JSON: a price is `[unit_amount, currency, interval]`
(minor units), texts and terms are objects by field. Fields added later have defaults for stored steps.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from billings.money import PriceSpec
from billings.plan import ActivatePrice, ArchivePrice, CreatePrice, CreateProduct, Step, UpdatePrice, UpdateProduct
from billings.product_fields import Field

KINDS: Mapping[type[Step], str] = {
    CreateProduct: "create_product",
    UpdateProduct: "update_product",
    CreatePrice: "create_price",
    UpdatePrice: "update_price",
    ActivatePrice: "activate_price",
    ArchivePrice: "archive_price",
}
_CLASSES: Mapping[str, type[Step]] = {kind: step for step, kind in KINDS.items()}
_PRICES = frozenset({"price", "default", "spec"})
_TEXTS = frozenset({"texts", "terms", "new_terms"})


def kind_of(step: Step) -> str:
    return KINDS[type(step)]


def fields_of(step: Step) -> dict[str, Any]:
    """The stored fields of a step, besides its kind."""
    return {field.name: _kept(getattr(step, field.name)) for field in fields(step)}


def _kept(value: Any) -> Any:
    if isinstance(value, PriceSpec):
        return [value.unit_amount, value.currency, value.interval]
    return dict(value) if isinstance(value, Mapping) else value


def step_of(kind: str, kept: Mapping[str, Any]) -> Step:
    """The step from its stored form. Raises KeyError for an unknown kind."""
    return _CLASSES[kind](**{name: _value(name, value) for name, value in kept.items()})


def _value(name: str, kept: Any) -> Any:
    if name in _PRICES:
        return PriceSpec(*kept) if kept else None
    return {Field(field): text for field, text in kept.items()} if name in _TEXTS else kept
