"""What axe cannot check: focus, announcements, low windows, print."""

import re
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from e2e import audit
from e2e.pages import CourseList, Desk, Editor, StaffPrices
from e2e.people import AUTHOR, STAFF, TEACHER
from e2e.visits import Visit, at_both_widths, on_a_phone

FOCUSED = "() => { const here = document.activeElement; return here === document.body ? 'body' : here.outerHTML; }"
VISIBLE_BOXES = """
    (selector) => [...document.querySelectorAll(selector)]
        .map((box) => box.getBoundingClientRect())
        .filter(({width, height}) => width && height)
        .map(({top, bottom, left, right}) => ({top, bottom, left, right}))
"""


def focused(page: Page) -> str:
    """What has the focus once everything that came in has its place; the status may be there some frames before."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    with suppress(PlaywrightTimeout):
        page.wait_for_function("document.activeElement !== document.body", timeout=3000)
    return str(page.evaluate(FOCUSED))


@pytest.fixture
def course(visit: Visit, title: str) -> dict[str, Any]:
    return Desk(visit(AUTHOR)).make_course(title=title)


class TestTheFocus:
    """Never falls back to the top of the page."""

    def test_stays_where_one_is_through_saving_publishing_and_back(self, visit: Visit, course: dict[str, Any]) -> None:
        editor = Editor(visit(AUTHOR)).of(course)
        editor.write(summary="Where the focus goes.")
        editor.save()
        expect(editor.toasts).to_contain_text("Saved.")
        assert focused(editor.page) != "body"

        editor.publish()
        expect(editor.status).to_contain_text("On sale")
        assert focused(editor.page) != "body"

        editor.button("Unpublish").click()
        expect(editor.status).to_contain_text("Ready")
        assert focused(editor.page) != "body"

        editor.archive()
        expect(editor.status).to_contain_text("Not for sale")
        assert focused(editor.page) != "body"

    def test_goes_on_from_a_new_course_to_its_own_page(self, visit: Visit, title: str) -> None:
        editor = Editor(visit(AUTHOR)).open()
        editor.write(title=title)
        editor.save()
        editor.expect_saved()
        assert focused(editor.page) != "body"

    def test_stays_in_the_search_and_on_the_sorting(self, visit: Visit) -> None:
        courses = CourseList(visit(TEACHER)).open()
        courses.search("bread")
        expect(courses.page.get_by_role("rowheader")).to_have_count(1)
        assert 'id="search"' in focused(courses.page)

    def test_goes_into_a_row_and_back_to_its_button(self, visit: Visit, course: dict[str, Any], title: str) -> None:
        prices = StaffPrices(visit(STAFF)).open()
        prices.search(title)
        change = prices.row(title).get_by_role("link", name="Change the price of")
        change.click()
        expect(prices.page.get_by_label("Price", exact=True)).to_be_focused()

        prices.page.keyboard.press("Escape")
        expect(change).to_be_focused()

        prices.change(title, price="52", reason="Focus")
        expect(prices.row(title)).to_contain_text("$52.00")
        expect(change).to_be_focused()


@on_a_phone
class TestErrors:
    def test_are_said_when_a_field_is_left_and_the_summary_shrinks_as_they_are_fixed(self, visit: Visit) -> None:
        editor = Editor(visit(AUTHOR)).open()
        editor.write(price="a lot")
        editor.save()
        expect(editor.error_summary).to_be_focused()
        expect(editor.error_summary.get_by_role("heading")).to_have_text("2 things to fix")

        editor.write(title="Fixed")
        editor.field("Summary").focus()
        expect(editor.error_summary.get_by_role("heading")).to_have_text("There is a problem")
        expect(editor.error_summary.get_by_role("listitem")).to_have_count(1)

        editor.write(price="0.20")
        editor.field("Summary").focus()
        expect(editor.toasts.get_by_text(re.compile(r"^Price .*\$0\.50"))).to_be_attached()

        editor.write(price="20")
        editor.field("Summary").focus()
        expect(editor.error_summary).to_have_count(0)


class TestALowWindow:
    @on_a_phone
    def test_is_not_taken_up_by_what_sticks_to_it(self, visit: Visit, course: dict[str, Any]) -> None:
        editor = Editor(visit(AUTHOR)).of(course)
        editor.page.set_viewport_size({"width": 320, "height": 256})
        stuck = editor.page.evaluate(
            """() => [...document.querySelectorAll("main *")]
                .filter((part) => ["sticky", "fixed"].includes(getComputedStyle(part).position))
                .map((part) => part.className)"""
        )
        assert stuck == []
        assert editor.page.evaluate(audit.OVERFLOWING) == []


def test_the_status_and_the_buttons_about_it_stay_in_sight_as_one(visit: Visit, course: dict[str, Any]) -> None:
    editor = Editor(visit(AUTHOR)).of(course)
    editor.field("Picture").scroll_into_view_if_needed()
    editor.page.mouse.wheel(0, 2000)
    expect(editor.status).to_be_in_viewport(ratio=1)
    expect(editor.button("Publish")).to_be_in_viewport(ratio=1)
    boxes = editor.page.evaluate(VISIBLE_BOXES, ".editor-side > *")
    assert boxes[0]["bottom"] <= boxes[1]["top"]


@on_a_phone
@pytest.mark.parametrize("text", ["W" * 120, "書" * 120], ids=["letters", "characters"])
def test_a_word_without_end_scrolls_no_page_sideways(visit: Visit, text: str) -> None:
    page = visit(AUTHOR)
    course = Desk(page).make_course(title=text, summary="x" * 200, subject="y" * 60)
    for address in (course["url"], f"{course['url']}prices/", f"{CourseList.address}?q={text}"):
        page.goto(address)
        for size in (390, 320):
            page.set_viewport_size({"width": size, "height": 640})
            assert page.evaluate(audit.OVERFLOWING) == [], f"{address} at {size} px"


def test_what_is_chosen_is_seen_in_the_readers_own_colours(visit: Visit) -> None:
    page = visit(TEACHER, forced_colors="active")
    CourseList(page).open()
    border = "(one) => getComputedStyle(one).borderColor"
    chosen = page.get_by_role("link", name=re.compile("^All ")).first
    other = page.get_by_role("link", name=re.compile("^Draft "))
    assert chosen.evaluate(border) != other.evaluate(border)
    here = page.get_by_role("navigation", name="Main").get_by_role("link", name="Courses")
    assert "underline" in here.evaluate("(one) => getComputedStyle(one).textDecorationLine")
    for chip in page.locator(".chip").all()[:3]:
        assert chip.evaluate("(one) => getComputedStyle(one).borderStyle") == "solid"


def test_a_printed_page_has_its_parts_one_below_the_other_and_nothing_to_press(
    visit: Visit, course: dict[str, Any]
) -> None:
    editor = Editor(visit(AUTHOR)).of(course)
    editor.save()
    expect(editor.toasts).to_contain_text("Saved.")
    editor.page.emulate_media(media="print")
    for gone in (".site-header", ".savebar", "#toasts", "#publish"):
        expect(editor.page.locator(gone)).to_be_hidden()
    boxes = sorted(editor.page.evaluate(VISIBLE_BOXES, ".editor fieldset, .panel"), key=lambda box: box["top"])
    assert len(boxes) >= 4
    assert all(above["bottom"] <= below["top"] + 1 for above, below in pairwise(boxes))


@at_both_widths
def test_the_header_stands_still_from_page_to_page(visit: Visit, course: dict[str, Any]) -> None:
    page = visit(STAFF)
    where = []
    for address in ("/courses/", "/billing/prices/", "/billing/sync/", f"/courses/{course['id']}/prices/"):
        page.goto(address)
        link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Sync").bounding_box()
        assert link
        where.append((link["x"], link["y"]))
    assert len(set(where)) == 1, where
