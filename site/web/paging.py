"""The pages of a list, as links: "Previous 1 … 4 5 6 … 60 Next"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page's number and address; no address for the page that is shown, no number for those left out between."""

    number: int | None
    url: str = ""
    here: bool = False


def page_links(page: Page[Any], url_of: Callable[[int], str]) -> list[PageLink]:
    """The first, the last and those around `page`; empty where everything is on one page."""
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
