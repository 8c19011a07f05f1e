"""Offline, unanswered, signed out: three states, each shown until it is over."""

import pytest
from playwright.sync_api import Page, expect

from e2e import lines
from e2e.pages import Desk, Editor, SignIn
from e2e.people import AUTHOR, PASSWORD
from e2e.visits import Visit

OFFLINE = "You are offline. What you type is kept in this browser."
UNANSWERED = "No answer came: your changes may or may not be saved."
SIGNED_OUT = "You've been signed out. Sign in to continue; your text is kept."


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit(AUTHOR)


def test_offline_is_said_while_it_lasts_and_is_no_lost_answer(page: Page, title: str) -> None:
    editor = Editor(page).of(Desk(page).make_course(title=title))
    page.context.set_offline(True)
    expect(editor.notices).to_contain_text(OFFLINE)
    editor.write(price="59")
    editor.field("Summary").focus()  # asks for the plan, in vain
    editor.button("Preview").click()
    editor.save()
    expect(editor.save_state).to_have_text("Unsaved changes")
    expect(page.get_by_text("may or may not be saved")).to_have_count(0)

    page.context.set_offline(False)
    expect(editor.notices).to_have_text("")
    editor.save()
    expect(editor.status).to_contain_text("$59.00")


def test_the_plan_of_an_older_price_does_not_stay_beside_a_newer_one(page: Page, title: str) -> None:
    editor = Editor(page).of(Desk(page).make_course(title=title))
    editor.write(price="59")
    editor.field("Summary").focus()
    expect(editor.plan).to_contain_text("$59.00")
    page.context.set_offline(True)
    editor.write(price="69")
    editor.field("Summary").focus()
    expect(editor.plan).to_have_text("")
    expect(page.get_by_role("main")).not_to_contain_text("$59.00")

    page.context.set_offline(False)
    expect(editor.plan).to_contain_text("$69.00")


def test_what_the_page_asks_for_by_itself_never_says_that_something_may_have_been_saved(page: Page, title: str) -> None:
    editor = Editor(page).of(Desk(page).make_course(title=title))
    page.route("**/plan/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        editor.write(price="59")
        editor.field("Summary").focus()
    expect(editor.notices).to_have_text("")
    expect(editor.toasts).to_have_text("")


@pytest.mark.parametrize(
    ("after_arrival", "told"),
    [(True, "Your changes were saved."), (False, "Your changes are not saved yet: press Save.")],
    ids=["answer lost", "question lost"],
)
@pytest.mark.parametrize("new", [True, False], ids=["new course", "course"])
def test_a_lost_save_is_said_and_then_whether_it_was_saved(
    page: Page, title: str, after_arrival: bool, told: str, new: bool
) -> None:
    editor = Editor(page).open() if new else Editor(page).of(Desk(page).make_course(title="Before"))
    with lines.cut(page, after_arrival=after_arrival):
        editor.write(title=title, price="59")
        editor.save()
        expect(editor.notices).to_contain_text(UNANSWERED)
        expect(editor.save_state).to_have_text("Unsaved changes")
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(editor.toasts).to_contain_text(told)
    expect(editor.notices).to_have_text("")
    expect(editor.field("Title")).to_have_value(title)
    editor.save()
    editor.expect_saved()
    expect(editor.save_state).to_contain_text("Saved at")
    assert Desk(page).get(f"/courses/?q={title}")["count"] == 1


def test_a_expired_session_is_said_in_place_and_signing_in_brings_the_text_back(page: Page, title: str) -> None:
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    editor.mark()
    page.context.clear_cookies(name="sessionid")
    editor.write(price="59")
    editor.field("Summary").focus()  # requests the plan: no redirect
    expect(editor.notices).to_contain_text(SIGNED_OUT)
    editor.write(summary="Half an hour of typing.")
    editor.save()
    expect(editor.save_state).to_have_text("Unsaved changes")
    expect(editor.field("Summary")).to_have_value("Half an hour of typing.")
    editor.expect_no_reload()

    editor.notices.get_by_role("link", name="Sign in").click()
    SignIn(page).as_(AUTHOR.email, PASSWORD)
    expect(editor.heading).to_have_text(title)
    expect(editor.field("Summary")).to_have_value("Half an hour of typing.")
    expect(editor.field("Price")).to_have_value("59")
    editor.save()
    expect(editor.save_state).to_contain_text("Saved at")
    assert Desk(page).get(course["url"])["summary"] == "Half an hour of typing."


def test_signing_in_in_another_tab_is_enough(page: Page, title: str) -> None:
    editor = Editor(page).of(Desk(page).make_course(title=title))
    page.context.clear_cookies(name="sessionid")
    editor.write(summary="Half an hour of typing.")
    editor.save()
    expect(editor.notices).to_contain_text(SIGNED_OUT)

    SignIn(page.context.new_page()).open().as_(AUTHOR.email, PASSWORD)
    expect(page.context.pages[-1].get_by_role("button", name="Sign out")).to_be_visible()
    editor.save()
    expect(editor.save_state).to_contain_text("Saved at")
    expect(editor.notices).to_have_text("")


def test_without_javascript_signing_in_brings_the_text_back_and_says_so(visit: Visit, title: str) -> None:
    page = visit(AUTHOR, java_script_enabled=False)
    editor = Editor(page).of(Desk(page).make_course(title=title))
    page.context.clear_cookies(name="sessionid")
    editor.write(summary="Half an hour of typing.")
    editor.save()
    SignIn(page).as_(AUTHOR.email, PASSWORD)
    expect(editor.field("Summary")).to_have_value("Half an hour of typing.")
    said = page.get_by_text("You had been signed out.")
    expect(said).to_be_visible()
    assert said.evaluate("(note) => getComputedStyle(note).animationName") == "none"  # it does not fade
