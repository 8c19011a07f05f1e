"""An ambiguous price is asked about in place, and one press answers."""

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.pages import Desk, Editor
from e2e.people import AUTHOR, STAFF
from e2e.visits import Visit, at_both_widths


def question(page: Page) -> Locator:
    """Found as a screen reader finds it: a group of buttons that is named by the question."""
    return page.get_by_role("group", name="Did you mean")


@pytest.mark.parametrize(("words", "ready"), [("$49,000.00", "Ready at $49,000.00"), ("$49.00", "Ready at $49.00")])
def test_with_a_script_a_press_fills_the_field_and_saves_nothing(
    visit: Visit, title: str, words: str, ready: str
) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title=title, price="49.000")
    editor.field("Summary").focus()
    expect(editor.message_beside("Price")).to_contain_text("Did you mean $49,000.00 or $49.00?")

    question(page).get_by_role("button", name=words, exact=True).press("Enter")
    expect(question(page)).to_have_count(0)
    expect(editor.message_beside("Price")).to_have_text("")
    expect(editor.note_beside("Price")).to_contain_text(words)
    expect(editor.field("Price")).to_be_focused()
    expect(editor.heading).to_have_text("New course")
    editor.save()
    expect(editor.status).to_contain_text(ready)


def test_without_a_script_a_press_sends_the_form_again(visit: Visit, title: str) -> None:
    page = visit(AUTHOR, java_script_enabled=False)
    editor = Editor(page).open()
    editor.write(title=title, price="49.000")
    editor.save()
    question(page).get_by_role("button", name="$49,000.00", exact=True).click()
    editor.expect_saved()
    expect(editor.field("Price")).to_have_value("49000.00")


@at_both_widths
def test_the_question_fits_the_window_and_its_buttons_a_finger(visit: Visit) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title="Bread", price="49.000")
    editor.field("Summary").focus()
    for button in question(page).get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= 24
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_german_browser_shows_and_reads_german_numbers(visit: Visit, title: str) -> None:
    page = visit(AUTHOR, extra_http_headers={"Accept-Language": "de-DE,de;q=0.9"})
    editor = Editor(page).open()
    editor.write(title=title, price="2.000")
    editor.field("Summary").focus()
    expect(editor.note_beside("Price")).to_contain_text("$2,000.00")
    editor.save()
    editor.expect_saved()
    expect(editor.field("Price")).to_have_value("2000,00")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_staff_are_asked_in_the_row(visit: Visit, title: str, script: bool) -> None:
    course = Desk(visit(AUTHOR)).make_course(title=title, price="2000.00", currency="usd")
    page = visit(STAFF, java_script_enabled=script)
    page.goto(f"/billing/prices/{course['id']}/edit/")
    page.get_by_label("Price", exact=True).fill("2.500")
    page.get_by_label("Reason").fill("Autumn")
    page.get_by_role("button", name="Save", exact=True).click()
    question(page).get_by_role("button", name="$2,500.00", exact=True).click()
    if script:
        expect(page.get_by_label("Price", exact=True)).to_have_value("2500.00")
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="$2,500.00")).to_be_visible()
