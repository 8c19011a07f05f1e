"""A teacher's list of courses: searched, filtered, sorted, counted and cut into pages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import OrderBy
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billings import status
from billings.prices.listing import priced
from courses.access import with_billing
from courses.models import Course
from web import search
from web.paging import PageLink, page_links

PER_PAGE = 24
SORTS: Mapping[str, tuple[F | Case, ...]] = {
    "updated": (F("updated_at"),),
    "title": (F("sort_key"),),
    # Amounts of different currencies have no order: free courses first, then currency by currency.
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
DEFAULT_SORT = "-updated"
SORT_LABELS = (
    ("-updated", _("Changed last")),
    ("title", _("Title")),
    # No rates are known here: amounts are only compared within a currency, and the label says so.
    ("price", _("Currency, then lowest price")),
    ("-price", _("Currency, then highest price")),
    ("status", _("Status")),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of a filter: how many courses are behind it, and whether it is the one in force."""

    value: str
    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading, whose link sorts by it; once more, the other way round."""

    label: str
    url: str
    order: str  # for aria-sort: empty where another column sorts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; what it does not know, it ignores."""

    q: str
    status: str
    billing: str
    sort: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        status_wanted, billing, sort = query.get("status", ""), query.get("billing", ""), query.get("sort", "")
        return cls(
            # A database refuses the character that ends strings in C.
            q=" ".join(query.get("q", "").replace("\0", " ").split()),
            status=status_wanted if status_wanted in Course.Status else "",
            billing=billing if billing in status.STATES else "",
            sort=sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT,
        )

    @property
    def filters(self) -> bool:
        return bool(self.q or self.status or self.billing)

    def url(self, **changed: str | int) -> str:
        """The address of this list with something changed; back to page one unless a page is named."""
        asked = {"q": self.q, "status": self.status, "billing": self.billing, "sort": self.sort} | changed
        if asked["sort"] == DEFAULT_SORT:
            del asked["sort"]
        query = urlencode({name: value for name, value in asked.items() if value})
        address = reverse("courses:teacher_courses")
        return f"{address}?{query}" if query else address


@dataclass(frozen=True, slots=True)
class Listing:
    wanted: Wanted
    page: Page[Course]
    total: int
    statuses: list[Choice]
    billings: list[Choice]

    @property
    def url(self) -> str:
        return self.wanted.url(page=self.page.number if self.page.number > 1 else "")

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def is_empty(self) -> bool:
        """There is nothing to search, filter or sort yet."""
        return not self.count and not self.wanted.filters

    @property
    def headings(self) -> list[Heading]:
        return [
            self._heading("title", gettext("Course")),
            self._heading("price", gettext("Price")),
            self._heading("status", gettext("Status")),
            self._heading("-updated", gettext("Changed")),
        ]

    def _heading(self, first: str, label: str) -> Heading:
        name = first.removeprefix("-")
        other = name if first != name else f"-{name}"
        order = {name: "ascending", f"-{name}": "descending"}.get(self.wanted.sort, "")
        return Heading(label, self.wanted.url(sort=other if self.wanted.sort == first else first), order)

    @property
    def sorted_by_price(self) -> bool:
        return self.wanted.sort.removeprefix("-") == "price"

    @property
    def page_links(self) -> list[PageLink]:
        return page_links(self.page, lambda number: self.wanted.url(page=number if number > 1 else ""))

    @property
    def next_url(self) -> str | None:
        return self.wanted.url(page=self.page.next_page_number()) if self.page.has_next() else None

    @property
    def previous_url(self) -> str | None:
        return self.wanted.url(page=self.page.previous_page_number()) if self.page.has_previous() else None


def listing(owner: User, query: Mapping[str, str]) -> Listing:
    """The page of `owner`'s courses that `query` asks for; a page past the end is the last one."""
    wanted = Wanted.of(query)
    found = status.annotate_state(_matching(owner, wanted.q))
    counts = _counts(found)
    chosen = found.filter(*_chosen(wanted)).order_by(*_order(wanted.sort))
    paginator = Paginator(with_billing(chosen), PER_PAGE)
    return Listing(
        wanted=wanted,
        page=paginator.get_page(query.get("page")),
        total=sum(counts.values()),
        statuses=_status_choices(wanted, counts),
        billings=_billing_choices(wanted, counts),
    )


def _matching(owner: User, q: str) -> QuerySet[Course]:
    """Every word of `q` must stand somewhere in title, summary or subject, whatever its case and marks.

    An amount with its currency ("$49", "49 €") finds the courses at that price too.
    """
    text = Q(*(Q(search_text__contains=word) for word in search.words(q)))
    price = priced(q, prefix="billing__")
    return Course.objects.filter(text | price if price else text, owner=owner)


def _counts(found: QuerySet[Course]) -> Counter[tuple[str, str]]:
    """How many courses have each pair of status and billing state (one query)."""
    rows = found.order_by().values_list("status", F("billing_state")).annotate(Count("pk"))
    return Counter({(status_value, state): count for status_value, state, count in rows})


def _chosen(wanted: Wanted) -> list[Q]:
    chosen = [Q(status=wanted.status)] if wanted.status else []
    return chosen + ([Q(billing_state=wanted.billing)] if wanted.billing else [])


def _order(sort: str) -> list[OrderBy]:
    descending = sort.startswith("-")
    order = [OrderBy(part, descending=descending) for part in SORTS[sort.removeprefix("-")]]
    return [*order, F("updated_at").desc(), F("pk").asc()]


def _status_choices(wanted: Wanted, counts: Counter[tuple[str, str]]) -> list[Choice]:
    """Counted within the billing state that is chosen: a link says how many it leads to."""
    here: Counter[str] = Counter()
    for (value, state), count in counts.items():
        here[value] += count if wanted.billing in ("", state) else 0
    choices = [("", gettext("All")), *Course.Status.choices]
    return [
        Choice(
            value, str(label), here[value] if value else here.total(), wanted.url(status=value), wanted.status == value
        )
        for value, label in choices
    ]


def _billing_choices(wanted: Wanted, counts: Counter[tuple[str, str]]) -> list[Choice]:
    here: Counter[str] = Counter()
    for (value, state), count in counts.items():
        here[state] += count if wanted.status in ("", value) else 0
    choices = [("", gettext("All")), *_state_labels()]
    return [
        Choice(value, label, here[value] if value else here.total(), wanted.url(billing=value), wanted.billing == value)
        for value, label in choices
    ]


def _state_labels() -> list[tuple[str, str]]:
    return [
        ("in_sync", gettext("Up to date")),
        ("pending", gettext("Saving")),
        ("retrying", gettext("Waiting for Stripe")),
        ("attention", gettext("Needs attention")),
        ("drift", gettext("Changed in Stripe")),
        ("free", gettext("Free")),
        ("archived", gettext("Not for sale")),
    ]
