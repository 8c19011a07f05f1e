"""A teacher's list of courses: search, filters, sorting, counts and pages."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billings import status
from billings.models import BillingProduct
from billings.prices.listing import priced
from courses.models import SEARCH, Course
from web import search
from web.list_query import ListQuery, Table
from web.paging import Choice, CountedPaginator, Heading, ListPage, Ordered, heading
from web.tallies import tally

PER_PAGE = 24
# Columns that no row shows.
UNLISTED = ("search_text", "search_title", "sort_key")
# Each has an index of its own within an owner's courses; the last columns make it total.
SORTS: Mapping[str, tuple[str, ...]] = {
    "updated": ("updated_at", "id"),
    "title": ("sort_key", "id"),
    # Amounts of different currencies have no order: free courses first, then currency by currency.
    "price": ("billing__sold_in", "billing__desired_unit_amount", "billing__sort_key", "billing__id"),
    "status": ("status", "sort_key", "id"),
}
# Published ones first: by their names they come last.
REVERSED = ("status",)
COURSES = Table(
    "courses:teacher_courses",
    filters={"status": Course.Status, "billing": status.STATE_LABELS},
    sorts=SORTS,
    default_sort="-updated",
)
SORT_LABELS = (
    ("-updated", _("Changed last")),
    ("title", _("Title")),
    # There are no exchange rates: amounts are compared within a currency only, and the label says so.
    ("price", _("Currency, then lowest price")),
    ("-price", _("Currency, then highest price")),
    ("status", _("Status")),
)


@dataclass(frozen=True, slots=True)
class Listing(ListPage[Course]):
    statuses: list[Choice]
    billings: list[Choice]

    @property
    def is_empty(self) -> bool:
        """There is nothing to search, filter or sort yet."""
        return not self.count and not self.query.is_filtered

    @property
    def headings(self) -> list[Heading]:
        return [
            heading(self.query, "title", gettext("Course")),
            heading(self.query, "price", gettext("Price")),
            heading(self.query, "status", gettext("Status")),
            heading(self.query, "-updated", gettext("Changed")),
        ]


def listing(owner: User, query: ListQuery, *, with_description: bool = False) -> Listing:
    """The page of `owner`'s courses that `query` asks for; a page past the end is the last one.

    Two queries, and one each for drifts and rejections. `with_description`: read what is in JSON only.
    """
    counts = _counts(owner, query.q)
    total = _total(query, counts)
    rows = Ordered(
        _chosen(owner, query),
        SORTS[query.sorted_by],
        descending=query.is_descending != (query.sorted_by in REVERSED),
        whole=_with_billing(Course.objects.all(), with_description=with_description),
        count=total,
    )
    page = CountedPaginator(rows, PER_PAGE, total).get_page(query.page)
    status.prefetch_listed(page.object_list, "billing")
    return Listing(query.but(page=page.number), page, _status_choices(query, counts), _billing_choices(query, counts))


def listed(owner: User, course_ids: Iterable[UUID]) -> list[Course]:
    """Those of these courses that are `owner`'s, as `listing` reads them."""
    courses = list(_with_billing(Course.objects.filter(pk__in=course_ids, owner=owner)))
    status.prefetch_listed(courses, "billing")
    return courses


def _with_billing(courses: QuerySet[Course], *, with_description: bool = False) -> QuerySet[Course]:
    """With what determines their status, and the columns that a row shows."""
    hidden = [*UNLISTED, *(f"billing__{name}" for name in status.UNLISTED)]
    hidden += [] if with_description else ["description"]
    return status.with_default_price(courses, "billing").select_related("billing").defer(*hidden)


def _matching(owner: User, q: str) -> QuerySet[Course]:
    """Every word of `q` must stand somewhere in title, summary or subject, whatever its case and marks.

    An amount with its currency ("$49", "49 €") finds the courses at that price too.
    """
    text = SEARCH.contains(search.words(q), vendor=connection.vendor)
    price = priced(q, prefix="billing__")
    return Course.objects.filter(text | price if price else text, owner=owner)


def _counts(owner: User, q: str) -> Counter[tuple[str, ...]]:
    """How many courses have each pair of status and billing state (one query, or none)."""

    def count() -> Counter[tuple[str, ...]]:
        rows: QuerySet[Any, Any]
        if q:
            rows = _matching(owner, q).order_by().values_list("status", "billing__state").annotate(rows=Count("*"))
        else:  # from an index alone
            own = BillingProduct.objects.filter(owner=owner).order_by()
            rows = own.values_list("desired_status", "state").annotate(rows=Count("*"))
        return Counter({tuple(kind): number for *kind, number in rows})

    return tally(("courses", owner.pk, q), count)


def _total(query: ListQuery, counts: Counter[tuple[str, ...]]) -> int:
    return sum(
        count
        for (value, state), count in counts.items()
        if query.filters["status"] in ("", value) and query.filters["billing"] in ("", state)
    )


def _chosen(owner: User, query: ListQuery) -> QuerySet[Course]:
    filters = {"status": query.filters["status"], "billing__state": query.filters["billing"]}
    wanted: dict[str, Any] = {name: value for name, value in filters.items() if value}
    if query.sorted_by == "price" or query.filters["billing"]:
        wanted["billing__owner"] = owner  # said twice: these indexes begin with it
    return _matching(owner, query.q).filter(**wanted)


def _status_choices(query: ListQuery, counts: Counter[tuple[str, ...]]) -> list[Choice]:
    """Counted within the billing state that is chosen: a link says how many it leads to."""
    here: Counter[str] = Counter()
    for (value, state), count in counts.items():
        here[value] += count if query.filters["billing"] in ("", state) else 0
    return _choices("status", dict(Course.Status.choices), query, here)


def _billing_choices(query: ListQuery, counts: Counter[tuple[str, ...]]) -> list[Choice]:
    here: Counter[str] = Counter()
    for (value, state), count in counts.items():
        here[state] += count if query.filters["status"] in ("", value) else 0
    return _choices("billing", status.STATE_LABELS, query, here)


def _choices(name: str, labels: Mapping[Any, Any], query: ListQuery, counts: Counter[str]) -> list[Choice]:
    labels = {"": gettext("All"), **labels}
    return [
        Choice(
            value,
            str(label),
            counts[value] if value else counts.total(),
            query.but(**{name: value}).url,
            chosen=query.filters[name] == value,
        )
        for value, label in labels.items()
    ]
