"""Pagination links."""

import pytest
from django.core.paginator import Paginator

from web.paging import page_links


def links(rows: int, number: int) -> list[str]:
    page = Paginator(list(range(rows)), 10).page(number)
    return [
        f"[{link.number}]" if link.here else str(link.number or "…")
        for link in page_links(page, lambda one: f"?page={one}")
    ]


@pytest.mark.parametrize(
    ("rows", "number", "expected"),
    [
        (0, 1, []),
        (10, 1, []),
        (11, 2, ["1", "[2]"]),
        (600, 1, ["[1]", "2", "…", "60"]),
        (600, 30, ["1", "…", "29", "[30]", "31", "…", "60"]),
        (600, 60, ["1", "…", "59", "[60]"]),
    ],
)
def test_the_first_the_last_and_those_around_are_linked(rows, number, expected):
    assert links(rows, number) == expected


def test_each_leads_to_its_page():
    page = Paginator(list(range(30)), 10).page(1)

    assert [link.url for link in page_links(page, lambda one: f"?page={one}")] == ["?page=1", "?page=2", "?page=3"]
