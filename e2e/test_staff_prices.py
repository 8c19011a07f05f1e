"""The price list: searching does not lose a price that is being edited."""

import re

from playwright.sync_api import expect

from e2e.pages import Desk, StaffPrices
from e2e.people import AUTHOR, STAFF
from e2e.visits import Visit, on_a_phone


@on_a_phone
def test_an_open_row_outlives_a_search(visit: Visit, title: str) -> None:
    Desk(visit(AUTHOR)).make_course(title=title)
    prices = StaffPrices(visit(STAFF)).open()
    prices.search(title)
    prices.row(title).get_by_role("link", name="Change the price of").click()
    form = prices.page.get_by_role("form", name=re.compile(f"Price of {title}"))
    form.get_by_label("Price").fill("52")
    form.get_by_label("Reason").fill("Half typed")

    for sought in ("Watercolour from the first brush", "nothing is called so", title):
        prices.page.get_by_role("searchbox").fill(sought)
        prices.page.wait_for_url(re.compile(r"\?q=" + sought[:7]))
        expect(form.get_by_label("Price")).to_have_value("52")
        expect(form.get_by_label("Reason")).to_have_value("Half typed")
    expect(prices.page.get_by_role("row").filter(has_text=title)).to_have_count(1)

    form.get_by_role("button", name="Save").click()
    expect(prices.row(title)).to_contain_text("$52.00")


def test_an_open_row_is_not_left_unasked(visit: Visit, title: str) -> None:
    Desk(visit(AUTHOR)).make_course(title=title)
    prices = StaffPrices(visit(STAFF)).open()
    prices.search(title)
    prices.row(title).get_by_role("link", name="Change the price of").click()
    prices.page.get_by_label("Reason").fill("Half typed")
    with prices.page.expect_event("dialog") as asked:
        prices.page.on("dialog", lambda dialog: dialog.accept())
        prices.page.get_by_role("navigation", name="Main").get_by_role("link", name="Sync").click()
    assert asked.value.type == "beforeunload"


def test_the_last_reason_is_offered_again(visit: Visit, title: str) -> None:
    desk = Desk(visit(AUTHOR))
    for number in ("once", "again"):
        desk.make_course(title=f"{title} {number}")
    prices = StaffPrices(visit(STAFF)).open()
    prices.search(f"{title} once")
    prices.change(f"{title} once", price="52", reason=f"Offered with {title}")
    expect(prices.row(f"{title} once")).to_contain_text("$52.00")

    prices.search(f"{title} again")
    prices.row(f"{title} again").get_by_role("link", name="Change the price of").click()
    reason = prices.page.get_by_label("Reason")
    offered = prices.page.locator(f"#{reason.get_attribute('list')} option").first
    expect(offered).to_have_attribute("value", f"Offered with {title}")
