"""The registry of fields that Stripe keeps as text with a product or its price: one entry each.

An entry has the field's name in Stripe, its limits and its sentences. Plan, requests, mirror, drift and decisions
iterate over the entries, so that none of them names a field. CONTRIBUTING.md says how to add one. Existence, being on
sale and the price are not here: they are no texts and have rules of their own in `plan`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from web.bidi import isolate


class Field(StrEnum):
    """A unit of drift, rejection and exclusion; amount, currency and interval are one, the price."""

    PRODUCT = "product"  # that it exists at all
    NAME = "name"
    DESCRIPTION = "description"
    IMAGE = "image"
    TAX_CODE = "tax_code"
    ACTIVE = "active"
    PRICE = "price"  # the default price, and that no other is active beside it
    TAX_BEHAVIOR = "tax_behavior"


type Texts = Mapping[Field, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The form field of an entry that is stored in billing only; it is in the course form while `setting` is on."""

    setting: str
    default_setting: str
    """Names the setting that a new course begins with."""
    label: Promise
    help_text: Promise
    choices: Mapping[str, Promise] | None = None
    pattern: str = ""
    problem: Promise | str = ""
    """Said of what does not match `pattern`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductField:
    """One field; its columns are `desired_<field>` and `observed_<field>` of BillingProduct.

    With `on_price`, Stripe keeps it with the price: it is mirrored in the column `<field>` of BillingPrice, and the
    default price's value counts. Sentences may use `%(value)s`.
    """

    field: Field
    param: str
    """Stripe's name, in requests and in answers (https://docs.stripe.com/api/products, https://docs.stripe.com/api/prices)."""
    max_length: int
    label: Promise
    """In the middle of a sentence: "the title"."""
    becomes: Promise
    """The plan's sentence where the field gets a value; `emptied` where it loses it."""
    emptied: Promise | str = ""
    drifted: Promise
    """What somebody did in Stripe; `drifted_empty` where they took the value away."""
    drifted_empty: Promise | str = ""
    restore_label: Promise | str = ""
    """On the button that restores the local value, where the value itself cannot be shown there."""
    never_accepted: Promise | str = ""
    """Why no value of Stripe's can be taken over, where none can."""
    empty: str = ""
    """What it holds before anybody set it; a create does not send that."""
    on_price: bool = False
    fixed_once_set: bool = False
    """On a price: Stripe lets it be set, and never changed after that."""
    to_stripe: Callable[[str], Any] = lambda value: value
    from_stripe: Callable[[Any], str] = lambda seen: seen or ""
    input: Input | None = None

    @property
    def desired_column(self) -> str:
        return f"desired_{self.field}"

    @property
    def mirror_column(self) -> str:
        return str(self.field) if self.on_price else f"observed_{self.field}"

    @property
    def in_use(self) -> bool:
        """Whether it is sent and compared at all; otherwise it is left to Stripe."""
        return self.input is None or bool(getattr(settings, self.input.setting))

    def seen_in(self, data: Mapping[str, Any]) -> str:
        """The field's value in a product or price of Stripe's."""
        return self.from_stripe(data.get(self.param)) or self.empty

    def can_become(self, value: str, *, seen: str) -> bool:
        """Whether Stripe can change it from `seen` to `value`."""
        return value == seen or not self.fixed_once_set or seen == self.empty

    def plan_sentence(self, value: str) -> str:
        words = self.emptied if value == self.empty and self.emptied else self.becomes
        return str(words) % {"value": isolate(self.shown(value))}

    def drift_sentence(self, value: str) -> str:
        words = self.drifted_empty if value == self.empty and self.drifted_empty else self.drifted
        return str(words) % {"value": isolate(self.shown(value))}

    def shown(self, value: str) -> str:
        """The value as people read it."""
        choices = self.input.choices if self.input else None
        return str(choices[value]) if choices and value in choices else value

    def problem(self, value: str) -> str:
        """Why the value is invalid, in a sentence; empty if it is valid."""
        if len(value) > self.max_length:
            facts = {"n": self.max_length, "m": len(value)}
            return gettext("This has at most %(n)d characters; here there are %(m)d.") % facts
        if self.input and self.input.choices and value not in self.input.choices:
            return gettext("“%(value)s” is none of the choices.") % {"value": isolate(value)}
        if self.input and self.input.pattern and value and not re.fullmatch(self.input.pattern, value):
            return str(self.input.problem)
        return ""


NAME = ProductField(
    field=Field.NAME,
    param="name",
    max_length=250,
    label=_("the title"),
    becomes=_("Title becomes “%(value)s”."),
    drifted=_("The title was changed in Stripe to “%(value)s”."),
)
DESCRIPTION = ProductField(
    field=Field.DESCRIPTION,
    param="description",
    max_length=500,
    label=_("the summary"),
    becomes=_("Summary updated."),
    emptied=_("Summary removed."),
    drifted=_("The summary was changed in Stripe."),
)
IMAGE = ProductField(
    field=Field.IMAGE,
    param="images",
    max_length=2048,
    label=_("the picture"),
    becomes=_("Picture updated."),
    emptied=_("Picture removed."),
    drifted=_("The picture was changed in Stripe."),
    restore_label=_("Restore the picture"),
    never_accepted=_("In Stripe the picture is a link; a course has a file of its own. Restore our value."),
    to_stripe=lambda address: [address] if address else "",
    from_stripe=lambda images: next(iter(images or []), ""),
)
TAX_CODE = ProductField(
    field=Field.TAX_CODE,
    param="tax_code",
    max_length=30,
    label=_("the tax code"),
    becomes=_("Tax code becomes %(value)s."),
    emptied=_("Tax code removed."),
    drifted=_("The tax code was changed in Stripe to %(value)s."),
    drifted_empty=_("The tax code was removed in Stripe."),
    input=Input(
        setting="TAX_FIELDS",
        default_setting="DEFAULT_TAX_CODE",
        label=_("Tax code"),
        help_text=_("Stripe's code for what is sold, such as txcd_10000000. Empty: the one in Stripe's tax settings."),
        pattern="txcd_[0-9]{8}",  # https://docs.stripe.com/tax/tax-codes
        problem=_("A tax code is txcd_ and eight digits, such as txcd_10000000."),
    ),
)
TAX_BEHAVIOR = ProductField(
    field=Field.TAX_BEHAVIOR,
    param="tax_behavior",
    max_length=11,
    label=_("how the price is taxed"),
    becomes=_("Tax on the price becomes “%(value)s”."),
    drifted=_("Tax on the price was changed in Stripe to “%(value)s”."),
    empty="unspecified",
    on_price=True,
    fixed_once_set=True,  # https://docs.stripe.com/api/prices/update
    input=Input(
        setting="TAX_FIELDS",
        default_setting="DEFAULT_TAX_BEHAVIOR",
        label=_("Tax on the price"),
        help_text=_("Included or added cannot be changed on a price: another choice makes a new price in Stripe."),
        choices={
            "unspecified": _("As in Stripe's tax settings"),
            "inclusive": _("Included in the price"),
            "exclusive": _("Added to the price"),
        },
    ),
)

FIELDS = (NAME, DESCRIPTION, IMAGE, TAX_CODE, TAX_BEHAVIOR)
BY_FIELD: Mapping[Field, ProductField] = {entry.field: entry for entry in FIELDS}


def in_use() -> tuple[ProductField, ...]:
    return tuple(entry for entry in FIELDS if entry.in_use)


def of_product() -> tuple[ProductField, ...]:
    """Those in use that Stripe keeps with the product."""
    return tuple(entry for entry in in_use() if not entry.on_price)


def of_price() -> tuple[ProductField, ...]:
    """Those in use that Stripe keeps with the price."""
    return tuple(entry for entry in in_use() if entry.on_price)


def inputs() -> Mapping[Field, Input]:
    """The form fields of those in use that are stored in billing only."""
    return {entry.field: entry.input for entry in in_use() if entry.input}
