"""All prices, as staff ask for them: searched, filtered, sorted, counted and cut into pages."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import money
from billings.models import Availability, BillingPrice, BillingProduct, Rejection, Trouble
from billings.product_fields import Field
from billings.status import STATE_LABELS
from web import search
from web.list_query import ListQuery, Table
from web.paging import Choice, CountedPaginator, Heading, ListPage, heading

PER_PAGE = 24
SORTS: Mapping[str, tuple[F | Lower | Case, ...]] = {
    "title": (F("course__sort_key"),),
    "teacher": (Lower("course__owner__email"),),
    # Amounts of different currencies have no order: free courses first, then currency by currency.
    "price": (
        Case(When(desired_unit_amount=None, then=0), default=1, output_field=IntegerField()),
        F("desired_currency"),
        F("desired_unit_amount"),
    ),
    "changed": (F("price_changed_at"),),
}
RETRIED = ("retrying", "attention")
# Why a course waits or needs attention: what went wrong with its last try, or the field that Stripe rejected.
REJECTED = "rejected_"
CAUSES = frozenset({*(trouble.value for trouble in Trouble if trouble), *(f"{REJECTED}{name}" for name in Field)})
# As Stripe makes ids, and as we choose those of products.
_STRIPE_ID = re.compile("(?:prod|price|course)_[0-9a-z_]", re.IGNORECASE)
_NUMBER, _SIGN = r"[0-9][0-9.,'’]{0,20}", r"[^\W\d_]{1,4}\.?|[^\W\d_]{0,3}[^\w\s.,'’-]"
_AMOUNT_AND_SIGN = re.compile(rf"(?:{_SIGN}) ?{_NUMBER}|{_NUMBER} ?(?:{_SIGN})")


PRICES = Table(
    "billings:prices",
    filters={
        "status": Availability.values,
        "billing": STATE_LABELS,
        "currency": money.CURRENCIES,
        "cause": CAUSES,
    },
    sorts=SORTS,
    default_sort="title",
)


@dataclass(frozen=True, slots=True)
class Listing(ListPage[BillingProduct]):
    states: list[Choice]
    retry_count: int = 0
    """How many of those that match could be tried again at once."""

    @property
    def headings(self) -> list[Heading]:
        return [
            heading(self.query, "title", _("Course")),
            heading(self.query, "teacher", _("Teacher")),
            heading(self.query, "price", _("Price")),
            Heading(_("Billing")),
            Heading(_("Status")),
            heading(self.query, "-changed", _("Changed")),
        ]


def listing(query: ListQuery) -> Listing:
    """The page that is asked for; one past the end is the last one. Six queries, whatever is listed."""
    found = _matching(query.q).annotate(priced_in=_priced_in())
    chosen = found.filter(**_chosen(query))
    counts = _counts(found.filter(**_chosen(query.but(billing=""))))
    total = counts[query.filters["billing"]] if query.filters["billing"] else counts.total()
    rows = with_course(chosen.order_by(*_order(query.sort)))
    page = CountedPaginator(rows, PER_PAGE, total).get_page(query.page)
    retry_count = sum(counts[state] for state in RETRIED if query.filters["billing"] in ("", state))
    return Listing(query.but(page=page.number), page, _state_choices(query, counts), retry_count)


def to_retry(query: ListQuery) -> QuerySet[BillingProduct]:
    """Those that match and could be tried again at once: what waits for its time, and what a person had to see to."""
    found = _matching(query.q).annotate(priced_in=_priced_in())
    chosen: QuerySet[BillingProduct] = found.filter(**_chosen(query)).filter(state__in=RETRIED)
    return chosen


def row_url(name: str, course_id: UUID, query: ListQuery) -> str:
    """The address of something in a row; it carries the list, so that one comes back to it."""
    return reverse(f"billings:{name}", args=[course_id]) + query.query_string


def with_course(products: QuerySet[BillingProduct]) -> QuerySet[BillingProduct]:
    """Products with everything a row is told from, in a constant number of queries."""
    rejections = Prefetch("rejections", Rejection.objects.select_related("request"))
    return products.select_related("course__owner").prefetch_related("drifts", rejections, "prices")


def currencies_in_use() -> list[str]:
    priced = BillingProduct.objects.exclude(desired_unit_amount=None)
    return list(priced.order_by("desired_currency").values_list("desired_currency", flat=True).distinct())


def _matching(q: str) -> QuerySet[BillingProduct]:
    """Every word of `q` must stand in the title or in the teacher's e-mail address, whatever its case and marks.

    A word that looks like an id of Stripe's finds that, and one or two that are an amount with its currency a price.
    """
    found = BillingProduct.objects.all()
    asked = q.split()[: search.MAX_WORDS]
    while asked:
        price = priced(" ".join(asked[:2])) if len(asked) > 1 else None
        size = 2 if price else 1
        price = price or priced(asked[0])
        text = Q()
        for word in asked[:size]:
            text &= _in_text(word)
        found = found.filter(text | price if price else text)
        asked = asked[size:]
    return found


def _in_text(word: str) -> Q:
    found = Q(course__owner__email__icontains=word)
    folded = search.words(word)
    if folded:
        found |= Q(*(Q(course__search_title__contains=part) for part in folded))
    if _STRIPE_ID.match(word):
        price = BillingPrice.objects.filter(product=OuterRef("pk"), stripe_id__iexact=word)
        found |= Q(stripe_id__istartswith=word) | Q(Exists(price))
    return found


@lru_cache(maxsize=1024)
def priced(text: str, prefix: str = "") -> Q | None:
    """The price that this is, with the sign or the code of its currency: "$49", "49 €", "chf 1,200.50"; else None.

    `prefix` leads from what is searched to its billing product: "billing__" from a course.
    """
    if not _AMOUNT_AND_SIGN.fullmatch(text):
        return None
    prices = []
    for currency in money.CURRENCIES:
        try:
            amount = money.parse_amount(text, currency).amount
        except money.MoneyError:
            continue
        is_price = {f"{prefix}desired_currency": currency, f"{prefix}desired_unit_amount": amount}
        prices.append(Q(**is_price))
    return Q(*prices, _connector=Q.OR) if prices else None


def _priced_in() -> Case:
    """The currency, empty for a free course: it keeps one for the day it has a price, and is sold in none."""
    return Case(When(desired_unit_amount=None, then=Value("")), default=F("desired_currency"), output_field=CharField())


def _chosen(query: ListQuery) -> dict[str, str]:
    chosen = {
        "desired_status": query.filters["status"],
        "state": query.filters["billing"],
        "priced_in": query.filters["currency"],
    }
    cause = query.filters["cause"]
    if cause.startswith(REJECTED):
        chosen["rejections__field"] = cause.removeprefix(REJECTED)
    else:
        chosen["trouble"] = cause
    return {name: value for name, value in chosen.items() if value}


def _counts(found: QuerySet[Any]) -> Counter[str]:
    return Counter(dict(found.order_by().values_list("state").annotate(Count("pk"))))


def _order(sort: str) -> list[OrderBy]:
    """What was never priced comes last where the newest come first, and first the other way round."""
    descending = sort.startswith("-")
    nulls: dict[str, Any] = {"nulls_last": True} if descending else {"nulls_first": True}
    order = [OrderBy(part, descending=descending, **nulls) for part in SORTS[sort.removeprefix("-")]]
    return [*order, F("course__sort_key").asc(), F("pk").asc()]


def _state_choices(query: ListQuery, counts: Counter[str]) -> list[Choice]:
    chosen = query.filters["billing"]
    choices = [Choice("", _("All"), counts.total(), query.but(billing="").url, chosen=not chosen)]
    for state, label in STATE_LABELS.items():
        if counts[state] or state == chosen:
            url = query.but(billing=state).url
            choices.append(Choice(state, str(label), counts[state], url, chosen=state == chosen))
    return choices
