"""How tests come to a page: as whom, and how wide their window is."""

from typing import Any, Protocol

import pytest
from playwright.sync_api import Page

from e2e.people import Person

HEIGHTS = {1280: 900, 390: 844}
# Only where the layout is what is tested: it costs the test a second time.
at_both_widths = pytest.mark.parametrize("width", sorted(HEIGHTS, reverse=True))


class Visit(Protocol):
    def __call__(self, person: Person | None = None, **options: Any) -> Page: ...
