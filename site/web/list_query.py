"""The query of a list in its URL: search, filters, order and page; the same rules for every table."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import urlencode

from django.urls import reverse

_PAGE = re.compile("[1-9][0-9]{0,8}")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Matching:
    """A filter whose values cannot be enumerated: those that match this pattern completely."""

    pattern: str

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True)
class Table:
    """The definition of a list: its filters with their values, and its orders, each also descending.

    `url_name` is the name of the list's own page, which takes no arguments.
    """

    url_name: str
    filters: Mapping[str, Container[str]] = field(default_factory=dict)
    sorts: Container[str] = ()
    default_sort: str = ""

    def query(self, asked: Mapping[str, str] = _NOTHING) -> "ListQuery":
        """The query in `asked` (a query string's values). What the list does not know is ignored."""
        sort, page = asked.get("sort", ""), asked.get("page", "")
        return ListQuery(
            table=self,
            # PostgreSQL rejects NUL in text.
            q=" ".join(asked.get("q", "").replace("\0", " ").split()),
            filters={
                name: value if (value := asked.get(name, "")) in known else "" for name, known in self.filters.items()
            },
            sort=sort if sort.removeprefix("-") in self.sorts else self.default_sort,
            page=int(page) if _PAGE.fullmatch(page) else 1,
        )


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A query of one list. `filters` has all of the table's filters; empty: not active."""

    table: Table
    q: str
    filters: Mapping[str, str]
    sort: str
    page: int

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or any(self.filters.values()))

    @property
    def sorted_by(self) -> str:
        """The order's name, whether ascending or descending."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def query_string(self) -> str:
        """The query string, with its question mark; empty for the whole list."""
        asked = {
            "q": self.q,
            **self.filters,
            "sort": "" if self.sort == self.table.default_sort else self.sort,
            "page": "" if self.page == 1 else str(self.page),
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"?{query}" if query else ""

    @property
    def url(self) -> str:
        return reverse(self.table.url_name) + self.query_string

    def but(self, *, q: str | None = None, sort: str | None = None, page: int = 1, **filters: str) -> "ListQuery":
        """The same query with changes, back to the first page unless one is given.

        An empty value removes a filter. Raises KeyError for a filter that the table does not have.
        """
        if unknown := filters.keys() - self.table.filters.keys():
            raise KeyError(*unknown)
        return replace(
            self,
            q=self.q if q is None else q,
            filters={**self.filters, **filters},
            sort=self.sort if sort is None else sort,
            page=page,
        )
