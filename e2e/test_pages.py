"""Every page: its cost on a cold cache, its accessibility, and how it looks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from e2e import audit
from e2e.audit import Album, Cost, Measured
from e2e.pages import Conflict, CourseList, Desk, Editor, Security, SignIn, SignUp, StaffPrices
from e2e.people import AUTHOR, NEWCOMER, PASSWORD, STAFF, TEACHER, Person
from e2e.processes import Portal
from e2e.visits import Visit, at_both_widths

# What is a matter of colours; by all its other rules a dark page is what the light one is.
CONTRAST = "color-contrast"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COURSE = "Watercolour from the first brush"
# By the demo's teachers and by this file's.
WRITTEN = [COURSE, "الخط العربي", "書道入門", "Deutsch für den Beruf", "Portraits in charcoal"]


@dataclass(frozen=True)
class Place:
    """A page, who looks at it, how they come there, and what it is answered with.

    What comes of acting on a page is no load of its own, so its cost is not `measured`.
    """

    name: str
    person: Person | None
    way: str | Callable[[Page], None]
    status: int = 200
    measured: bool = True

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def demo_course(page: Page) -> str:
    [course] = Desk(page).get(f"/courses/?q={COURSE}")["results"]
    return str(course["url"])


def to_the_course(page: Page) -> None:
    page.goto(demo_course(page))


def to_the_course_changed(page: Page) -> None:
    """Before it is saved: the line beside the button says what saving will do."""
    page.goto(demo_course(page))
    editor = Editor(page)
    editor.write(price="59")
    expect(editor.plan).to_contain_text("$59.00")


def to_its_prices(page: Page) -> None:
    page.goto(f"{demo_course(page)}prices/")


def to_its_price_as_staff(page: Page) -> None:
    [row] = Desk(page).get(f"{StaffPrices.address}?q={COURSE}")["results"]
    page.goto(f"{StaffPrices.address}{row['id']}/edit/")


def to_errors(page: Page) -> None:
    editor = Editor(page).open()
    editor.write(summary="Fold, dip, hang.", price="a lot")
    editor.save()
    expect(editor.error_summary).to_be_focused()


def to_a_conflict(page: Page) -> None:
    desk = Desk(page)
    course = desk.make_course(title="Portraits in charcoal", summary="Ten lines that make a face.", price="49")
    editor = Editor(page).of(course)
    desk.change(course, title="Portraits in chalk", summary="Twelve lines that make a face.", price="55")
    editor.write(title="Portraits in charcoal and chalk", summary="Ten lines, and one more.", price="59")
    editor.field("Subject").fill("Art")
    editor.save()
    expect(Conflict(page).choice("Price")).to_be_visible()


def to_an_open_row(page: Page) -> None:
    page.goto(f"{StaffPrices.address}?q={COURSE}")
    page.get_by_role("link", name="Change the price of").click()
    expect(page.get_by_label("Reason")).to_be_visible()


def to_an_app(page: Page) -> None:
    security = Security(page).open()
    security.link("Set up an app").click()
    security.say_who_one_is(PASSWORD)
    expect(security.heading).to_have_text("Set up an authenticator app")


def to_a_passkey(page: Page) -> None:
    security = Security(page).open()
    security.link("Add a passkey").click()
    security.say_who_one_is(PASSWORD)
    expect(security.heading).to_have_text("Add a passkey")


PLACES = [
    Place("sign in", None, SignIn.address),
    Place("sign up", None, SignUp.address),
    Place("password reset", None, "/accounts/password/reset/"),
    Place("password reset done", None, "/accounts/password/reset/done/"),
    Place("sign out", NEWCOMER, "/accounts/logout/"),
    Place("account email", NEWCOMER, "/accounts/email/"),
    Place("account password", NEWCOMER, "/accounts/password/change/"),
    Place("account security", NEWCOMER, Security.address),
    Place("account app", NEWCOMER, to_an_app, measured=False),
    Place("account passkey", NEWCOMER, to_a_passkey, measured=False),
    Place("courses", TEACHER, CourseList.address),
    Place("courses published", TEACHER, f"{CourseList.address}?status=published&sort=title"),
    Place("courses none", NEWCOMER, CourseList.address),
    Place("courses no match", TEACHER, f"{CourseList.address}?q=nothing+is+called+so"),
    Place("course new", TEACHER, Editor.address),
    Place("course", TEACHER, to_the_course),
    Place("course changed", TEACHER, to_the_course_changed, measured=False),
    Place("course errors", TEACHER, to_errors, 422, measured=False),
    Place("conflict", AUTHOR, to_a_conflict, 409, measured=False),
    Place("price history", TEACHER, to_its_prices),
    Place("staff prices", STAFF, StaffPrices.address),
    Place("staff prices no match", STAFF, f"{StaffPrices.address}?q=nothing+is+called+so"),
    Place("staff price", STAFF, to_its_price_as_staff),
    Place("staff price in its row", STAFF, to_an_open_row, measured=False),
    Place("staff sync", STAFF, "/billing/sync/"),
    Place("not found", TEACHER, "/courses/00000000-0000-4000-8000-000000000000/", 404),
    Place("forbidden", TEACHER, StaffPrices.address, 403),
]


@pytest.fixture(scope="session")
def synced(portal: Portal) -> None:
    """No page polls for a demo course."""
    portal.converge()


@at_both_widths
@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_page_is_cheap_accessible_and_fits(
    place: Place, width: int, visit: Visit, album: Album, record_property: Callable[[str, object], None]
) -> None:
    page = visit(place.person)
    cost = Cost(page)
    found = Measured(place.name, width, place.status)
    record_property(audit.PAGE, vars(found))  # as it will be when the test ends

    if callable(place.way):
        place.way(page)
    else:
        page.goto(place.way)
    if place.measured:
        cost.check(found)
    found.check_width(page)
    found.check_reflow(page)
    found.check_structure(page, WRITTEN)
    for colours in SCHEMES:
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        album.take(page, place.name, width, colours)
        found.check_accessibility(page, colours, only=CONTRAST if colours == "dark" else "")
    assert not found.wrong, f"{place.name} at {width} px:\n" + "\n".join(found.wrong)
