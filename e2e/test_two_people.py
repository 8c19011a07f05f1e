"""Two people, one course: changes to different fields are merged; conflicts are shown to the second person."""

import re

import pytest
from playwright.sync_api import expect

from e2e.pages import Conflict, Desk, Editor, StaffPrices
from e2e.people import AUTHOR, STAFF
from e2e.visits import Visit

with_and_without_javascript = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def test_a_staff_price_change_survives_the_teachers_open_form(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)

    prices = StaffPrices(visit(STAFF)).open()
    prices.search(title)
    prices.change(title, price="77", reason="Prices of the new year")
    expect(prices.row(title)).to_contain_text("$77.00")

    editor.write(title=f"{title}, second edition")
    editor.save()
    expect(editor.toasts).to_contain_text("Staff changed the price to $77.00 while you were writing; it stays.")
    expect(editor.heading).to_have_text(f"{title}, second edition")
    expect(editor.field("Price")).to_have_value("77.00")
    expect(editor.status).to_contain_text("Ready at $77.00")
    history = editor.price_history()
    expect(history.page.get_by_role("main")).to_contain_text("Prices of the new year")


@with_and_without_javascript
def test_different_fields_are_merged(visit: Visit, title: str, script: bool) -> None:
    first, second = (visit(AUTHOR, java_script_enabled=script) for _ in range(2))
    course = Desk(first).make_course(title=title)
    here, there = Editor(first).of(course), Editor(second).of(course)

    there.write(summary="Now with gouache.")
    there.save()
    expect(there.toasts).to_contain_text("Saved.")

    here.write(title=f"{title}, renamed", price="59")
    here.save()
    expect(here.toasts).to_contain_text("Summary: changed elsewhere while you were writing; that change stays.")
    expect(here.heading).to_have_text(f"{title}, renamed")
    expect(here.field("Summary")).to_have_value("Now with gouache.")
    expect(here.status).to_contain_text("Ready at $59.00")


@with_and_without_javascript
def test_the_same_field_is_chosen_by_hand_and_nothing_typed_is_lost(visit: Visit, title: str, script: bool) -> None:
    first, second = (visit(AUTHOR, java_script_enabled=script) for _ in range(2))
    course = Desk(first).make_course(title=title)
    here, there = Editor(first).of(course), Editor(second).of(course)

    there.write(title=f"{title} of theirs", price="77")
    there.save()
    expect(there.status).to_contain_text("Ready at $77.00")

    here.write(title=f"{title} of mine", description="Bring *your own* paper.", price="59")
    here.save()
    conflict = Conflict(first)
    expect(conflict.heading).to_have_text("Choose which version to keep")
    expect(conflict.choice("Title")).to_contain_text(re.compile(f"{title} of mine.*{title} of theirs", re.DOTALL))
    expect(conflict.choice("Price")).to_contain_text(re.compile(r"\$59\.00.*\$77\.00", re.DOTALL))
    expect(conflict.page.get_by_role("main")).to_contain_text("Description")

    conflict.keep_mine("Title")
    conflict.keep_theirs("Price")
    conflict.save()
    expect(here.heading).to_have_text(f"{title} of mine")
    expect(here.field("Description")).to_have_value("Bring *your own* paper.")
    expect(here.field("Price")).to_have_value("77.00")
    expect(here.status).to_contain_text("Ready at $77.00")
