"""Uploading a course's picture: validated before, previewed at once, never lost silently."""

import pytest
from playwright.sync_api import Page, expect

from courses.tests.pictures import picture
from e2e import lines
from e2e.pages import Conflict, Desk, Editor
from e2e.people import AUTHOR
from e2e.visits import Visit

PICTURE = picture(size=(640, 400)).read()
# Noise does not compress: some seconds at 100 kB/s.
HEAVY = PICTURE + bytes(400_000)


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit(AUTHOR)


@pytest.fixture
def editor(page: Page, title: str) -> Editor:
    return Editor(page).of(Desk(page).make_course(title=title))


def cover_of(editor: Editor) -> object:
    return Desk(editor.page).get(f"/courses/{editor.course_id}/")["cover"]


def test_what_cannot_be_taken_is_said_before_it_is_sent(page: Page, editor: Editor) -> None:
    editor.choose_picture("notes.png", b"not a picture at all")
    expect(editor.message_beside("Picture")).to_contain_text("“notes.png” is not a PNG, JPEG or WebP picture.")
    expect(editor.field("Picture")).to_have_attribute("aria-invalid", "true")
    editor.choose_picture("huge.png", PICTURE + bytes(5 * 1024 * 1024))
    expect(editor.message_beside("Picture")).to_contain_text("“huge.png” has 5.1 MB; the most is 5 MB.")
    assert page.evaluate("document.getElementById('id_cover').files.length") == 0

    editor.choose_picture("light.png", PICTURE)
    expect(page.get_by_role("img", name="The picture you chose: light.png")).to_be_visible()
    expect(editor.message_beside("Picture")).to_have_text("")
    expect(editor.save_state).to_have_text("Unsaved changes")

    editor.choose_picture("unfinished.jpg", picture("JPEG", size=(640, 400)).read()[:-2])
    expect(page.get_by_role("img", name="The picture you chose: unfinished.jpg")).to_be_visible()


def test_an_upload_shows_how_far_it_is_and_can_be_canceled(page: Page, editor: Editor) -> None:
    lines.slow(page)
    editor.choose_picture("light.png", HEAVY)
    editor.save()
    expect(page.get_by_role("progressbar", name="Sending the picture…")).to_be_visible()
    editor.notices.get_by_role("button", name="Cancel").click()
    expect(editor.toasts).to_contain_text("Upload canceled; nothing was saved.")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert cover_of(editor) is None

    editor.save()  # it is still chosen
    expect(page.get_by_role("img", name="The current picture")).to_be_visible()
    expect(editor.save_state).to_contain_text("Saved at")
    assert cover_of(editor)


def test_an_error_a_lost_line_and_a_conflict_keep_the_chosen_picture(page: Page, editor: Editor, title: str) -> None:
    editor.choose_picture("light.png", PICTURE)
    editor.write(title="")
    editor.save()
    expect(editor.error_summary).to_be_visible()
    expect(page.get_by_text("must be chosen again")).to_have_count(0)
    expect(page.get_by_role("img", name="The picture you chose: light.png")).to_be_visible()

    with lines.cut(page, after_arrival=False):
        editor.write(title=f"{title} of mine")
        editor.save()
        expect(editor.notices).to_contain_text("No answer came")
    Desk(page).change({"url": f"/courses/{editor.course_id}/"}, title=f"{title} of theirs")
    editor.save()
    conflict = Conflict(page)
    expect(conflict.choice("Title")).to_be_visible()
    expect(page.get_by_text("must be chosen again")).to_be_hidden()
    conflict.save()
    expect(page.get_by_role("img", name="The current picture")).to_be_visible()
    assert cover_of(editor)


def test_a_picture_whose_answer_was_lost_can_be_sent_again(page: Page, editor: Editor) -> None:
    with lines.cut(page, after_arrival=True):
        editor.choose_picture("light.png", PICTURE)
        editor.save()
        expect(editor.notices).to_contain_text("No answer came")
    editor.save()
    expect(editor.save_state).to_contain_text("Saved at")
    assert cover_of(editor)


def test_a_picture_is_dropped_on_its_card(page: Page, editor: Editor) -> None:
    dropped = page.evaluate_handle(
        """(bytes) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
            return carried;
        }""",
        list(PICTURE),
    )
    page.get_by_role("group", name="Cover").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_role("img", name="The picture you chose: dropped.png")).to_be_visible()


def test_without_javascript_looking_first_says_that_the_picture_must_be_chosen_again(visit: Visit, title: str) -> None:
    editor = Editor(visit(AUTHOR, java_script_enabled=False)).open()
    editor.write(title=title)
    for button in ("Preview", "What will saving do?"):
        editor.choose_picture("light.png", PICTURE)
        editor.button(button).click()
        expect(editor.page.get_by_text("The picture must be chosen again")).to_be_visible()
    editor.choose_picture("light.png", PICTURE)
    editor.save()
    expect(editor.page.get_by_role("img", name="The current picture")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_later_save_that_chooses_no_picture_keeps_the_one_there_is(visit: Visit, title: str, script: bool) -> None:
    page = visit(AUTHOR, java_script_enabled=script)
    editor = Editor(page).of(Desk(page).make_course(title=title))
    editor.choose_picture("light.png", PICTURE)
    editor.save()
    expect(page.get_by_role("img", name="The current picture")).to_be_visible()
    kept = cover_of(editor)

    editor.write(title=f"{title}, again")
    editor.save()
    expect(editor.heading).to_have_text(f"{title}, again")
    assert kept
    assert cover_of(editor) == kept
    expect(editor.field("Remove the picture")).not_to_be_checked()
