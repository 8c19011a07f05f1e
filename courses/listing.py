"""A teacher's list of courses: search, filters, sorting, counts and pages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billings import status
from billings.prices.listing import priced
from courses.access import with_billing
from courses.models import Course
from web import search
from web.list_query import ListQuery, Table
from web.paging import Choice, CountedPaginator, Heading, ListPage, heading

PER_PAGE = 24
SORTS: Mapping[str, tuple[F | Case, ...]] = {
    "updated": (F("updated_at"),),
    "title": (F("sort_key"),),
    # Amounts in different currencies are not comparable: free courses first, then by currency.
    "price": (
        Case(When(billing__desired_unit_amount=None, then=0), default=1, output_field=IntegerField()),
        F("billing__desired_currency"),
        F("billing__desired_unit_amount"),
    ),
    "status": (
        Case(
            *(When(status=value, then=Value(place)) for place, value in enumerate(Course.Status)),
            output_field=IntegerField(),
        ),
    ),
}
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


def listing(owner: User, query: ListQuery) -> Listing:
    """The page of `owner`'s courses that `query` asks for; a page past the end is the last one."""
    found = _matching(owner, query.q)
    counts = _counts(found)
    chosen = found.filter(*_chosen(query)).order_by(*_order(query.sort))
    page = CountedPaginator(with_billing(chosen), PER_PAGE, _total(query, counts)).get_page(query.page)
    return Listing(query.but(page=page.number), page, _status_choices(query, counts), _billing_choices(query, counts))


def _matching(owner: User, q: str) -> QuerySet[Course]:
    """Every word of `q` must occur in title, summary or subject, ignoring case and accents.

    An amount with its currency ("$49", "49 €") finds the courses at that price too.
    """
    text = Q(*(Q(search_text__contains=word) for word in search.words(q)))
    price = priced(q, prefix="billing__")
    return Course.objects.filter(text | price if price else text, owner=owner)


def _counts(found: QuerySet[Course]) -> Counter[tuple[str, str]]:
    """The number of courses for each pair of status and billing state (one query)."""
    rows = found.order_by().values_list("status", "billing__state").annotate(Count("pk"))
    return Counter({(status_value, state): count for status_value, state, count in rows})


def _total(query: ListQuery, counts: Counter[tuple[str, str]]) -> int:
    return sum(
        count
        for (value, state), count in counts.items()
        if query.filters["status"] in ("", value) and query.filters["billing"] in ("", state)
    )


def _chosen(query: ListQuery) -> list[Q]:
    chosen = {"status": query.filters["status"], "billing__state": query.filters["billing"]}
    return [Q((name, value)) for name, value in chosen.items() if value]


def _order(sort: str) -> list[OrderBy]:
    descending = sort.startswith("-")
    order = [OrderBy(part, descending=descending) for part in SORTS[sort.removeprefix("-")]]
    return [*order, F("updated_at").desc(), F("pk").asc()]


def _status_choices(query: ListQuery, counts: Counter[tuple[str, str]]) -> list[Choice]:
    """Counted within the billing state that is chosen: a link says how many it leads to."""
    here: Counter[str] = Counter()
    for (value, state), count in counts.items():
        here[value] += count if query.filters["billing"] in ("", state) else 0
    return _choices("status", dict(Course.Status.choices), query, here)


def _billing_choices(query: ListQuery, counts: Counter[tuple[str, str]]) -> list[Choice]:
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
