"""A course's status in Stripe: one state, in sentences, and as JSON.

docs/api.md lists the states and their order. `state_of` computes the state from a row and its relations;
`BillingProduct.state` is the same in the database, so that lists can filter and count by it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import F, FilteredRelation, Model, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billings import clock, horizons, money
from billings.drift import wording as drifts
from billings.drift.wording import DriftChoice
from billings.models import TROUBLE_FOR_PEOPLE, Availability, BillingPrice, BillingProduct, Drift, Rejection, Trouble
from billings.product_fields import Field
from billings.stripe_api import stripe_pages

# In the order in which they are checked: the first that applies is the state.
STATES = ("attention", "drift", "retrying", "pending", "archived", "free", "in_sync")
# In the order of the filters.
STATE_LABELS = {
    "in_sync": gettext_lazy("Up to date"),
    "pending": gettext_lazy("Saving"),
    "retrying": gettext_lazy("Waiting for Stripe"),
    "attention": gettext_lazy("Needs attention"),
    "drift": gettext_lazy("Changed in Stripe"),
    "free": gettext_lazy("Free"),
    "archived": gettext_lazy("Not for sale"),
}
# Relations of a BillingProduct that `describe` and `as_json` read: prefetch them for lists.
PREFETCH = ("drifts", "rejections", "rejections__request", "prices")
# Columns that no row of a list shows.
UNLISTED = ("observed_name", "observed_description", "observed_image", "search_title", "sort_key", "teacher")
# Poll soon at first, then less often.
POLL_SECONDS = 1
SLOW_POLL_SECONDS = 5


# Longer waits are shown in minutes, without a countdown.
LONGEST_COUNTDOWN = 120


@dataclass(frozen=True)
class Status:
    """A course's status for a page of `staff` or its teacher; texts are computed on access.

    Lists show only the label of each row; computing unused sentences took longer than the labels.
    """

    product: BillingProduct
    staff: bool

    @cached_property
    def state(self) -> str:
        return state_of(self.product)

    @cached_property
    def label(self) -> str:
        """The label if the price is shown nowhere else."""
        return _label(self.state, self.product)

    @cached_property
    def short_label(self) -> str:
        """The label in a table."""
        return _short_label(self.state, self.product)

    @cached_property
    def sentence(self) -> str:
        return _sentence(self.state, self.product, staff=self.staff)

    @cached_property
    def cause(self) -> str:
        """While waiting for Stripe, the sentence without the countdown."""
        return _retrying(self.product) if self.state == "retrying" else ""

    @cached_property
    def retry_seconds(self) -> int | None:
        """Seconds until the next try, while waiting for Stripe."""
        return _retry_seconds(self.product) if self.state == "retrying" else None

    @cached_property
    def product_line(self) -> str:
        return _product_line(self.state, self.product, staff=self.staff)

    @cached_property
    def price_line(self) -> str:
        return _price_line(self.product) if self.staff else ""

    @cached_property
    def still(self) -> str:
        """What Stripe still sells instead, for a reader of the desired price."""
        return _still(self.product)

    @cached_property
    def stripe_url(self) -> str:
        return _stripe_url(self.product) if self.staff else ""

    @cached_property
    def poll_seconds(self) -> int | None:
        return _poll_seconds(self.state, self.product)

    @cached_property
    def can_retry(self) -> bool:
        if self.state == "attention":
            return self.staff or not _is_staffs_problem(self.product)
        return self.state == "retrying"

    @cached_property
    def drifts(self) -> tuple[DriftChoice, ...]:
        """Decisions for staff; none for teachers."""
        if not self.staff:
            return ()
        return tuple(drifts.choice(self.product, drift) for drift in drifts.open_drifts(self.product))

    @property
    def countdown(self) -> bool:
        """Whether the next try is close enough for a countdown."""
        return self.retry_seconds is not None and self.retry_seconds <= LONGEST_COUNTDOWN


def prefetch(product: BillingProduct) -> None:
    """Load everything that `describe` reads for one product: one query if there are neither drifts nor rejections."""
    prefetch_related_objects([product], "prices")
    _prefetch_excluded([product])


def with_default_price[Row: Model](rows: QuerySet[Row], billing: str = "") -> QuerySet[Row]:
    """Each row with Stripe's default price in the same query, as `prefetch_listed` takes it from there.

    `billing` leads from a row to its billing product: "billing" from a course.
    """
    prefix = f"{billing}__" if billing else ""
    is_default = Q(**{f"{prefix}prices__stripe_id": F(f"{prefix}observed_default_price")})
    default_price = FilteredRelation(f"{prefix}prices", condition=is_default)
    priced: QuerySet[Any] = rows.annotate(default_price=default_price).select_related("default_price")
    return priced


def prefetch_listed(rows: Iterable[Model], billing: str = "") -> None:
    """Complete rows read by `with_default_price` with what `describe` and `as_json` read.

    No query if none is drifted or rejected, two at most. Of the prices they have the default one alone, which is all
    that a list shows; a plan needs `prefetch`.
    """
    products = []
    for row in rows:
        product: Any = getattr(row, billing) if billing else row
        # Django sets no attribute at all if the relation is empty.
        default_price = getattr(row, "default_price", None)
        _remember(product, "prices", [default_price] if default_price else [])
        products.append(product)
    _prefetch_excluded(products)


def _prefetch_excluded(products: list[BillingProduct]) -> None:
    """Open drifts and rejections, asking only for those products whose flags say that there are some."""
    for product in products:
        if not product.has_drift:
            _remember(product, "drifts", [])
        if not product.has_rejection:
            _remember(product, "rejections", [])
    # What is remembered is not fetched.
    prefetch_related_objects(
        products,
        Prefetch("drifts", Drift.objects.filter(closed_at=None)),
        Prefetch("rejections", Rejection.objects.select_related("request")),
    )


def _remember(product: BillingProduct, relation: str, rows: list[Any]) -> None:
    """Have `product.<relation>.all()` return these rows without a query, exactly as Django's own prefetch does."""
    known: Any = getattr(product, relation).get_queryset()
    known._result_cache, known._prefetch_done = rows, True
    product.__dict__.setdefault("_prefetched_objects_cache", {})[relation] = known


def state_of(product: BillingProduct) -> str:
    """The state in the order of `BillingProduct.state`, from one row and its prefetched relations."""
    if product.trouble in TROUBLE_FOR_PEOPLE or product.rejections.all():
        return "attention"
    if drifts.open_drifts(product):
        return "drift"
    if product.trouble:
        return "retrying"
    if product.generation > product.observed_generation:
        return "pending"
    if product.desired_status == Availability.ARCHIVED:
        return "archived"
    return "free" if product.price is None else "in_sync"


def describe(product: BillingProduct, *, staff: bool) -> Status:
    """Label, sentence and lines for the page; Stripe ids and decisions on drift are for `staff` only."""
    return Status(product, staff)


def _label(state: str, product: BillingProduct) -> str:
    if state == "in_sync":
        on_sale = product.desired_status == Availability.PUBLISHED
        words = _("On sale at %(price)s") if on_sale else _("Ready at %(price)s")
        return words % {"price": product.price}
    return _("Saving…") if state == "pending" else str(STATE_LABELS[state])


def _short_label(state: str, product: BillingProduct) -> str:
    """The label beside a price, without what the row shows already."""
    published = product.desired_status == Availability.PUBLISHED
    match state:
        case "in_sync":
            return _("On sale") if published else _("Ready")
        case "free":
            return _("Published") if published else _("Draft")
    return _label(state, product)


def _sentence(state: str, product: BillingProduct, *, staff: bool) -> str:
    match state:
        case "attention":
            return _attention(product, staff=staff)
        case "drift":
            cause = [_("The portal's own data is older than Stripe's, as after restoring a backup.")]
            return " ".join(
                [
                    *(drifts.sentence(drift) for drift in drifts.open_drifts(product)),
                    *(cause if is_older_than_stripe(product) else []),
                    _who_decides(product, staff=staff),
                ]
            )
        case "retrying":
            return f"{_retrying(product)} {_next_try(product)}"
        case "pending":
            return _("Saved here. Stripe is being told; this page will say when.")
        case "archived":
            return _("Archived. People who bought it keep it; subscribers go on paying until they cancel.")
        case "free":
            return _("Nothing is sold in Stripe. Set a price to sell this course.")
    return _in_sync(product)


def _in_sync(product: BillingProduct) -> str:
    live = product.desired_status == Availability.PUBLISHED
    if product.confirmed_at is None:
        return _("Live in Stripe.") if live else _("Set up in Stripe, and not on sale yet.")
    checked = {"when": ago(product.confirmed_at)}
    if live:
        return _("Live in Stripe, checked %(when)s.") % checked
    return _("Set up in Stripe, and not on sale yet; checked %(when)s.") % checked


def ago(when: datetime) -> str:
    """ago(now) = "just now"; from a minute on, as `naturaltime` says it."""
    return _("just now") if clock.now() - when < timedelta(minutes=1) else str(naturaltime(when))


def _who_decides(product: BillingProduct, *, staff: bool) -> str:
    if not staff:
        return _("Your school's price team decides.")
    open_fields = {drift.field for drift in drifts.open_drifts(product)}
    return _("Choose below which price stays.") if open_fields == {Field.PRICE} else _("Choose below what stays.")


def _retrying(product: BillingProduct) -> str:
    return " ".join([TROUBLES[product.trouble](), _("Your change is safe.")])


TROUBLES: dict[str, Callable[[], str]] = {
    Trouble.UNREACHABLE: lambda: _("Stripe could not be reached."),
    Trouble.SLOW: lambda: _("Stripe did not answer."),
    Trouble.FAILING: lambda: _("Stripe has trouble of its own."),
    Trouble.BUSY: lambda: _("Stripe is still busy with the call before."),
    Trouble.RATE_LIMITED: lambda: _("Stripe asked us to slow down."),
}


def _next_try(product: BillingProduct) -> str:
    seconds = _retry_seconds(product)
    if seconds is None:
        return _("Next try shortly.")
    if seconds <= LONGEST_COUNTDOWN:
        return ngettext("Next try in %(n)d s.", "Next try in %(n)d s.", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    return ngettext("Next try in %(n)d minute.", "Next try in %(n)d minutes.", minutes) % {"n": minutes}


def _retry_seconds(product: BillingProduct) -> int | None:
    """Whole seconds until the next try; None if it is due."""
    due, now = product.next_attempt_at, clock.now()
    if due is None or not horizons.is_believed(due, now, horizons.next_attempt()):
        return None
    seconds = round((due - now).total_seconds())
    return seconds if seconds > 0 else None


def _is_staffs_problem(product: BillingProduct) -> bool:
    return product.trouble in TROUBLE_FOR_PEOPLE


def _attention(product: BillingProduct, *, staff: bool) -> str:
    """What happened, what we do, what you can do: a sentence each."""
    if _is_staffs_problem(product) and not staff:
        return _(
            "The school's connection to Stripe needs attention. "
            "Your change is safe and is sent by itself afterwards. There is nothing for you to do: staff see it."
        )
    match product.trouble:
        case Trouble.KEY:
            return _(
                "Stripe does not accept the key of this portal. Every change waits and is tried every two minutes. "
                "Put a valid STRIPE_SECRET_KEY into the settings."
            )
        case Trouble.PERMISSION:
            return _(
                "The key may not do this in Stripe: “%(why)s” Every change waits and is tried every two minutes. "
                "Give the key write access to Products and Prices; the Sync page lists what it lacks."
            ) % {"why": clean(product.trouble_message)}
        case Trouble.ACCOUNT:
            return _("%(what)s Nothing is sent there. Put back the key of the account that sells these courses.") % {
                "what": product.trouble_message
            }
    rejected = product.rejections.all()[0].request
    return _("Stripe rejected this: %(why)s Everything else is up to date. Change the value, or try again.") % {
        "why": clean(rejected.error_message)
    }


def rejections(product: BillingProduct) -> dict[Field, str]:
    """What Stripe rejected, with its message, by field (no query if prefetched)."""
    return {
        Field(one.field): _("Stripe rejected this: %(why)s") % {"why": clean(one.request.error_message)}
        for one in product.rejections.all()
    }


def clean(message: str) -> str:
    """Stripe's message without sentences that refer developers to a URL."""
    sentences = [one for one in re.split(r"(?<=[.!?])\s+", message.strip()) if "://" not in one]
    words = " ".join(sentences) or _("no reason given")
    return words if words.endswith((".", "!", "?")) else f"{words}."


def is_older_than_stripe(product: BillingProduct) -> bool:
    """Whether Stripe was told a generation that this database did not send."""
    return product.metadata_generation > product.sent_generation


def _product_line(state: str, product: BillingProduct, *, staff: bool) -> str:
    """What Stripe sells; for a teacher only while that may differ from the course."""
    price = observed_price(product)
    if staff:
        if not product.exists:
            return ""
        words = _("Product: on sale") if product.observed_active else _("Product: not on sale")
        return f"{words} ({product.stripe_id})"
    if price is None or not product.observed_active or state == "in_sync":
        return ""
    return _("Stripe sells it at %(price)s at the moment.") % {"price": price.words}


def _price_line(product: BillingProduct) -> str:
    """The price with its id, for staff; not the former price of a course that is free now."""
    price = observed_price(product)
    if price is None or (product.price is None and not product.observed_active):
        return ""
    words = _("Price: %(price)s") % {"price": price.words}
    return f"{words} ({price.stripe_id})"


def _still(product: BillingProduct) -> str:
    price = observed_price(product)
    sold = price if product.observed_active else None
    wanted = product.price if product.desired.active else None
    if sold is None:
        return _("Not on sale in Stripe yet") if wanted else ""
    if sold.spec == wanted:
        return ""
    if any(drift.field == Field.PRICE for drift in drifts.open_drifts(product)):
        return _("Stripe sells it at %(price)s") % {"price": sold.words}
    return _("Stripe still sells it at %(price)s") % {"price": sold.words}


def _stripe_url(product: BillingProduct) -> str:
    if not product.exists:
        return ""
    return stripe_pages.product_url(product.stripe_id, account=product.account, livemode=product.livemode)


def observed_price(product: BillingProduct) -> BillingPrice | None:
    """Stripe's default price as it was last seen."""
    return drifts.default_price(product) if product.exists else None


def _poll_seconds(state: str, product: BillingProduct) -> int | None:
    """Seconds until the page should poll again; None if nothing will change by itself."""
    if state == "pending":
        return POLL_SECONDS
    if state == "retrying" and product.next_attempt_at:
        left = _retry_seconds(product) or 0
        return min(max(left + 1, POLL_SECONDS), SLOW_POLL_SECONDS)
    behind = product.generation > product.observed_generation
    return SLOW_POLL_SECONDS if behind and not _is_staffs_problem(product) else None


def as_json(product: BillingProduct) -> dict[str, Any]:
    """The `billing` object of a course in JSON."""
    price = observed_price(product)
    state = state_of(product)
    return {
        "state": state,
        "generation": product.generation,
        "observed_generation": product.observed_generation,
        "product": {"stripe_id": product.stripe_id, "active": product.observed_active} if product.exists else None,
        "price": None
        if price is None
        else {
            "stripe_id": price.stripe_id,
            "unit_amount": price.unit_amount,
            "currency": price.currency,
            "interval": price.interval or None,
            "active": price.active,
        },
        "error": _sentence(state, product, staff=False) if state in ("attention", "drift", "retrying") else None,
    }


def price_as_json(price: money.PriceSpec | None) -> dict[str, Any] | None:
    """The `price` object of a course in JSON; its fields are those of the form."""
    if price is None:
        return None
    return {
        "amount": money.decimal_string(price.money),
        "currency": price.currency,
        "billing_interval": price.interval or "one_time",
        "unit_amount": price.unit_amount,
        "display": str(price),
    }
