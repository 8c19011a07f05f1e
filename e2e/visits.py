"""How tests come to a page: as whom, and how wide their window is."""

from typing import Any, Protocol

import pytest
from playwright.sync_api import Page

from e2e.people import Person

HEIGHTS = {1280: 900, 390: 844}
DESK, PHONE = HEIGHTS
# Both only where the layout is what is tested, since each costs the test again; a journey is made at one of them.
at_both_widths = pytest.mark.parametrize("width", [DESK, PHONE])
on_a_phone = pytest.mark.parametrize("width", [PHONE])


class Visit(Protocol):
    def __call__(self, person: Person | None = None, **options: Any) -> Page: ...
