"""The editor's buttons do what they say, once, and ask where a mistake would be expensive."""

from playwright.sync_api import expect

from e2e.pages import Desk, Editor
from e2e.people import AUTHOR
from e2e.visits import Visit


def test_a_double_press_on_publish_does_not_unpublish(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).of(Desk(page).make_course(title=title))
    editor.button("Publish").dblclick()
    expect(editor.status).to_contain_text("On sale at $49.00")
    expect(editor.button("Publish")).to_be_disabled()

    editor.button("Unpublish").dblclick()
    expect(editor.status).to_contain_text("Ready at $49.00")
    expect(editor.button("Unpublish")).to_be_disabled()


def test_publishing_asks_for_the_summary_where_it_is_written(visit: Visit, title: str) -> None:
    editor = Editor(visit(AUTHOR)).open()
    editor.write(title=title, price="49")
    editor.button("Save and publish").click()
    expect(editor.message_beside("Summary")).to_contain_text("Nothing is saved yet.")
    expect(editor.field("Summary")).to_be_focused()
    expect(editor.field("Title")).to_have_value(title)

    editor.write(summary="Paint light.")
    editor.button("Save and publish").click()
    expect(editor.status).to_contain_text("On sale at $49.00")


def test_an_unusual_change_of_price_is_asked_about(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).of(Desk(page).make_course(title=title))
    editor.write(price="490")
    editor.save()
    expect(editor.message_beside("Price")).to_contain_text("$490.00 is 10 times the present price, $49.00.")
    editor.button("Yes, change it to $490.00").click()
    expect(editor.status).to_contain_text("Ready at $490.00")


def test_duplicate_leaves_the_originals_unsaved_text_unsaved(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=title)
    editor = Editor(page).of(course)
    editor.write(title=f"{title}, typed")
    editor.button("Duplicate").click()
    expect(editor.heading).to_have_text(f"Copy of {title}, typed")
    assert Desk(page).get(course["url"])["title"] == title

    editor.of(course)
    expect(page.get_by_role("button", name="Restore changes")).to_be_visible()
