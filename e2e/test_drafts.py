"""Unsaved text is kept in the browser, restored through the merge, and shown to nobody else."""

import re
from unittest.mock import ANY

from playwright.sync_api import Page, expect

from e2e.pages import Conflict, Desk, Editor, StaffPrices
from e2e.people import AUTHOR, STAFF, TEACHER
from e2e.visits import Visit

OFFER = re.compile(r"You have unsaved changes from \d\d:\d\d UTC\.")


KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('draft:'))"


def wait_for_drafts(page: Page, count: int) -> None:
    page.wait_for_function(f"() => {KEPT}.length === {count}")


def crash(page: Page, drafts: int = 1) -> Page:
    """The page is gone without a word; another one in the same browser."""
    wait_for_drafts(page, drafts)
    context = page.context
    page.close()
    return context.new_page()


def kept(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.evaluate(f"{KEPT}.map((key) => JSON.parse(localStorage[key]).fields)")
    return found


def test_only_what_was_changed_is_kept_and_a_colleagues_price_survives_it(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    editor.write(summary="Half an hour of typing.")
    page = crash(page)

    prices = StaffPrices(visit(STAFF)).open()
    prices.search(title)
    prices.change(title, price="77", reason="Prices of the new year")
    expect(prices.row(title)).to_contain_text("$77.00")

    editor = Editor(page).of(course)
    assert [list(fields) for fields in kept(page)] == [["summary"]]
    expect(editor.notices).to_contain_text(OFFER)
    page.reload()
    expect(editor.notices).to_contain_text(OFFER)  # until it is answered
    editor.button("Restore changes").click()
    expect(editor.notices).not_to_contain_text(OFFER)
    expect(editor.field("Price")).to_have_value("77.00")
    expect(editor.save_state).to_have_text("Unsaved changes")
    editor.save()
    expect(editor.save_state).to_contain_text("Saved at")
    found = Desk(page).get(course["url"])
    assert (found["summary"], found["price"]["display"]) == ("Half an hour of typing.", "$77.00")
    assert kept(page) == []


def test_a_field_that_was_changed_elsewhere_since_is_a_conflict(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    editor.write(summary="Of mine.")
    page = crash(page)
    Desk(page).change(course, summary="Of theirs.")

    editor = Editor(page).of(course)
    editor.button("Restore changes").click()
    editor.save()
    expect(Conflict(page).choice("Summary")).to_contain_text(re.compile(r"Of mine\..*Of theirs\.", re.DOTALL))


def test_two_tabs_keep_a_draft_each_and_new_courses_too(visit: Visit, title: str) -> None:
    first = visit(AUTHOR)
    second = first.context.new_page()
    here, there = Editor(first).open(), Editor(second).open()
    here.write(title=f"{title} here")
    there.write(title=f"{title} there")
    wait_for_drafts(second, 2)
    second.close()
    page = crash(first, drafts=2)

    editor = Editor(page).open()
    expect(page.get_by_role("button", name="Restore changes")).to_have_count(2)
    page.get_by_role("button", name="Restore changes").first.click()
    expect(editor.field("Title")).to_have_value(f"{title} there")
    page.get_by_role("button", name="Discard").click()
    editor.save()
    editor.expect_saved()
    assert kept(page) == []


def test_a_new_courses_draft_is_not_offered_to_the_course_that_was_saved(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    Editor(page).open().write(title=f"{title} not yet")
    page = crash(page)

    editor = Editor(page).open()
    expect(editor.notices).to_contain_text(OFFER)
    editor.write(title=title, price="5")
    editor.save()
    editor.expect_saved()
    expect(editor.save_state).to_contain_text("Saved at")
    expect(editor.notices).not_to_contain_text(OFFER)
    assert kept(page) == [{"title": ANY}]  # for the next new course
    Editor(page).open()
    expect(editor.notices).to_contain_text(OFFER)


def test_signing_out_asks_wherever_the_unsaved_text_is(visit: Visit, title: str) -> None:
    page = visit()
    page.goto("/accounts/login/")
    # A session of its own: this one ends.
    page.get_by_label("Email").fill(TEACHER.email)
    page.get_by_label("Password", exact=True).fill("course-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    other_tab = page.context.new_page()
    Editor(other_tab).open().write(title=title)
    wait_for_drafts(other_tab, 1)

    page.bring_to_front()
    page.get_by_role("button", name="Sign out").click()
    question = page.get_by_role("dialog", name="You have unsaved changes. Sign out and discard them?")
    expect(question.get_by_role("button", name="Stay signed in")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert kept(page)

    page.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out and discard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert kept(page) == []


def test_another_users_draft_is_never_shown(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    Editor(page).open().write(title=title)
    page = crash(page)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(TEACHER.email)
    page.get_by_label("Password", exact=True).fill("course-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Courses")
    editor = Editor(page).open()
    expect(editor.field("Title")).to_have_value("")
    expect(editor.button("Restore changes")).to_have_count(0)


def test_a_forbidden_store_breaks_nothing(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden'); }})")
    editor = Editor(page).open()
    editor.write(title=title)
    expect(editor.save_state).to_have_text("Unsaved changes")
    editor.save()
    editor.expect_saved()
    expect(editor.save_state).to_contain_text("Saved at")
