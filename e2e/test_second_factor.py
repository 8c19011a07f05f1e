"""Two-step sign-in: set up, used, lost."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from e2e.pages import ConfirmAddress, CourseList, SecondStep, Security, SignIn, SignUp
from e2e.processes import Portal
from e2e.visits import Visit

PASSWORD = "eleven quiet evenings"
PERIOD = 30


@pytest.fixture
def email(title: str) -> str:
    return f"{title.split()[-1]}@example.com"


@pytest.fixture
def come_in(visit: Visit, portal: Portal, email: str) -> Callable[..., Page]:
    """A new teacher's page."""

    def do(**options: object) -> Page:
        page = visit(**options)
        SignUp(page).open().as_teacher(email, PASSWORD)
        ConfirmAddress(page).at(portal.link_mailed_to(email)).yes()
        expect(CourseList(page).button("Sign out")).to_be_visible()
        return page

    return do


def code_of(key: str) -> str:
    """What the app shows, when it will show it for some seconds more."""
    left = PERIOD - time.time() % PERIOD
    if left < 3:
        time.sleep(left)
    return format_hotp_value(hotp_value(key, int(time.time()) // PERIOD))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_an_app_or_a_recovery_code_is_the_second_step(
    visit: Visit, come_in: Callable[..., Page], portal: Portal, email: str, scripts: bool
) -> None:
    page = come_in(java_script_enabled=scripts)
    security = Security(page).open()
    expect(security.row("Authenticator app")).to_contain_text("off")
    security.link("Set up an app").click()
    security.say_who_one_is(PASSWORD)
    key = security.key_of_the_app()
    security.type_the_apps_code("000000")
    expect(security.error_summary).to_be_visible()
    assert security.key_of_the_app() == key
    security.type_the_apps_code(code_of(key))
    first, *others = security.recovery_codes()
    assert len(others) == 9
    security.link("I have them, go on").click()
    expect(security.row("Authenticator app")).to_contain_text("on")
    security.sign_out()

    SignIn(page).as_(email, PASSWORD)
    SecondStep(page).type(code_of(key))
    expect(security.button("Sign out")).to_be_visible()

    elsewhere = visit(java_script_enabled=scripts)
    SignIn(elsewhere).open().as_(email, PASSWORD)
    SecondStep(elsewhere).type("123456")
    expect(SecondStep(elsewhere).error_summary).to_contain_text("This code is wrong")
    SecondStep(elsewhere).type(first)
    expect(Security(elsewhere).open().row("Recovery codes")).to_contain_text("9 left")

    security.open().button("Sign out everywhere else").click()
    expect(page.get_by_role("listitem").filter(has_text="this browser")).to_have_count(1)
    Security(elsewhere).open()
    expect(SignIn(elsewhere).heading).to_have_text("Sign in")


def test_a_lost_phone_is_taken_off_by_those_who_run_the_school(
    come_in: Callable[..., Page], portal: Portal, email: str
) -> None:
    page = come_in()
    security = Security(page).open()
    security.link("Set up an app").click()
    security.say_who_one_is(PASSWORD)
    security.type_the_apps_code(code_of(security.key_of_the_app()))
    security.recovery_codes()

    portal.manage("remove_second_factor", email)

    security.open()
    expect(security.heading).to_have_text("Sign in")
    SignIn(page).as_(email, PASSWORD)
    expect(security.row("Authenticator app")).to_contain_text("off")
    expect(security.row("Recovery codes")).to_have_count(0)


def test_a_passkey_is_the_second_step_and_can_be_removed(
    visit: Visit, come_in: Callable[..., Page], portal: Portal, email: str
) -> None:
    here = portal.url.replace("127.0.0.1", "localhost")  # no passkey is made for an address in digits
    page = come_in()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    options = {**kind, "hasResidentKey": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    Security(page).open().link("Add a passkey").click()
    Security(page).say_who_one_is(PASSWORD)
    Security(page).button("Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("it must begin with https://, or be localhost")

    page.goto(f"{here}/accounts/login/")
    SignIn(page).as_(email, PASSWORD)
    page.goto(f"{here}{Security.address}")
    security = Security(page)
    security.link("Add a passkey").click()
    security.say_who_one_is(PASSWORD)
    page.get_by_label("Name").fill("My laptop")
    security.button("Add it").click()
    security.recovery_codes()
    security.link("I have them, go on").click()
    expect(security.row("My laptop")).to_contain_text("not used yet")
    security.sign_out()

    SignIn(page).as_(email, PASSWORD)
    expect(security.heading).to_have_text("The second step")
    security.button("Use a passkey").click()
    expect(security.button("Sign out")).to_be_visible()
    page.goto(f"{here}{Security.address}")
    expect(security.row("My laptop")).to_contain_text(re.compile("last used"))

    security.link("Remove My laptop").click()
    security.say_who_one_is(PASSWORD)
    security.button("Remove").click()
    expect(security.row("My laptop")).to_have_count(0)
