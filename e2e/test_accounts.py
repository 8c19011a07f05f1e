"""Sign-up, sign-in, sign-out and permissions."""

import pytest
from playwright.sync_api import expect

from e2e.pages import (
    Addresses,
    ConfirmAddress,
    CourseList,
    Desk,
    Editor,
    ForgottenPassword,
    SignIn,
    SignUp,
    StaffPrices,
)
from e2e.people import AUTHOR, NEWCOMER, PASSWORD
from e2e.processes import Portal
from e2e.visits import Visit, on_a_phone


@on_a_phone
def test_a_teacher_signs_up_and_saves_the_first_course(visit: Visit, portal: Portal, title: str) -> None:
    page = visit()
    page.goto("/")
    sign_in = SignIn(page)
    expect(sign_in.heading).to_have_text("Sign in")
    sign_in.link("Sign up as a teacher").click()
    email = f"{title.split()[-1]}@example.com"
    SignUp(page).as_teacher(email, "eleven quiet evenings")
    expect(SignUp(page).heading).to_have_text("Check your mail")
    expect(page.get_by_role("main")).to_contain_text(email)
    ConfirmAddress(page).at(portal.link_mailed_to(email)).yes()

    courses = CourseList(page)
    expect(page.get_by_role("heading", name="Create your first course")).to_be_visible()
    editor = courses.new_course()
    editor.write(title=title)
    editor.save()
    editor.expect_saved()
    expect(editor.heading).to_have_text(title)
    expect(editor.status).to_contain_text("Free")

    courses.open()
    expect(courses.course(title)).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_address(visit: Visit) -> None:
    page = visit()
    sign_in = SignIn(page).open()
    sign_in.as_(AUTHOR.email, "not this one")
    expect(sign_in.error_summary).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(AUTHOR.email)


def test_an_anonymous_user_signs_in_and_arrives_where_they_wanted_to_go(visit: Visit, title: str) -> None:
    course = Desk(visit(AUTHOR)).make_course(title=title)
    page = visit()
    editor = Editor(page).of(course)
    expect(editor.heading).to_have_text("Sign in")
    SignIn(page).as_(AUTHOR.email, PASSWORD)
    expect(editor.heading).to_have_text(title)

    editor.sign_out()
    editor.of(course)
    expect(editor.heading).to_have_text("Sign in")


def test_a_forgotten_password_is_answered_alike_for_everyone(visit: Visit) -> None:
    page = visit()
    SignIn(page).open().link("Forgotten your password?").click()
    page.get_by_label("Email").fill("nobody-here@example.com")
    page.get_by_role("main").get_by_role("button").click()
    expect(SignIn(page).heading).to_have_text("Check your inbox")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_new_primary_address_resets_a_forgotten_password(
    visit: Visit, portal: Portal, title: str, scripts: bool
) -> None:
    name, first, then = title.split()[-1], "eleven quiet evenings", "twelve loud mornings"
    old, new = f"{name}@example.com", f"{name}@school.example"
    page = visit(java_script_enabled=scripts)
    SignUp(page).open().as_teacher(old, first)
    ConfirmAddress(page).at(portal.link_mailed_to(old)).yes()

    addresses = Addresses(page).open()
    addresses.add(new)
    addresses.say_who_one_is(first)
    expect(addresses.row(new)).to_contain_text("not confirmed yet")
    ConfirmAddress(page).at(portal.link_mailed_to(new)).yes()
    addresses.make_primary(new)
    expect(addresses.row(new)).to_contain_text("primary, confirmed")
    addresses.sign_out()

    SignIn(page).link("Forgotten your password?").click()
    ForgottenPassword(page).of(new)
    expect(SignIn(page).heading).to_have_text("Check your inbox")
    page.goto(portal.link_mailed_to(new))
    ForgottenPassword(page).choose(then)
    expect(SignIn(page).heading).to_have_text("Your password is changed")
    SignIn(page).open().as_(old, then)
    expect(CourseList(page).heading).to_have_text("Courses")


def test_another_teachers_course_is_not_there(visit: Visit, title: str) -> None:
    course = Desk(visit(AUTHOR)).make_course(title=title)
    page = visit(NEWCOMER)
    for address in (course["url"], f"{course['url']}prices/", f"{course['url']}status/"):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 404, address
        expect(Editor(page).heading).to_have_text("There is nothing here")
        expect(page.get_by_role("main")).not_to_contain_text(title)


def test_staff_pages_are_closed_to_teachers(visit: Visit) -> None:
    page = visit(AUTHOR)
    answer = page.goto(StaffPrices.address)
    assert answer is not None
    assert answer.status == 403
    expect(StaffPrices(page).heading).to_be_visible()
