"""A colleague edits in the Stripe Dashboard: the portal notices, and staff decide with one press."""

import re

import pytest
from playwright.sync_api import expect

from e2e.pages import Desk, Editor, StaffPrices
from e2e.people import AUTHOR, STAFF
from e2e.visits import Visit
from tools.processes import until
from tools.testing.sandbox import Sandbox


@pytest.mark.parametrize(("button", "price"), [("Restore $49.00", "$49.00"), ("Accept $39.00", "$39.00")])
@pytest.mark.parametrize("java_script", [True, False])
def test_staff_decide_what_a_dashboard_edit_becomes(
    visit: Visit, sandbox: Sandbox, title: str, button: str, price: str, java_script: bool
) -> None:
    desk = Desk(visit(AUTHOR))
    course = desk.make_course(title=title)
    product = course["billing"]["product"]["stripe_id"]
    sandbox.dashboard(f"products/{product}/price", unit_amount=3900, currency="usd")
    until(lambda: bool(desk.get(f"{course['url']}status/")["billing"]["state"] == "drift"))

    editor = Editor(desk.page).of(course)
    expect(editor.status).to_contain_text("Changed in Stripe")
    expect(editor.status).to_contain_text("price team decides.")
    expect(editor.status.get_by_role("button", name=re.compile("Restore|Accept"))).to_have_count(0)

    prices = StaffPrices(visit(STAFF, java_script_enabled=java_script))
    prices.page.goto(f"/billing/prices/?q={title}")
    prices.row(title).get_by_role("button", name=button).click()
    expect(prices.row(title)).to_contain_text(re.compile(rf"{re.escape(price)}.*Ready\b", re.DOTALL))

    sold = [one for one in sandbox.prices(active=True) if one["product"] == product]
    assert [f"${one['unit_amount'] / 100:.2f}" for one in sold] == [price]
    editor.page.reload()
    expect(editor.status).to_contain_text(f"Ready at {price}")


def test_a_long_note_of_what_stripe_sells_leaves_the_title_its_room_on_a_phone(
    visit: Visit, sandbox: Sandbox, title: str
) -> None:
    desk = Desk(visit(AUTHOR))
    course = desk.make_course(title=title)
    desk.press(course, "publish")
    sandbox.dashboard(
        f"prices/{course['billing']['price']['stripe_id']}",
        currency_options={code: {"unit_amount": 100} for code in ("eur", "gbp", "chf", "cad")},
    )
    until(lambda: bool(desk.get(f"{course['url']}status/")["billing"]["state"] == "drift"))

    page = visit(STAFF)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/billing/prices/?q={title}")
    expect(page.locator(".prices-still")).to_contain_text("also")
    box = page.locator(".prices-course").bounding_box()

    assert box
    assert box["width"] >= 120
