"""What must happen in Stripe: values, and one pure, total function. No I/O, no clock, no database.

The same steps are shown before a save and executed after it, so what is previewed is what runs.
The rules about prices are Stripe's: https://docs.stripe.com/products-prices/manage-prices
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from billings.money import PriceSpec
from web.bidi import isolate


class Field(StrEnum):
    """What can drift, be rejected or be excluded from plans, one by one; amount, currency, interval are the price."""

    PRODUCT = "product"  # that it exists at all
    NAME = "name"
    DESCRIPTION = "description"
    IMAGE = "image"
    ACTIVE = "active"
    PRICE = "price"  # the default price, and that no other is active beside it


@dataclass(frozen=True, slots=True)
class Desired:
    """What Stripe should sell. `price` in minor units; None: the course is free."""

    name: str
    description: str
    image: str
    published: bool
    price: PriceSpec | None

    @property
    def active(self) -> bool:
        return self.published and self.price is not None


@dataclass(frozen=True, slots=True)
class ObservedPrice:
    """`spec` is None where a course cannot express the price (tiers, metered, a trial, every second month)."""

    id: str
    spec: PriceSpec | None
    active: bool
    ours: bool = True
    created: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """What Stripe last told us of one product and its prices."""

    exists: bool = False
    name: str = ""
    description: str = ""
    image: str = ""
    active: bool = False
    default_price: str = ""
    prices: tuple[ObservedPrice, ...] = ()

    def price(self, price_id: str) -> ObservedPrice | None:
        return next((price for price in self.prices if price.id == price_id), None)


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """The product and its default price in one call (`default_price_data`)."""

    name: str
    description: str
    image: str
    active: bool
    price: PriceSpec

    fields = frozenset(Field) - {Field.PRODUCT}

    def __str__(self) -> str:
        if self.active:
            return _("The course goes on sale at %(price)s.") % {"price": self.price}
        return _("The price is %(price)s. The course is not on sale yet.") % {"price": self.price}


@dataclass(frozen=True, slots=True)
class UpdateProduct:
    """One call for every field that differs; None: left alone. `default_id` empty: the price the step before makes."""

    name: str | None = None
    description: str | None = None
    image: str | None = None
    active: bool | None = None
    default: PriceSpec | None = None
    default_id: str = ""

    @property
    def fields(self) -> frozenset[Field]:
        changed = {
            Field.NAME: self.name is not None,
            Field.DESCRIPTION: self.description is not None,
            Field.IMAGE: self.image is not None,
            Field.ACTIVE: self.active is not None,
            Field.PRICE: self.default is not None,
        }
        return frozenset(field for field, is_changed in changed.items() if is_changed)

    def sentences(self, price: PriceSpec | None) -> list[str]:
        """What this does besides moving the default; `price`: what the course will cost."""
        said: list[str] = []
        if self.active:
            words = _("The course goes on sale at %(price)s.") if price else _("The course goes on sale.")
            said.append(words % {"price": price})
        if self.active is False:
            said.append(_("The course goes off sale."))
        if self.name is not None:
            said.append(_("Title becomes “%(name)s”.") % {"name": isolate(self.name)})
        if self.description is not None:
            said.append(_("Summary updated.") if self.description else _("Summary removed."))
        if self.image is not None:
            said.append(_("Picture updated.") if self.image else _("Picture removed."))
        return said


@dataclass(frozen=True, slots=True)
class CreatePrice:
    spec: PriceSpec

    fields = frozenset({Field.PRICE})

    def __str__(self) -> str:
        return _("New price: %(price)s.") % {"price": self.spec}


@dataclass(frozen=True, slots=True)
class ActivatePrice:
    price_id: str
    spec: PriceSpec

    fields = frozenset({Field.PRICE})

    def __str__(self) -> str:
        return _("The price is %(price)s again.") % {"price": self.spec}


@dataclass(frozen=True, slots=True)
class ArchivePrice:
    price_id: str
    spec: PriceSpec | None

    fields = frozenset({Field.PRICE})


type Step = CreateProduct | UpdateProduct | CreatePrice | ActivatePrice | ArchivePrice


def plan(desired: Desired, observed: Observed, *, excluded: frozenset[Field] = frozenset()) -> tuple[Step, ...]:
    """The fewest Stripe calls that make `observed` what is `desired`, leaving `excluded` fields (drifted, rejected)."""
    if Field.PRODUCT in excluded:
        return ()
    if not observed.exists:
        return _create(desired, excluded)
    target = None if Field.PRICE in excluded else _reusable(desired.price, observed)
    update = _update(desired, observed, excluded, target)
    return (
        *_make_price(desired.price, target, excluded),
        *([update] if update.fields else []),
        *_archive_others(desired.price, observed, excluded, target),
    )


def _create(desired: Desired, excluded: frozenset[Field]) -> tuple[Step, ...]:
    if desired.price is None or excluded & {Field.NAME, Field.ACTIVE, Field.PRICE}:
        return ()
    return (
        CreateProduct(
            name=desired.name,
            description="" if Field.DESCRIPTION in excluded else desired.description,
            image="" if Field.IMAGE in excluded else desired.image,
            active=desired.active,
            price=desired.price,
        ),
    )


def _reusable(wanted: PriceSpec | None, observed: Observed) -> ObservedPrice | None:
    """The price of the product that already says what is wanted: the default, else an active one, else the newest."""
    if wanted is None:
        return None
    return max(
        (price for price in observed.prices if price.spec == wanted),
        key=lambda price: (price.id == observed.default_price, price.active, price.created, price.id),
        default=None,
    )


def _make_price(wanted: PriceSpec | None, target: ObservedPrice | None, excluded: frozenset[Field]) -> tuple[Step, ...]:
    if wanted is None or Field.PRICE in excluded:
        return ()
    if target is None:
        return (CreatePrice(wanted),)
    return () if target.active else (ActivatePrice(target.id, wanted),)


def _update(
    desired: Desired, observed: Observed, excluded: frozenset[Field], target: ObservedPrice | None
) -> UpdateProduct:
    def changed[T](field: Field, wanted: T, seen: T) -> T | None:
        return None if field in excluded or wanted == seen else wanted

    active = changed(Field.ACTIVE, desired.active, observed.active)
    if active and Field.PRICE in excluded:
        active = None  # it would go on sale at a price nobody here stands for
    moves_default = (
        desired.price is not None
        and Field.PRICE not in excluded
        and (target is None or target.id != observed.default_price)
    )
    return UpdateProduct(
        name=changed(Field.NAME, desired.name, observed.name),
        description=changed(Field.DESCRIPTION, desired.description, observed.description),
        image=changed(Field.IMAGE, desired.image, observed.image),
        active=active,
        default=desired.price if moves_default else None,
        default_id=target.id if moves_default and target else "",
    )


def _archive_others(
    wanted: PriceSpec | None, observed: Observed, excluded: frozenset[Field], target: ObservedPrice | None
) -> tuple[Step, ...]:
    """At rest one price is active: the default; while free and without one, the newest of ours."""
    if Field.PRICE in excluded:
        return ()
    active = [price for price in observed.prices if price.active]
    if wanted is not None:
        kept = target.id if target else ""
    elif observed.default_price:
        kept = observed.default_price
    else:
        ours = [price for price in active if price.ours]
        kept = max(ours, key=lambda price: (price.created, price.id)).id if ours else ""
    return tuple(ArchivePrice(price.id, price.spec) for price in active if price.id != kept)


def describe(
    steps: Iterable[Step], *, price: PriceSpec | None = None, before: PriceSpec | None = None, on_sale: bool = True
) -> str:
    """The whole plan in sentences for the page: "New price $59.00 replaces $49.00. …"; empty for no step.

    `price` is what the course will cost, said where it goes on sale; `before` what it costs now, which its subscribers
    go on paying. With `on_sale` off, nothing is said of whether the course is on sale: the caller says it.
    """
    steps = tuple(steps) if on_sale else tuple(_without_availability(step) for step in steps)
    sentences = [_price_sentence(steps)]
    sentences += [str(step) for step in steps if isinstance(step, CreateProduct) and on_sale]
    sentences += [sentence for step in steps if isinstance(step, UpdateProduct) for sentence in step.sentences(price)]
    sentences += _for_buyers(steps, before)
    return " ".join(filter(None, sentences))


def _without_availability(step: Step) -> Step:
    return replace(step, active=None) if isinstance(step, UpdateProduct) else step


def _price_sentence(steps: tuple[Step, ...]) -> str:
    """Making a price, moving the default to it and archiving the old one are one thing to a reader."""
    retired = [step for step in steps if isinstance(step, ArchivePrice)]
    facts = {"old": get_text_list([str(step.spec or _("a price made in Stripe")) for step in retired], _("and"))}
    made = next((step for step in steps if isinstance(step, CreatePrice | ActivatePrice)), None)
    moved = next((step.default for step in steps if isinstance(step, UpdateProduct) and step.default), None)
    if made is None and moved is None:
        return _("No longer sold: %(old)s.") % facts if retired else ""
    if not retired:
        return str(made or (moved and _("The price becomes %(price)s.") % {"price": moved}))
    if isinstance(made, CreatePrice):
        return _("New price %(new)s replaces %(old)s.") % {**facts, "new": made.spec}
    if isinstance(made, ActivatePrice):
        return _("The earlier price %(new)s replaces %(old)s.") % {**facts, "new": made.spec}
    return _("Price %(new)s replaces %(old)s.") % {**facts, "new": moved}


def _for_buyers(steps: tuple[Step, ...], before: PriceSpec | None) -> list[str]:
    """What becomes of those who bought, and of those who subscribe."""
    retired = [step.spec for step in steps if isinstance(step, ArchivePrice)]
    off_sale = any(isinstance(step, UpdateProduct) and step.active is False for step in steps)
    sentences = []
    if retired:
        sentences.append(
            _("People who already bought are not affected; payment links made for the old price stop working.")
        )
    elif off_sale:
        sentences.append(_("People who already bought keep it; payment links stop working."))
    paid_on = retired or ([before] if off_sale else [])
    subscriptions = dict.fromkeys(str(price) for price in paid_on if price and price.interval)
    if subscriptions:
        facts = {"price": get_text_list(list(subscriptions), _("or"))}
        sentences.append(_("People who already subscribe go on paying %(price)s.") % facts)
    return sentences
