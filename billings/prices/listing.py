"""All prices, as staff ask for them: searched, filtered, sorted, counted and cut into pages."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import money, status
from billings.models import SEARCH, Availability, BillingPrice, BillingProduct, Rejection, Trouble
from billings.product_fields import Field
from web import search
from web.list_query import ListQuery, Table
from web.paging import Choice, CountedPaginator, Heading, ListPage, Ordered, heading
from web.tallies import tally

PER_PAGE = 24
# Columns of a course that no row shows.
UNLISTED = ("summary", "description", "search_text", "search_title", "sort_key")
# Each has an index with just these columns; the last ones make it total.
SORTS: Mapping[str, tuple[str, ...]] = {
    "title": ("sort_key", "id"),
    "teacher": ("teacher", "sort_key", "id"),
    # Amounts of different currencies have no order: free courses first, then currency by currency.
    "price": ("sold_in", "desired_unit_amount", "sort_key", "id"),
    "changed": ("price_changed_at?", "sort_key", "id"),
}
# From so many on it is worth while to ask how many there are at all.
MANY = 1_000
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
        "billing": status.STATE_LABELS,
        "currency": money.CURRENCIES,
        "cause": CAUSES,
    },
    sorts=SORTS,
    default_sort="title",
)


@dataclass(frozen=True, slots=True)
class Listing(ListPage[BillingProduct]):
    states: list[Choice]
    counts: Counter[tuple[str, ...]]
    """By state, status and currency: how many the search finds."""
    retry_count: int = 0
    """How many of those that match could be tried again at once."""

    @property
    def currencies(self) -> list[str]:
        """Those in use, whatever is searched for: one query at most, none without a search."""
        is_part = self.query.q or self.query.filters["cause"]
        counts = _counts(PRICES.query()) if is_part else self.counts
        return sorted({currency for _state, _status, currency in counts if currency})

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
    """The page that is asked for; one past the end is the last one.

    Two queries, and one each for drifts and rejections, whatever is listed.
    """
    counts = _counts(query)
    states = _by_state(query, counts)
    state = query.filters["billing"]
    total = states[state] if state else states.total()
    rows = Ordered(
        _chosen(query, scan=_is_common(query, total)),
        SORTS[query.sorted_by],
        descending=query.is_descending,
        whole=_with_course(BillingProduct.objects.all()),
        count=total,
    )
    page = CountedPaginator(rows, PER_PAGE, total).get_page(query.page)
    status.prefetch_listed(page.object_list)
    retry_count = sum(states[name] for name in RETRIED if state in ("", name))
    return Listing(query.but(page=page.number), page, _state_choices(query, states), counts, retry_count)


def to_retry(query: ListQuery) -> QuerySet[BillingProduct]:
    """Those that match and could be tried again at once: what waits for its time, and what a person had to see to."""
    return _chosen(query).filter(state__in=RETRIED)


def counts_by_state() -> Counter[str]:
    """How many courses are in each state, of the whole catalogue."""
    whole = PRICES.query()
    return _by_state(whole, _counts(whole))


def row_url(name: str, course_id: UUID, query: ListQuery) -> str:
    """The address of something in a row; it carries the list, so that one comes back to it."""
    return reverse(f"billings:{name}", args=[course_id]) + query.query_string


def listed(course_ids: Iterable[UUID]) -> list[BillingProduct]:
    """These courses' products as `listing` reads them."""
    products = list(_with_course(BillingProduct.objects.filter(course_id__in=course_ids)))
    status.prefetch_listed(products)
    return products


def _with_course(products: QuerySet[BillingProduct]) -> QuerySet[BillingProduct]:
    """With the columns that a row shows, and no wider ones."""
    hidden = [*status.UNLISTED, *(f"course__{name}" for name in UNLISTED)]
    return status.with_default_price(products).select_related("course__owner").defer(*hidden)


def _matching(q: str, *, scan: bool = False) -> Q:
    """Every word of `q` must stand in the title or in the teacher's e-mail address, whatever its case and marks.

    A word that is an id of Stripe's finds that, and one or two that are an amount with its currency a price.
    """
    found, plain = Q(), []
    asked = q.split()[: search.MAX_WORDS]
    while asked:
        price = priced(" ".join(asked[:2])) if len(asked) > 1 else None
        size = 2 if price else 1
        price = price or priced(asked[0])
        words = search.words(" ".join(asked[:size]))
        if by_id := _by_stripe_id(asked[0]):
            found &= by_id
        elif price:
            found &= (_in_text(words, scan=scan) | price) if words else price
        else:
            plain += words
        asked = asked[size:]
    return found & _in_text(plain, scan=scan)


def _in_text(words: list[str], *, scan: bool) -> Q:
    return SEARCH.contains(words, vendor=connection.vendor, scan=scan)


def _by_stripe_id(word: str) -> Q | None:
    """The product of this id, or that of the price of this id."""
    if not _STRIPE_ID.match(word):
        return None
    ids = {word, word.lower()}
    prices = BillingPrice.objects.filter(stripe_id__in=ids).order_by().values("product")
    # A union, so that each side has its index.
    return Q(pk__in=BillingProduct.objects.filter(stripe_id__in=ids).values("pk").union(prices))


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
        is_price = {f"{prefix}sold_in": currency, f"{prefix}desired_unit_amount": amount}
        prices.append(Q(**is_price))
    return Q(*prices, _connector=Q.OR) if prices else None


def _chosen(query: ListQuery, *, scan: bool = False) -> QuerySet[BillingProduct]:
    filters = {
        "desired_status": query.filters["status"],
        "state": query.filters["billing"],
        "sold_in": query.filters["currency"],
    }
    wanted: dict[str, Any] = {name: value for name, value in filters.items() if value}
    return BillingProduct.objects.filter(_matching(query.q, scan=scan), _caused(query.filters["cause"]), **wanted)


def _caused(cause: str) -> Q:
    if not cause:
        return Q()
    if cause.startswith(REJECTED):
        rejections = Rejection.objects.filter(field=cause.removeprefix(REJECTED))
        return Q(pk__in=rejections.values("product"))
    # Said twice: the state has an index.
    return Q(trouble=cause, state__in=("attention", "drift", "retrying"))


def _counts(query: ListQuery) -> Counter[tuple[str, ...]]:
    """How many there are by state, status and currency, whichever of these are chosen (one query, or none)."""
    everywhere = query.but(status="", billing="", currency="")
    kinds = ("state", "desired_status", "sold_in")

    def count() -> Counter[tuple[str, ...]]:
        rows = _chosen(everywhere).order_by().values_list(*kinds).annotate(rows=Count("*"))
        return Counter({tuple(kind): number for *kind, number in rows})

    return tally(("prices", everywhere.q, everywhere.filters["cause"]), count)


def _by_state(query: ListQuery, counts: Counter[tuple[str, ...]]) -> Counter[str]:
    """Counted within the status and the currency that are chosen."""
    found: Counter[str] = Counter()
    for (state, availability, currency), number in counts.items():
        if query.filters["status"] in ("", availability) and query.filters["currency"] in ("", currency):
            found[state] += number
    return found


def _is_common(query: ListQuery, total: int) -> bool:
    """Whether so many have what is searched for that a page of them is found soonest by reading on in the order."""
    if not query.q or total < MANY:
        return False
    until = min(query.page * PER_PAGE, max(total - query.page * PER_PAGE, 0) + PER_PAGE)
    return until * _counts(PRICES.query()).total() < total**2


def _state_choices(query: ListQuery, counts: Counter[str]) -> list[Choice]:
    chosen = query.filters["billing"]
    choices = [Choice("", _("All"), counts.total(), query.but(billing="").url, chosen=not chosen)]
    for state, label in status.STATE_LABELS.items():
        if counts[state] or state == chosen:
            url = query.but(billing=state).url
            choices.append(Choice(state, str(label), counts[state], url, chosen=state == chosen))
    return choices
