"""What a teacher types is never lost, never saved twice, and validated in place."""

import pytest
from playwright.sync_api import expect

from e2e.pages import CourseList, Desk, Editor
from e2e.people import AUTHOR
from e2e.visits import Visit

with_and_without_javascript = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def test_a_double_click_on_save_makes_one_course(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title=title, price="49")
    editor.button("Save").dblclick()
    expect(editor.status).to_contain_text("Ready at $49.00")
    assert Desk(page).get(f"/courses/?q={title}")["count"] == 1


def test_going_back_after_saving_shows_an_empty_form(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = CourseList(page).open().new_course()
    editor.write(title=title)
    editor.save()
    editor.expect_saved()

    page.go_back()
    expect(editor.heading).to_have_text("New course")
    expect(editor.field("Title")).to_have_value("")
    expect(editor.button("Restore changes")).to_have_count(0)
    page.go_forward()
    expect(editor.heading).to_have_text(title)
    expect(editor.field("Title")).to_have_value(title)


def test_leaving_with_unsaved_text_asks_and_keeps_a_draft(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title=title)
    with page.expect_event("dialog") as asked:
        page.on("dialog", lambda dialog: dialog.accept())
        editor.page.get_by_role("navigation", name="Main").get_by_role("link", name="Courses").click()
    assert asked.value.type == "beforeunload"
    expect(editor.heading).to_have_text("Courses")

    editor.open()
    editor.button("Discard").click()
    expect(editor.field("Title")).to_have_value("")
    page.reload()
    expect(editor.heading).to_have_text("New course")
    expect(editor.button("Discard")).to_have_count(0)


def test_a_price_is_validated_when_its_field_is_left(visit: Visit) -> None:
    editor = Editor(visit(AUTHOR)).open()
    editor.write(title="Paper marbling", price="0.20")
    editor.field("Summary").focus()
    expect(editor.message_beside("Price")).to_contain_text("$0.50")
    expect(editor.field("Price")).to_have_attribute("aria-invalid", "true")

    editor.write(price="1.234,50")
    editor.field("Summary").focus()
    expect(editor.note_beside("Price")).to_contain_text("$1,234.50")
    expect(editor.message_beside("Price")).to_have_text("")
    expect(editor.field("Price")).not_to_have_attribute("aria-invalid", "true")


@with_and_without_javascript
def test_errors_are_summed_up_linked_and_lose_nothing(visit: Visit, script: bool) -> None:
    editor = Editor(visit(AUTHOR, java_script_enabled=script)).open()
    editor.write(summary="Fold, dip, hang.", description="Bring *an apron*.", price="a lot")
    editor.save()

    expect(editor.error_summary).to_be_visible()
    if script:
        expect(editor.error_summary).to_be_focused()
    expect(editor.message_beside("Title")).to_be_visible()
    expect(editor.message_beside("Price")).to_be_visible()
    expect(editor.field("Price")).to_have_value("a lot")
    expect(editor.field("Summary")).to_have_value("Fold, dip, hang.")
    expect(editor.field("Description")).to_have_value("Bring *an apron*.")

    editor.error_summary.get_by_role("link", name="Price").click()
    expect(editor.field("Price")).to_be_focused()
    expect(editor.field("Price")).to_be_in_viewport()
    editor.write(title="Tie-dye", price="30")
    editor.save()
    expect(editor.status).to_contain_text("Ready at $30.00")


def test_a_description_can_be_looked_at_before_it_is_saved(visit: Visit) -> None:
    editor = Editor(visit(AUTHOR)).open()
    editor.write(description="Bring *an apron* <script>alert(1)</script>.")
    editor.button("Preview").click()
    shown = editor.page.get_by_role("region", name="The description as people will read it")
    expect(shown.get_by_role("emphasis")).to_have_text("an apron")
    expect(shown).to_contain_text("<script>alert(1)</script>")
    expect(shown.locator("script")).to_have_count(0)


def test_search_as_you_type_keeps_its_address(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    Desk(page).make_course(title=title)
    courses = CourseList(page).open()
    courses.mark()
    courses.search(title)
    expect(courses.course(title)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 course found")).to_be_visible()
    assert title.split()[-1] in page.url
    courses.expect_no_reload()

    courses.search("nothing is called so")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    courses.link("Clear filters").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()
