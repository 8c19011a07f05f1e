"""The portal's main job: a teacher saves a course, and Stripe sells it."""

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.pages import CourseList, Desk, Editor, SandboxPage, SignIn
from e2e.people import AUTHOR, PASSWORD
from e2e.visits import Visit
from tools.testing.sandbox import Sandbox


def prices_of(sandbox: Sandbox, course_id: str) -> dict[int, bool]:
    """Amount and whether it is active, of each price that Stripe has for the course."""
    mine = [price for price in sandbox.prices() if price["metadata"].get("course_id") == course_id]
    assert len({price["unit_amount"] for price in mine}) == len(mine), f"a price twice: {mine}"
    return {price["unit_amount"]: price["active"] for price in mine}


def product_of(sandbox: Sandbox, course_id: str) -> dict[str, object]:
    [product] = [product for product in sandbox.products() if product["metadata"].get("course_id") == course_id]
    return product


def test_a_course_goes_on_sale_and_off_again(visit: Visit, sandbox: Sandbox) -> None:
    page = visit()
    SignIn(page).open().as_(AUTHOR.email, PASSWORD)
    editor = CourseList(page).new_course()
    expect(editor.heading).to_have_text("New course")

    editor.mark()
    editor.write(title="Watercolour", summary="Paint light in six evenings.", price="49")
    expect(editor.plan).to_contain_text("$49.00")
    editor.save()
    expect(editor.status).to_contain_text("Ready at $49.00")
    editor.expect_no_reload()
    course_id = editor.course_id
    assert product_of(sandbox, course_id)["active"] is False

    editor.publish()
    expect(editor.status).to_contain_text("On sale at $49.00")
    editor.expect_no_reload()
    assert product_of(sandbox, course_id)["active"] is True

    editor.write(price="59")
    expect(editor.plan).to_contain_text("New price $59.00 replaces $49.00.")
    assert prices_of(sandbox, course_id) == {4900: True}, "a plan changes nothing"
    editor.save()
    expect(editor.status).to_contain_text("On sale at $59.00")
    editor.expect_no_reload()
    assert prices_of(sandbox, course_id) == {4900: False, 5900: True}

    history = editor.price_history()
    expect(history.prices).to_have_text([re.compile(r"\$59\.00"), re.compile(r"\$49\.00")])
    editor = history.back()

    editor.archive()
    expect(editor.status).to_contain_text("Not for sale")
    assert product_of(sandbox, course_id)["active"] is False
    editor.restore()
    expect(editor.status).to_contain_text("On sale at $59.00")
    assert product_of(sandbox, course_id)["active"] is True
    assert prices_of(sandbox, course_id) == {4900: False, 5900: True}


def test_a_course_goes_on_sale_and_off_again_without_javascript(visit: Visit, sandbox: Sandbox) -> None:
    page = visit(AUTHOR, java_script_enabled=False)
    editor = CourseList(page).open().new_course()
    editor.write(title="Charcoal", summary="Ten lines that make a face.", price="49")
    editor.button("What will saving do?").click()
    expect(editor.plan).to_contain_text("$49.00")
    expect(editor.field("Title")).to_have_value("Charcoal")

    editor.save()
    editor.expect_saved()
    expect(editor.status).to_contain_text("Ready at $49.00")
    editor.publish()
    expect(editor.status).to_contain_text("On sale at $49.00")
    editor.write(price="59")
    editor.save()
    expect(editor.status).to_contain_text("On sale at $59.00")
    assert prices_of(sandbox, editor.course_id) == {4900: False, 5900: True}

    editor.archive()
    expect(editor.status).to_contain_text("Not for sale")
    editor.restore()
    expect(editor.status).to_contain_text("On sale at $59.00")


def test_the_sandboxs_own_page_shows_the_product_and_its_price(visit: Visit, sandbox: Sandbox) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title="Etching with a drypoint", price="38")
    editor.save()
    expect(editor.status).to_contain_text("Ready at $38.00")

    shown = SandboxPage(visit()).open(sandbox.url).product("Etching with a drypoint")
    expect(shown.first).to_be_visible()
    expect(shown.first).to_contain_text("38.00")


def test_a_picture_is_validated_kept_and_shown(visit: Visit, title: str) -> None:
    page = visit(AUTHOR)
    editor = Editor(page).open()
    editor.write(title=title)
    editor.choose_picture("notes.png", b"no picture at all")
    expect(editor.message_beside("Picture")).to_be_visible()
    expect(editor.field("Title")).to_have_value(title)

    picture = BytesIO()
    Image.new("RGB", (640, 400), "teal").save(picture, "PNG")
    editor.choose_picture("teal.png", picture.getvalue())
    editor.save()
    editor.expect_saved()
    shown = page.get_by_role("img", name="The current picture")
    shown.scroll_into_view_if_needed()  # where it is loaded at the latest
    assert shown.evaluate(IS_LOADED)

    editor.field("Remove the picture").check()
    editor.save()
    expect(page.get_by_text("No picture yet")).to_be_visible()


def test_a_copy_is_a_draft_of_its_own(visit: Visit, sandbox: Sandbox, title: str) -> None:
    page = visit(AUTHOR)
    desk = Desk(page)
    course = desk.press(desk.make_course(title=title), "publish")
    editor = Editor(page).of(course)
    editor.button("Duplicate").click()
    expect(editor.heading).to_have_text(f"Copy of {title}")
    expect(editor.status).to_contain_text("Ready at $49.00")
    assert editor.course_id != course["id"]
    assert product_of(sandbox, editor.course_id)["active"] is False
    assert product_of(sandbox, course["id"])["active"] is True


def test_a_course_is_created_by_keyboard_alone(visit: Visit) -> None:
    page = visit(AUTHOR)
    CourseList(page).open()
    keys = page.keyboard

    def go_to(name: str) -> None:
        """Tab until what has this name has the focus."""
        for _ in range(80):
            keys.press("Tab")
            if page.evaluate(FOCUSED) == name:
                return
        pytest.fail(f"{name!r} cannot be reached by Tab")

    go_to("New course")
    keys.press("Enter")
    editor = Editor(page)
    expect(editor.heading).to_have_text("New course")
    go_to("Title")
    keys.type("Linocut by keyboard")
    go_to("Summary")
    keys.type("Cut, ink, print.")
    go_to("Price")
    keys.type("25")
    go_to("Save")
    keys.press("Enter")
    expect(editor.status).to_contain_text("Ready at $25.00")

    go_to("Publish")
    keys.press("Space")
    expect(editor.status).to_contain_text("On sale at $25.00")


IS_LOADED = "async (picture) => { await picture.decode(); return picture.naturalWidth > 0; }"
FOCUSED = """
    () => {
        const here = document.activeElement;
        const visible = here.getClientRects().length > 0;
        return visible ? (here.labels?.[0] ?? here).textContent.trim() : "";
    }
"""
