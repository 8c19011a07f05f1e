"""What must happen in Stripe: values, and one pure, total function. No I/O, no clock, no database.

The same steps are shown before a save and executed after it, so what is previewed is what runs. The rules about prices
are Stripe's: https://docs.stripe.com/products-prices/manage-prices
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from billings.money import PriceSpec
from billings.product_fields import BY_FIELD, Field, Texts

# A product cannot be created without these, or would be sold otherwise than it should.
NEEDED_TO_CREATE = frozenset({Field.NAME, Field.ACTIVE, Field.PRICE})


@dataclass(frozen=True, slots=True)
class Desired:
    """What Stripe should sell. `price` in minor units; None: the course is free.

    `texts` are the product's, `terms` its price's; a field that is in neither is left alone.
    """

    texts: Texts
    published: bool
    price: PriceSpec | None
    terms: Texts = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Texts, *, published: bool, price: PriceSpec | None) -> "Desired":
        """From the texts of product and price together."""
        terms = {name: value for name, value in texts.items() if BY_FIELD[name].on_price}
        return cls({name: value for name, value in texts.items() if name not in terms}, published, price, terms)

    @property
    def active(self) -> bool:
        return self.published and self.price is not None


@dataclass(frozen=True, slots=True)
class ObservedPrice:
    """`spec` is None if a course cannot express the price (tiers, metered, a trial, every second month)."""

    id: str
    spec: PriceSpec | None
    active: bool
    ours: bool = True
    created: int = 0
    terms: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """What Stripe last told us of one product and its prices."""

    exists: bool = False
    texts: Texts = field(default_factory=dict)
    active: bool = False
    default_price: str = ""
    prices: tuple[ObservedPrice, ...] = ()

    def price(self, price_id: str) -> ObservedPrice | None:
        return next((price for price in self.prices if price.id == price_id), None)

    @property
    def terms(self) -> Texts:
        """The further terms of the default price; empty if there is none."""
        default = self.price(self.default_price)
        return default.terms if default else {}


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """The product and its default price in one request (`default_price_data`)."""

    texts: Texts
    active: bool
    price: PriceSpec
    terms: Texts = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[Field]:
        return frozenset({Field.ACTIVE, Field.PRICE, *self.texts, *self.terms})

    def __str__(self) -> str:
        if self.active:
            return _("The course goes on sale at %(price)s.") % {"price": self.price}
        return _("The price is %(price)s. The course is not on sale yet.") % {"price": self.price}


@dataclass(frozen=True, slots=True)
class UpdateProduct:
    """One request for every field that differs; None: left alone. `default_id` empty: the price of the step before.

    `new_terms` are those of the new default price that the current one lacks.
    """

    texts: Texts = field(default_factory=dict)
    active: bool | None = None
    default: PriceSpec | None = None
    default_id: str = ""
    new_terms: Texts = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[Field]:
        active = {Field.ACTIVE} if self.active is not None else set()
        price = {Field.PRICE} if self.default is not None else set()
        return frozenset({*self.texts, *active, *price})

    def sentences(self, price: PriceSpec | None) -> list[str]:
        """What this does besides moving the default; `price`: what the course will cost."""
        said: list[str] = []
        if self.active:
            words = _("The course goes on sale at %(price)s.") if price else _("The course goes on sale.")
            said.append(words % {"price": price})
        if self.active is False:
            said.append(_("The course goes off sale."))
        return said + [BY_FIELD[name].plan_sentence(value) for name, value in self.texts.items()]


@dataclass(frozen=True, slots=True)
class CreatePrice:
    spec: PriceSpec
    terms: Texts = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[Field]:
        return frozenset({Field.PRICE, *self.terms})

    def __str__(self) -> str:
        return _("New price: %(price)s.") % {"price": self.spec}


@dataclass(frozen=True, slots=True)
class UpdatePrice:
    """Terms that Stripe lets a price change."""

    price_id: str
    terms: Texts

    @property
    def fields(self) -> frozenset[Field]:
        return frozenset(self.terms)


@dataclass(frozen=True, slots=True)
class ActivatePrice:
    """Reactivate an archived price; `terms` are changed with it."""

    price_id: str
    spec: PriceSpec
    terms: Texts = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[Field]:
        return frozenset({Field.PRICE, *self.terms})

    def __str__(self) -> str:
        return _("The price is %(price)s again.") % {"price": self.spec}


@dataclass(frozen=True, slots=True)
class ArchivePrice:
    price_id: str
    spec: PriceSpec | None

    fields = frozenset({Field.PRICE})


type Step = CreateProduct | UpdateProduct | CreatePrice | UpdatePrice | ActivatePrice | ArchivePrice


def plan(desired: Desired, observed: Observed, *, excluded: frozenset[Field] = frozenset()) -> tuple[Step, ...]:
    """The fewest requests that make `observed` what is `desired`, without `excluded` fields (drifted, rejected)."""
    if Field.PRODUCT in excluded:
        return ()
    desired = replace(desired, texts=_without(desired.texts, excluded), terms=_without(desired.terms, excluded))
    if not observed.exists:
        return _create(desired, excluded)
    if Field.PRICE in excluded:
        return _update(desired, observed, excluded, UpdateProduct())
    target = _reusable(desired, observed)
    return (
        *_make_price(desired, observed, target),
        *_update(desired, observed, excluded, _moved_default(desired, observed, target)),
        *_archive_others(desired.price, observed, target),
    )


def _without(texts: Texts, excluded: frozenset[Field]) -> Texts:
    return {name: value for name, value in texts.items() if name not in excluded}


def _differing(wanted: Texts, seen: Texts) -> Texts:
    """The part of `wanted` that differs; a field never seen counts as Stripe's initial value."""
    return {name: value for name, value in wanted.items() if value != seen.get(name, BY_FIELD[name].empty)}


def _create(desired: Desired, excluded: frozenset[Field]) -> tuple[Step, ...]:
    if desired.price is None or excluded & NEEDED_TO_CREATE:
        return ()
    return (CreateProduct(desired.texts, desired.active, desired.price, desired.terms),)


def _reusable(desired: Desired, observed: Observed) -> ObservedPrice | None:
    """A price that has, or can be given, the desired terms: the default, else an active one, else the newest."""
    if desired.price is None:
        return None
    return max(
        (price for price in observed.prices if price.spec == desired.price and _can_have(price, desired.terms)),
        key=lambda price: (price.id == observed.default_price, price.active, price.created, price.id),
        default=None,
    )


def _can_have(price: ObservedPrice, terms: Texts) -> bool:
    """Whether Stripe lets the price have these terms: some cannot be changed once set."""
    return all(
        BY_FIELD[name].can_become(value, seen=price.terms.get(name, BY_FIELD[name].empty))
        for name, value in terms.items()
    )


def _make_price(desired: Desired, observed: Observed, target: ObservedPrice | None) -> tuple[Step, ...]:
    """The step that makes the desired price active; none if one is already."""
    if desired.price is None:
        return ()
    if target is None:
        # An excluded term keeps its current value, as when the amount is changed in the Dashboard.
        return (CreatePrice(desired.price, {**observed.terms, **desired.terms}),)
    changes = _differing(desired.terms, target.terms)
    if not target.active:
        return (ActivatePrice(target.id, desired.price, changes),)
    return (UpdatePrice(target.id, changes),) if changes else ()


def _moved_default(desired: Desired, observed: Observed, target: ObservedPrice | None) -> UpdateProduct:
    """The part of the update that makes the desired price the default, if it is not."""
    if desired.price is None or (target and target.id == observed.default_price):
        return UpdateProduct()
    new_terms = _differing(desired.terms, observed.terms) if observed.default_price else {}
    return UpdateProduct(default=desired.price, default_id=target.id if target else "", new_terms=new_terms)


def _update(desired: Desired, observed: Observed, excluded: frozenset[Field], moved: UpdateProduct) -> tuple[Step, ...]:
    """All differences of the product, in the request that moves the default."""
    active = None if Field.ACTIVE in excluded or desired.active == observed.active else desired.active
    if active and Field.PRICE in excluded:
        active = None  # it would go on sale at a price that nobody here chose
    update = replace(moved, texts=_differing(desired.texts, observed.texts), active=active)
    return (update,) if update.fields else ()


def _archive_others(wanted: PriceSpec | None, observed: Observed, target: ObservedPrice | None) -> tuple[Step, ...]:
    """In sync, one price is active: the default; while free and without a default, the newest of ours."""
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
    """The whole plan in sentences for the page: "New price $59.00 replaces $49.00. …"; empty if there are no steps.

    `price` is what the course will cost, named if it goes on sale; `before` what it costs now, which its subscribers go
    on paying. With `on_sale` False, whether the course is on sale is left to the caller.
    """
    steps = tuple(steps) if on_sale else tuple(_without_availability(step) for step in steps)
    sentences = [*_term_sentences(steps), _price_sentence(steps)]
    sentences += [str(step) for step in steps if isinstance(step, CreateProduct) and on_sale]
    sentences += [sentence for step in steps if isinstance(step, UpdateProduct) for sentence in step.sentences(price)]
    sentences += _for_buyers(steps, before)
    return " ".join(filter(None, sentences))


def _without_availability(step: Step) -> Step:
    return replace(step, active=None) if isinstance(step, UpdateProduct) else step


def _term_sentences(steps: tuple[Step, ...]) -> list[str]:
    """Further terms of the price that change for buyers."""
    terms: dict[Field, str] = {}
    for step in steps:
        match step:
            case UpdatePrice(terms=changed) | ActivatePrice(terms=changed) | UpdateProduct(new_terms=changed):
                terms |= changed
    return [BY_FIELD[name].plan_sentence(value) for name, value in terms.items()]


def _price_sentence(steps: tuple[Step, ...]) -> str:
    """Creating a price, moving the default and archiving the old price are one change to a reader."""
    retired = [step for step in steps if isinstance(step, ArchivePrice)]
    facts = {"old": get_text_list([str(step.spec or _("a price made in Stripe")) for step in retired], _("and"))}
    made = next((step for step in steps if isinstance(step, CreatePrice | ActivatePrice)), None)
    moved = next((step.default for step in steps if isinstance(step, UpdateProduct) and step.default), None)
    if made is None and moved is None:
        return _("No longer sold: %(old)s.") % facts if retired else ""
    if not retired:
        return str(made or (moved and _("The price becomes %(price)s.") % {"price": moved}))
    if isinstance(made, CreatePrice) and all(step.spec == made.spec for step in retired):
        return _("Stripe never changes that on a price once it is set: a new one of %(new)s takes its place.") % {
            "new": made.spec
        }
    if isinstance(made, CreatePrice):
        return _("New price %(new)s replaces %(old)s.") % {**facts, "new": made.spec}
    if isinstance(made, ActivatePrice):
        return _("The earlier price %(new)s replaces %(old)s.") % {**facts, "new": made.spec}
    return _("Price %(new)s replaces %(old)s.") % {**facts, "new": moved}


def _for_buyers(steps: tuple[Step, ...], before: PriceSpec | None) -> list[str]:
    """What it means for people who bought the course, and for subscribers."""
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
