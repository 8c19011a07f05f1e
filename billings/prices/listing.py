"""All prices, as staff ask for them: searched, filtered, sorted, counted and cut into pages."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
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
from billings.plan import Field
from billings.status import STATES, annotate_state
from web import search
from web.paging import PageLink, page_links

PER_PAGE = 24
MAX_WORDS = 10
DEFAULT_SORT = "title"
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
_PAGE = re.compile("[1-9][0-9]{0,8}")
# As Stripe makes ids, and as we choose those of products.
_STRIPE_ID = re.compile("(?:prod|price|course)_[0-9a-z_]", re.IGNORECASE)
_NUMBER, _SIGN = r"[0-9][0-9.,'’]{0,20}", r"[^\W\d_]{1,4}\.?|[^\W\d_]{0,3}[^\w\s.,'’-]"
_AMOUNT_AND_SIGN = re.compile(rf"(?:{_SIGN}) ?{_NUMBER}|{_NUMBER} ?(?:{_SIGN})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; what it does not know, it ignores."""

    q: str = ""
    status: str = ""
    billing: str = ""
    currency: str = ""
    cause: str = ""
    sort: str = DEFAULT_SORT
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        def known(name: str, values: Any, otherwise: str = "") -> str:
            value = query.get(name, "")
            return value if value.removeprefix("-" if name == "sort" else "") in values else otherwise

        page = query.get("page", "")
        return cls(
            # A database refuses the character that ends strings in C.
            q=" ".join(query.get("q", "").replace("\0", " ").split()),
            status=known("status", Availability.values),
            billing=known("billing", STATES),
            currency=known("currency", money.CURRENCIES),
            cause=known("cause", CAUSES),
            sort=known("sort", SORTS, DEFAULT_SORT),
            page=int(page) if _PAGE.fullmatch(page) else 1,
        )

    @property
    def filters(self) -> bool:
        return bool(self.q or self.status or self.billing or self.currency or self.cause)

    @property
    def query(self) -> str:
        """The query string that asks for exactly this, with its question mark; empty for the whole list."""
        asked = {
            "q": self.q,
            "status": self.status,
            "billing": self.billing,
            "currency": self.currency,
            "cause": self.cause,
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
            "page": "" if self.page == 1 else self.page,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"?{query}" if query else ""

    @property
    def url(self) -> str:
        return reverse("billings:prices") + self.query

    def but(self, **changed: Any) -> "Wanted":
        """The same list with something changed, from its first page on unless a page is named."""
        return replace(self, **({"page": 1} | changed))

    def address(self, name: str, course_id: UUID) -> str:
        """The address of something in a row; it carries the list, so that one comes back to it."""
        return reverse(f"billings:{name}", args=[course_id]) + self.query


@dataclass(frozen=True, slots=True)
class StateLink:
    """A billing state as a link: how many courses are behind it, and whether it is the one in force."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading. Its link (if any) sorts by it; once more, the other way round."""

    label: str
    url: str = ""
    order: str = ""  # for aria-sort: empty where another column sorts


@dataclass(frozen=True, slots=True)
class Listing:
    wanted: Wanted
    page: Page[BillingProduct]
    states: list[StateLink]
    retry_count: int = 0
    """How many of those that match could be tried again at once."""

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def page_links(self) -> list[PageLink]:
        return page_links(self.page, lambda number: self.wanted.but(page=number).url)

    @property
    def sorted_by_price(self) -> bool:
        return self.wanted.sort.removeprefix("-") == "price"

    @property
    def next_url(self) -> str | None:
        return self.wanted.but(page=self.page.next_page_number()).url if self.page.has_next() else None

    @property
    def previous_url(self) -> str | None:
        return self.wanted.but(page=self.page.previous_page_number()).url if self.page.has_previous() else None

    @property
    def headings(self) -> list[Heading]:
        return [
            _heading(self.wanted, "title", _("Course")),
            _heading(self.wanted, "teacher", _("Teacher")),
            _heading(self.wanted, "price", _("Price")),
            Heading(_("Billing")),
            Heading(_("Status")),
            _heading(self.wanted, "changed", _("Changed")),
        ]


class _Counted(Paginator[BillingProduct]):
    """A paginator that was told how many there are."""

    def __init__(self, rows: QuerySet[BillingProduct], total: int) -> None:
        super().__init__(rows, PER_PAGE)
        self.total = total

    @cached_property
    def count(self) -> int:
        return self.total


def listing(wanted: Wanted) -> Listing:
    """The page that is wanted; one past the end is the last one. Six queries, whatever is listed."""
    found = annotate_state(_matching(wanted.q), prefix="").annotate(priced_in=_priced_in())
    chosen = found.filter(**_chosen(wanted))
    counts = _counts(found.filter(**_chosen(wanted.but(billing=""))))
    total = counts[wanted.billing] if wanted.billing else counts.total()
    page = _Counted(with_course(chosen.order_by(*_order(wanted.sort))), total).get_page(wanted.page)
    retry_count = sum(counts[state] for state in RETRIED if wanted.billing in ("", state))
    return Listing(wanted.but(page=page.number), page, _state_links(wanted, counts), retry_count)


def to_retry(wanted: Wanted) -> QuerySet[BillingProduct]:
    """Those that match and could be tried again at once: what waits for its time, and what a person had to see to."""
    found = annotate_state(_matching(wanted.q), prefix="").annotate(priced_in=_priced_in())
    chosen: QuerySet[BillingProduct] = found.filter(**_chosen(wanted)).filter(billing_state__in=RETRIED)
    return chosen


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


def _chosen(wanted: Wanted) -> dict[str, str]:
    chosen = {"desired_status": wanted.status, "billing_state": wanted.billing, "priced_in": wanted.currency}
    if wanted.cause.startswith(REJECTED):
        chosen["rejections__field"] = wanted.cause.removeprefix(REJECTED)
    else:
        chosen["trouble"] = wanted.cause
    return {name: value for name, value in chosen.items() if value}


def _counts(found: QuerySet[Any]) -> Counter[str]:
    return Counter(dict(found.order_by().values_list("billing_state").annotate(Count("pk"))))


def _order(sort: str) -> list[OrderBy]:
    """What was never priced comes last where the newest come first, and first the other way round."""
    descending = sort.startswith("-")
    nulls: dict[str, Any] = {"nulls_last": True} if descending else {"nulls_first": True}
    order = [OrderBy(part, descending=descending, **nulls) for part in SORTS[sort.removeprefix("-")]]
    return [*order, F("course__sort_key").asc(), F("pk").asc()]


def _heading(wanted: Wanted, name: str, label: str) -> Heading:
    first, other = (f"-{name}", name) if name == "changed" else (name, f"-{name}")
    order = {name: "ascending", f"-{name}": "descending"}.get(wanted.sort, "")
    return Heading(label, wanted.but(sort=other if wanted.sort == first else first).url, order)


def _state_links(wanted: Wanted, counts: Counter[str]) -> list[StateLink]:
    links = [StateLink(_("All"), counts.total(), wanted.but(billing="").url, chosen=not wanted.billing)]
    for state, label in state_labels().items():
        if counts[state] or state == wanted.billing:
            link = StateLink(label, counts[state], wanted.but(billing=state).url, chosen=state == wanted.billing)
            links.append(link)
    return links


def state_labels() -> dict[str, str]:
    return {
        "in_sync": _("Up to date"),
        "pending": _("Saving"),
        "retrying": _("Waiting for Stripe"),
        "attention": _("Needs attention"),
        "drift": _("Changed in Stripe"),
        "free": _("Free"),
        "archived": _("Not for sale"),
    }
