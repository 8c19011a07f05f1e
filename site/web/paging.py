"""Pagination links: "Previous 1 … 4 5 6 … 60 Next"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy

from web.list_query import ListQuery


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page's number and URL; no URL for the current page, no number for an ellipsis."""

    number: int | None
    url: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter's value as a link, with the number of rows behind it; `chosen` if it is active."""

    value: str
    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A column heading. Its link (if any) sorts by it; following it again reverses the order."""

    label: str
    url: str = ""
    order: str = ""  # for aria-sort; empty if another column sorts


class CountedPaginator(Paginator[Any]):
    """A paginator whose count is given."""

    def __init__(self, rows: Any, per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self._told = count

    @cached_property
    def count(self) -> int:
        return self._told


class Ordered:
    """Rows in an order that an index has, for a paginator: a page is found in the index, and its rows alone are read.

    `order` are names of columns that make a total order, each ascending; those with a question mark behind them put
    what is empty first. What lies behind the middle is counted from
    the end, so that the index is never read further than that. `found` says which rows, `whole` how they are read.
    """

    def __init__(
        self, found: QuerySet[Any], order: Sequence[str], *, descending: bool, whole: QuerySet[Any], count: int
    ) -> None:
        self.found, self.order, self.descending, self.whole, self.count = found, order, descending, whole, count

    def __getitem__(self, part: slice) -> list[Any]:
        start, stop = part.start, min(part.stop, self.count)
        from_the_end = start > self.count - stop
        if from_the_end:
            start, stop = self.count - stop, self.count - start
        backwards = self.descending != from_the_end
        ids = self.found.order_by(*(_ordering(name, backwards) for name in self.order)).values("pk")[start:stop]
        rows = self.whole.filter(pk__in=ids)
        return list(rows.order_by(*(_ordering(name, self.descending) for name in self.order)))


def _ordering(name: str, descending: bool) -> OrderBy:
    field, may_be_empty = F(name.removesuffix("?")), name.endswith("?") or None
    return field.desc(nulls_last=may_be_empty) if descending else field.asc(nulls_first=may_be_empty)


@dataclass(frozen=True, slots=True)
class ListPage[Row]:
    """The page that `query` asks for. `templates/components/pages.html` shows its links."""

    query: ListQuery
    page: Page[Row]

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def url(self) -> str:
        return self.query.but(page=self.page.number).url

    @property
    def page_links(self) -> list[PageLink]:
        return page_links(self.page, lambda number: self.query.but(page=number).url)

    @property
    def next_url(self) -> str | None:
        return self.query.but(page=self.page.next_page_number()).url if self.page.has_next() else None

    @property
    def previous_url(self) -> str | None:
        return self.query.but(page=self.page.previous_page_number()).url if self.page.has_previous() else None


def heading(query: ListQuery, first: str, label: str) -> Heading:
    """The heading that sorts by `first`: an order's name, with a minus if the column starts descending."""
    name = first.removeprefix("-")
    other = name if first != name else f"-{name}"
    order = {name: "ascending", f"-{name}": "descending"}.get(query.sort, "")
    return Heading(label, query.but(sort=other if query.sort == first else first).url, order)


def page_links(page: Page[Any], url_of: Callable[[int], str]) -> list[PageLink]:
    """The first, the last and those around `page`; empty if there is only one page."""
    paginator = page.paginator
    if paginator.num_pages < 2:
        return []
    numbers = paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [
        PageLink(number, url_of(number), here=number == page.number)
        if isinstance(number, int)
        else PageLink(None)  # Django's "…"
        for number in numbers
    ]
