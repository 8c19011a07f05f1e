"""Drift in sentences, and as a choice: restore the local value, or accept Stripe's."""

import json
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from billings import money
from billings.models import Availability, BillingPrice, BillingProduct, Drift
from billings.price_descriptions import describe_change, describe_options
from billings.product_fields import BY_FIELD, Field
from web.bidi import has_controls

LABEL_LENGTH = 28


@dataclass(frozen=True, slots=True)
class DriftChoice:
    """One drift for staff to decide. `accept_label` is None if a course cannot hold the value; `why_not` says why."""

    id: int
    field: str
    words: str
    restore_label: str
    accept_label: str | None
    why_not: str
    shown: str
    restore_url: str
    accept_url: str


def open_drifts(product: BillingProduct) -> list[Drift]:
    return [drift for drift in product.drifts.all() if drift.closed_at is None]


@dataclass(frozen=True, slots=True)
class Beside:
    """What else a choice depends on: Stripe's current price, and whether the course has more drift."""

    default_price: BillingPrice | None
    has_others: bool


def beside(product: BillingProduct, drift: Drift) -> Beside:
    """No query if the product's drifts and prices are prefetched."""
    return Beside(default_price(product), any(other.pk != drift.pk for other in open_drifts(product)))


def choice(product: BillingProduct, drift: Drift, known: Beside | None = None) -> DriftChoice:
    """`known`: the result of `beside`, if a list has it already."""
    known = known or beside(product, drift)
    reason = _why_not(product, drift, known)
    where = [product.course_id, drift.pk]
    return DriftChoice(
        id=drift.pk,
        field=drift.field,
        words=sentence(drift),
        restore_label=_restore_label(product, drift),
        accept_label=None if reason else _accept_label(drift, known),
        why_not=reason,
        shown=token(drift),
        restore_url=reverse("courses:restore_local_value", args=where),
        accept_url=reverse("courses:accept_stripes_value", args=where),
    )


def as_json(choice: DriftChoice) -> dict[str, Any]:
    return {
        "id": choice.id,
        "field": choice.field,
        "words": choice.words,
        "shown": choice.shown,
        "restore_url": choice.restore_url,
        "accept_url": None if choice.why_not else choice.accept_url,
        "why_not": choice.why_not or None,
    }


def token(drift: Drift) -> str:
    """Identifies what was shown: opaque, and different as soon as Stripe holds something else."""
    facts = json.dumps([drift.pk, drift.remote_value], sort_keys=True)
    return salted_hmac("billings.drift.wording", facts, algorithm="sha256").hexdigest()[:32]


def was_shown(drift: Drift, shown: str) -> bool:
    return constant_time_compare(token(drift), shown)


def sentence(drift: Drift) -> str:
    """What was done in Stripe, in one sentence."""
    match drift.field:
        case Field.PRICE:
            return describe_change(drift.local_value, drift.remote_value)
        case Field.PRODUCT:
            return _("The product was deleted in Stripe.")
        case Field.ACTIVE:
            return _("It was put on sale in Stripe.") if drift.remote_value else _("It was taken off sale in Stripe.")
    return BY_FIELD[Field(drift.field)].drift_sentence(drift.remote_value)


def _restore_label(product: BillingProduct, drift: Drift) -> str:
    match drift.field:
        case Field.PRODUCT:
            return _("Create it again in Stripe")
        case Field.PRICE:
            return _("Restore %(ours)s") % {"ours": product.price or drift.local_value["words"]}
        case Field.ACTIVE:
            return _("Restore %(ours)s") % {"ours": _on_sale(product.desired.active)}
    entry = BY_FIELD[Field(drift.field)]
    if entry.restore_label:
        return str(entry.restore_label)
    return _("Restore %(ours)s") % {"ours": _quoted(entry.shown(getattr(product, entry.desired_column)))}


def _accept_label(drift: Drift, known: Beside) -> str:
    match drift.field:
        case Field.PRODUCT:
            return _("Accept, and make the course free")
        case Field.PRICE:
            price = known.default_price
            return _("Accept %(theirs)s") % {"theirs": price.spec if price else ""}
        case Field.ACTIVE:
            return _("Accept %(theirs)s") % {"theirs": _on_sale(drift.remote_value)}
    return _("Accept %(theirs)s") % {"theirs": _quoted(BY_FIELD[Field(drift.field)].shown(drift.remote_value))}


def _on_sale(is_active: bool) -> str:
    return _("“on sale”") if is_active else _("“not on sale”")


def _quoted(text: str) -> str:
    """Short enough for a button."""
    words = " ".join(text.split())
    if len(words) > LABEL_LENGTH:
        words = f"{words[: LABEL_LENGTH - 1].rstrip()}…"
    return f"“{words}”" if words else _("the empty text")


def default_price(product: BillingProduct) -> BillingPrice | None:
    """The product's default price as it was last seen."""
    return next((price for price in product.prices.all() if price.stripe_id == product.observed_default_price), None)


def why_not(product: BillingProduct, drift: Drift) -> str:
    """Why a course cannot hold Stripe's value, in a sentence; empty if it can."""
    return _why_not(product, drift, beside(product, drift))


def _why_not(product: BillingProduct, drift: Drift, known: Beside) -> str:
    match drift.field:
        case Field.PRICE:
            return _why_not_price(product, known.default_price)
        case Field.NAME:
            return _why_not_name(drift.remote_value)
        case Field.DESCRIPTION:
            return _why_not_description(product, drift.remote_value)
        case Field.ACTIVE:
            return _why_not_on_sale(product, known) if drift.remote_value else ""
        case Field.PRODUCT:
            return ""
    entry = BY_FIELD[Field(drift.field)]
    return str(entry.never_accepted) or entry.problem(drift.remote_value)


def _why_not_price(product: BillingProduct, price: BillingPrice | None) -> str:
    if price is None:
        return _("In Stripe the product has no default price. Restore our value, or set one in Stripe.")
    if price.currency_options:
        words = {"others": describe_options(price.currency_options)}
        return _("A course sells in one currency, and this price also sells at %(others)s. Restore our value.") % words
    if price.spec is None:
        return _("A course cannot cost what this price says (tiers, a trial, or another interval).")
    if price.spec == product.price:
        return _("A course has one price, and in Stripe there is more than that one. Restore our value.")
    try:
        money.check_limits(price.spec.money)
    except money.MoneyError as error:
        return str(error)
    return ""


def _why_not_name(remote: str) -> str:
    longest = _longest("title")
    if len(remote.strip()) > longest:
        return _("A course's title has at most %(n)d characters; this one has %(m)d.") % {
            "n": longest,
            "m": len(remote.strip()),
        }
    if has_controls(remote):
        return _(
            "In Stripe the title has hidden characters in it that turn the direction of reading. Restore our value."
        )
    return "" if remote.strip() else _("A course needs a title, and in Stripe there is none. Restore our value.")


def _why_not_description(product: BillingProduct, remote: str) -> str:
    longest = _longest("summary")
    if len(remote.strip()) > longest:
        return _("A course's summary has at most %(n)d characters; this one has %(m)d.") % {
            "n": longest,
            "m": len(remote.strip()),
        }
    if not remote.strip() and product.desired_status == Availability.PUBLISHED:
        return _("A published course needs a summary, and in Stripe there is none. Restore our value.")
    return ""


def _why_not_on_sale(product: BillingProduct, known: Beside) -> str:
    """Going on sale needs what its button needs: a price, a summary, and no other open drift."""
    if product.desired_status == Availability.ARCHIVED:
        return _("The course is archived, so it cannot be on sale. Restore our value, or bring the course back first.")
    if product.price is None:
        return _("The course is free, so there is nothing to sell. Restore our value, or set a price first.")
    if not product.desired_description:
        return _("A course on sale needs a summary. Restore our value, or have its teacher write one first.")
    if known.has_others:
        return _("Something else of this course was changed in Stripe. Decide that first.")
    return ""


def _longest(name: str) -> int:
    """The length of the course's own column."""
    course: Any = BillingProduct._meta.get_field("course").related_model
    return int(course._meta.get_field(name).max_length)
