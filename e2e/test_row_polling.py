"""A list with many pending rows polls for all at once, shows when they are done, and then stops."""

import re

import pytest
from playwright.sync_api import Request, expect

from e2e.pages import Desk
from e2e.people import AUTHOR, STAFF, Person
from e2e.processes import Portal
from e2e.visits import Visit
from tools.testing.sandbox import Sandbox

ROWS = 24
AT_REST = re.compile(r"^\s*watch from:body delay:1s, poll\s*$")


@pytest.mark.parametrize(("person", "address"), [(AUTHOR, "/courses/"), (STAFF, "/billing/prices/")])
def test_a_list_asks_once_for_all_that_is_under_way(
    visit: Visit, portal: Portal, sandbox: Sandbox, title: str, person: Person, address: str
) -> None:
    desk = Desk(visit(AUTHOR))
    sandbox.fault("503", method="POST", times=None)
    for number in range(ROWS):
        desk.make_course(title=f"{title} {number}")
    page = visit(person)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/status" in request.url else None)

    page.goto(f"{address}?q={title}")
    waiting = page.locator("[data-watch]")
    expect(waiting).to_have_count(ROWS)
    for _ in range(3):
        with page.expect_response(lambda answer: "/statuses/" in answer.url) as answered:
            pass
        assert answered.value.request.url.count("row=") == ROWS

    assert {"/statuses/" in request.url for request in asked} == {True}, "no row asks for itself"
    assert len(asked) <= 4
    sandbox.clear_faults()
    portal.converge()
    expect(page.get_by_text("Ready", exact=True)).to_have_count(ROWS)
    expect(waiting).to_have_count(0)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#watch")).to_have_attribute("hx-trigger", AT_REST)


def test_without_javascript_nothing_is_asked_for(visit: Visit, sandbox: Sandbox, title: str) -> None:
    desk = Desk(visit(AUTHOR))
    sandbox.fault("503", method="POST", times=None)
    desk.make_course(title=title)
    page = visit(AUTHOR, java_script_enabled=False)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/status" in request.url else None)

    page.goto(f"/courses/?q={title}")

    expect(page.get_by_role("row").filter(has_text=title)).to_contain_text("Waiting for Stripe")
    assert asked == []
