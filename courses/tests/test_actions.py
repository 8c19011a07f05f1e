"""What every button's address has in common: who may press it, how, and what it saves on the way."""

import pytest

from billings.money import PriceSpec
from courses.models import Course
from courses.tests.conftest import HTMX, JSON, NEVER, form_of

BUTTONS = ["publish", "unpublish", "archive", "restore", "retry", "duplicate"]
PAGES_BY_POST = [*BUTTONS, "plan", "preview"]
PAGES_BY_GET = ["status", "prices"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def takes(name: str) -> set[str]:
    if name == "edit":
        return {"GET", "HEAD", "POST"}
    return {"POST"} if name in PAGES_BY_POST else {"GET", "HEAD"}


class TestEveryAddress:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST, *PAGES_BY_GET])
    def test_another_teachers_course_is_not_found(self, other_teacher, published_course, name, method):
        answer = other_teacher.send(method, name, published_course)

        assert answer.status_code == (404 if method in takes(name) else 405)

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_nor_is_it_for_programs_or_htmx(self, other_teacher, published_course, name):
        for headers in (JSON, HTMX):
            assert other_teacher.post(name, published_course, headers=headers).status_code == 404

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_staff_do_not_press_a_teachers_buttons(self, staff, published_course, name):
        assert staff.post(name, published_course).status_code == 404

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST, *PAGES_BY_GET])
    def test_what_is_not_there_is_not_found(self, teacher, name):
        for method in takes(name):
            assert teacher.send(method, name, NEVER).status_code == 404

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("name", ["new", "plan_new", "preview_new", "teacher_courses"])
    def test_other_methods_are_refused(self, teacher, name, method):
        allowed = {"new": {"GET", "HEAD"}, "teacher_courses": {"GET", "HEAD", "POST"}}.get(name, {"POST"})

        assert (teacher.send(method, name).status_code == 405) == (method not in allowed)


class TestStrangers:
    @pytest.mark.parametrize("name", PAGES_BY_POST)
    def test_they_sign_in_and_come_back_to_the_course(self, stranger, published_course, name):
        answer = stranger.post(name, published_course)

        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{published_course.id}/"

    @pytest.mark.parametrize("name", PAGES_BY_GET)
    def test_they_come_back_to_where_they_wanted_to_go(self, stranger, published_course, name):
        answer = stranger.get(name, published_course)

        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{published_course.id}/{name}/"

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_a_part_of_a_page_is_told_where_to_sign_in_and_stays(self, stranger, published_course, name):
        here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/courses/?q=bread"}

        answer = stranger.post(name, published_course, headers=here)

        assert answer.status_code == 401
        assert answer.headers["X-Sign-In"] == "/accounts/login/?next=/courses/%3Fq%3Dbread"
        assert "HX-Redirect" not in answer.headers
        assert answer.content == b""

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_programs_are_told(self, stranger, published_course, name):
        answer = stranger.post(name, published_course, headers=JSON)

        assert answer.status_code == 401
        assert answer.json()["errors"]

    def test_nothing_happens(self, stranger, published_course):
        stranger.post("archive", published_course)

        assert Course.objects.get().status == "published"


class TestEveryButton:
    @pytest.mark.parametrize("name", BUTTONS)
    def test_saves_the_fields_that_come_with_it_in_the_same_step(self, teacher, draft, archived_course, name):
        course = archived_course  # restore and archive, retry and duplicate all take it
        if name in ("publish", "unpublish"):
            teacher.post("restore", course)

        teacher.post(name, course, form_of(course, title="Oil", price="59"))

        saved = Course.objects.select_related("billing").get(pk=course.pk)
        assert saved.title == "Oil"
        assert saved.billing.price == PriceSpec(5900, "usd")

    @pytest.mark.parametrize("name", BUTTONS)
    def test_does_nothing_when_a_field_is_wrong(self, teacher, published_course, name):
        answer = teacher.post(name, published_course, form_of(published_course, title="", subject="Typed"))

        assert answer.status_code == 422
        assert 'value="Typed"' in answer.text
        assert Course.objects.get().status == "published"

    @pytest.mark.parametrize("name", BUTTONS)
    def test_does_nothing_while_two_versions_conflict(self, teacher, published_course, name):
        shown = form_of(published_course)
        teacher.post("edit", published_course, {**shown, "title": "Theirs"})

        answer = teacher.post(name, published_course, {**shown, "title": "Yours"})

        assert answer.status_code == 409
        assert answer.context["action"] == f"/courses/{published_course.id}/{name}/"
        assert Course.objects.get().status == "published"

    @pytest.mark.parametrize("name", [button for button in BUTTONS if button != "duplicate"])
    def test_answers_programs_with_the_course(self, teacher, published_course, name):
        answer = teacher.post(name, published_course, headers=JSON)

        assert answer.status_code == 200
        assert answer.json()["id"] == str(published_course.id)

    @pytest.mark.parametrize("name", BUTTONS)
    def test_takes_a_programs_fields_too(self, teacher, draft, name):
        version = form_of(draft)["version"]
        body = {"title": "Oil", "version": version}

        answer = teacher.post(name, draft, body, content_type="application/json", headers=JSON)

        assert answer.status_code in (200, 201)
        assert Course.objects.filter(title="Oil").exists()

    @pytest.mark.parametrize("name", BUTTONS)
    def test_tells_programs_what_it_cannot_read(self, teacher, draft, name):
        answer = teacher.client.post(f"/courses/{draft.id}/{name}/", "{", content_type="application/json")

        assert answer.status_code == 400

    @pytest.mark.parametrize("name", BUTTONS)
    def test_needs_its_token(self, teacher, draft, name):
        teacher.client.handler.enforce_csrf_checks = True

        assert teacher.post(name, draft).status_code == 403
