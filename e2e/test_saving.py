"""Saving over a slow connection: shown at once, never in the way of typing, and never partial."""

import re

import pytest
from playwright.sync_api import Route, expect

from e2e import lines
from e2e.pages import Conflict, Desk, Editor
from e2e.people import AUTHOR
from e2e.visits import Visit

LATER = "**/js/later.*"
# Both read in the page, at the moment of the press: a test that asks later would see what came later.
PRESS = """(id) => {
    document.getElementById(id).click();
    return [document.getElementById("save-state").textContent.trim(),
            document.getElementById("course-form").getAttribute("aria-busy")];
}"""


def test_what_is_typed_after_the_press_survives_with_its_cursor_and_a_second_press_saves_it(
    visit: Visit, title: str
) -> None:
    page = visit(AUTHOR)
    broken = lines.watch_policy(page)
    editor = Editor(page).open()
    editor.write(title=title, price="49")
    expect(editor.save_state).to_have_text("Unsaved changes")
    with lines.held(page) as posts:
        assert page.evaluate(PRESS, "save") == ["Saving…", "true"]
        editor.field("Level").select_option("beginner")
        editor.field("Summary").press_sequentially("light")
        editor.field("Summary").press("Home")
        page.keyboard.type("Paint ")
        editor.save()  # queued, and sends what is there then
        posts.let_go()
        posts.wait()
        editor.field("Description").press_sequentially("typed after the second press")
        posts.let_go()
        editor.expect_saved()
        expect(editor.field("Description")).to_be_focused()
        expect(editor.save_state).to_have_text("Unsaved changes")
        expect(editor.field("Description")).to_have_value("typed after the second press")
        page.keyboard.type(", on and on")

    expect(page.locator("#course-form")).not_to_have_attribute("aria-busy", "true")
    editor.save()
    expect(editor.save_state).to_have_text(re.compile(r"^Saved at \d\d:\d\d UTC$"))
    saved = Desk(page).get(f"/courses/{editor.course_id}/")
    assert (saved["summary"], saved["level"]) == ("Paint light", "beginner")
    assert saved["description"] == "typed after the second press, on and on"
    assert broken == []


def test_a_press_on_another_button_waits_its_turn(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    lines.slow(page)
    editor.write(title=f"{title}, renamed")
    editor.save()
    editor.publish()
    editor.publish()  # a nervous finger must not reach Unpublish
    expect(editor.button("Unpublish")).to_be_enabled()
    expect(editor.save_state).to_contain_text("Saved at")
    found = Desk(page).get(course["url"])
    assert (found["title"], found["status"]) == (f"{title}, renamed", "published")


def test_errors_leave_what_was_typed_since_and_the_queued_press_sends_it(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).of(Desk(page).make_course(title=title))
    lines.slow(page)
    editor.write(price="a lot")
    editor.save()
    editor.write(summary="Typed meanwhile.")
    expect(editor.error_summary).to_be_visible()
    expect(editor.field("Summary")).to_have_value("Typed meanwhile.")
    expect(editor.save_state).to_have_text("Unsaved changes")

    editor.save()
    editor.write(price="59")  # set right before the answer says that it is wrong
    editor.save()
    expect(editor.status).to_contain_text("$59.00")
    expect(editor.field("Summary")).to_have_value("Typed meanwhile.")


def test_a_conflict_shows_what_was_typed_since_the_press(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    Desk(page).change(course, title=f"{title} of theirs", subject="Theirs")
    lines.slow(page)
    editor.write(title=f"{title} of mine")
    editor.save()
    editor.write(title=f"{title} of mine, and more", description="Typed meanwhile.")
    editor.save()  # no press can have meant the choice that is not on the page yet

    conflict = Conflict(page)
    expect(conflict.choice("Title")).to_contain_text(f"{title} of mine, and more")
    conflict.save()
    expect(editor.save_state).to_contain_text("Saved at")
    found = Desk(page).get(course["url"])
    assert found["title"] == f"{title} of mine, and more"
    assert (found["description"], found["subject"]) == ("Typed meanwhile.", "Theirs")


def test_a_field_that_a_colleague_changed_meanwhile_is_not_overwritten_by_typing_into_it(
    visit: Visit, title: str
) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    Desk(page).change(course, summary="Of theirs.")
    # Before the line gets slow: a press that still waits for this script sends what is typed meanwhile, too.
    with page.expect_event("requestfinished", lambda request: "/js/later." in request.url):
        editor.write(title=f"{title}, renamed")
    lines.slow(page)
    editor.save()
    editor.write(summary="Of mine, without having seen theirs.")
    expect(editor.heading).to_have_text(f"{title}, renamed")
    expect(editor.field("Summary")).to_have_value("Of mine, without having seen theirs.")

    editor.save()
    expect(Conflict(page).choice("Summary")).to_contain_text("Of theirs.")


def test_without_javascript_the_server_says_when_it_was_saved(visit: Visit, title: str) -> None:
    page = visit(AUTHOR, java_script_enabled=False)
    editor = Editor(page).open()
    editor.write(title=title)
    editor.save()
    expect(editor.save_state).to_have_text(re.compile(r"Saved at \d\d:\d\d UTC"))


def test_presses_before_the_script_for_the_response_are_repeated_when_it_is_there(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    requested: list[Route] = []

    def hold(route: Route) -> None:
        requested.append(route)

    page.route(LATER, hold)
    editor = Editor(page).of(course)
    editor.mark()
    editor.write(title=f"{title}, renamed")
    editor.publish()
    editor.save()
    expect(editor.button("Save")).to_have_attribute("aria-busy", "true")
    assert Desk(page).get(course["url"])["title"] == title
    [script] = requested
    script.continue_()
    expect(editor.button("Unpublish")).to_be_enabled()
    expect(editor.save_state).to_contain_text("Saved at")
    found = Desk(page).get(course["url"])
    assert (found["title"], found["status"]) == (f"{title}, renamed", "published")
    editor.expect_no_reload()


@pytest.mark.parametrize("press", ["Save", "Publish"])
def test_a_script_that_is_gone_since_the_page_was_opened_stops_no_press(visit: Visit, title: str, press: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    page.route(LATER, lambda route: route.fulfill(status=404))
    editor = Editor(page).of(course)
    editor.write(title=f"{title}, renamed")
    with page.expect_navigation():
        editor.button(press).click()
    expect(editor.heading).to_have_text(f"{title}, renamed")
    found = Desk(page).get(course["url"])
    assert (found["title"], found["status"]) == (f"{title}, renamed", "published" if press == "Publish" else "draft")
    expect(editor.notices).to_have_text("")
