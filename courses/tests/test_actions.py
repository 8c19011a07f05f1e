"""What all button URLs have in common: permissions, methods, and saving the form on the way."""

import pytest

from billings.models import Drift
from billings.money import PriceSpec
from billings.sync import excluded
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, NEVER, form_of

BUTTONS = ["publish", "unpublish", "archive", "restore", "retry", "duplicate"]
SAVING = [name for name in BUTTONS if name != "duplicate"]
PAGES_BY_POST = [*BUTTONS, "plan", "preview"]
PAGES_BY_GET = ["status", "prices"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# A link to one leads to the editor.
METHODS_OF_A_BUTTON = {"GET", "HEAD", "POST"}


def takes(name: str) -> set[str]:
    if name == "edit":
        return {"GET", "HEAD", "POST"}
    return METHODS_OF_A_BUTTON if name in PAGES_BY_POST else {"GET", "HEAD"}


def changed_in_stripe(course: Course) -> None:
    """Someone switched it off in the Dashboard."""
    facts = {"local_value": True, "remote_value": False}
    Drift.objects.create(product=course.billing, field="active", **facts)
    excluded.look_again([course.billing.pk])


class TestEveryAddress:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST, *PAGES_BY_GET])
    def test_another_teachers_course_is_not_found(self, other_teacher, published_course, name, method):
        answer = other_teacher.send(method, name, published_course)

        assert answer.status_code == (404 if method in takes(name) else 405)

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_is_not_found_by_api_clients_and_htmx_either(self, other_teacher, published_course, name):
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
    def test_other_methods_are_rejected(self, teacher, name, method):
        allowed = {"GET", "HEAD"} if name == "new" else METHODS_OF_A_BUTTON

        assert (teacher.send(method, name).status_code == 405) == (method not in allowed)


class TestLinksToButtons:
    """Someone follows a link, or reloads, where a button's address has come into the address line."""

    @pytest.mark.parametrize("name", PAGES_BY_POST)
    def test_lead_to_the_editor_and_press_nothing(self, teacher, published_course, name):
        answer = teacher.get(name, published_course)

        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/courses/{published_course.id}/"
        assert Course.objects.get().status == "published"

    @pytest.mark.parametrize("name", ["plan_new", "preview_new"])
    def test_lead_to_the_form_of_a_new_course(self, teacher, name):
        assert teacher.get(name).headers["Location"] == "/courses/new/"

    @pytest.mark.parametrize("name", PAGES_BY_POST)
    def test_api_clients_are_told_to_post(self, teacher, published_course, name):
        answer = teacher.get(name, published_course, headers=JSON)

        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"

    @pytest.mark.parametrize("name", PAGES_BY_POST)
    def test_anonymous_users_sign_in_first(self, anonymous, published_course, name):
        assert "/accounts/login/" in anonymous.get(name, published_course).headers["Location"]


class TestWordsBesideTheButtons:
    """What each button would do, before it is pressed; they come with the page and with every plan."""

    def words(self, teacher, course, **typed) -> str:
        return teacher.post("plan", course, form_of(course, **typed), headers=HTMX).text

    def test_come_with_the_page(self, teacher, draft):
        text = teacher.get("edit", draft).text

        assert 'id="about-publish"' in text
        assert "The course goes on sale at $49.00." in text
        assert 'aria-describedby="about-publish"' in text

    def test_restore_says_at_which_price_the_course_goes_back_on_sale(self, teacher, archived_course):
        assert "The course goes back on sale at $49.00." in teacher.get("edit", archived_course).text
        assert "The course goes back on sale at $59.00." in self.words(teacher, archived_course, price="59")

    def test_restore_says_so_afterwards_too(self, teacher, archived_course):
        answer = teacher.post("restore", archived_course, headers=HTMX)

        assert "Restored: the course goes back on sale at $49.00." in answer.text

    def test_say_that_an_archived_draft_comes_back_as_a_draft(self, teacher, draft):
        teacher.post("archive", draft)

        assert "The course is a draft again, not on sale." in teacher.get("edit", draft).text
        assert "Restored as a draft." in teacher.post("restore", draft, headers=HTMX).text

    def test_say_that_a_free_course_costs_nothing(self, teacher, free_course):
        assert "The course is published. It costs nothing." in teacher.get("edit", free_course).text
        teacher.post("publish", free_course)
        assert "The course is a draft again." in teacher.get("edit", free_course).text
        teacher.post("archive", free_course)
        assert "The course is published again. It costs nothing." in teacher.get("edit", free_course).text

    def test_promise_nothing_that_would_be_rejected(self, teacher, published_course):
        words = self.words(teacher, published_course, summary="")

        assert '<p id="plan">Write a summary first' in words
        assert "Summary removed." not in words.partition("about-unpublish")[0]

    def test_ask_for_the_summary_that_a_draft_lacks(self, teacher, make_course):
        assert "Write a summary first" in teacher.get("edit", make_course(summary="")).text

    def test_say_that_a_drift_is_decided_before_a_draft_goes_on_sale(self, teacher, draft):
        changed_in_stripe(draft)

        text = teacher.get("edit", draft).text

        assert "It can be published once that is decided." in text
        assert "The course goes on sale" not in text

    def test_say_that_a_drift_is_decided_before_an_archived_course_goes_on_sale(self, teacher, archived_course):
        changed_in_stripe(archived_course)

        assert "on sale once staff decide about the change" in teacher.get("edit", archived_course).text

    def test_speak_of_what_was_typed(self, teacher, published_course):
        words = self.words(teacher, published_course, price="59", title="Oil")

        assert words.count("Your unsaved changes are saved with it.") == 2  # unpublish and archive

    def test_promise_nothing_for_what_cannot_be_saved(self, teacher, published_course):
        assert self.words(teacher, published_course, price="a lot").count("This cannot be saved yet") == 3

    def test_an_archived_course_is_not_said_to_be_on_sale_by_a_save(self, teacher, archived_course):
        words = self.words(teacher, archived_course, price="59")

        assert "The course is archived: nobody can buy it before it is restored." in words


class TestAPriceNobodySpokeOf:
    """Archive, Restore and Unpublish are not about the price: one typed since is saved once they have said so."""

    @pytest.mark.parametrize("headers", [{}, HTMX])
    @pytest.mark.parametrize("name", ["archive", "restore", "unpublish"])
    def test_is_said_first_and_saved_by_the_next_press(self, teacher, published_course, name, headers):
        if name == "restore":
            teacher.post("archive", published_course)
        status = Course.objects.get().status
        page = teacher.get("edit", published_course)
        sent = form_of(published_course, price="59") | {f"told_{name}": page.context["lines"][name].told}

        answer = teacher.post(name, published_course, sent, headers=headers)

        assert answer.status_code == 422
        assert "The price is about to become $59.00." in answer.text
        assert Course.objects.get().status == status
        told = answer.context["lines"][name].told
        assert teacher.post(name, published_course, {**sent, f"told_{name}": told}, headers=headers).status_code < 400
        assert Course.objects.select_related("billing").get().billing.price == PriceSpec(5900, "usd")

    def test_a_price_that_was_not_touched_asks_nothing(self, teacher, published_course):
        sent = form_of(published_course, title="Oil") | {"told_archive": "4900-usd-one_time"}

        assert teacher.post("archive", published_course, sent).status_code == 303


class TestAnonymousUsers:
    @pytest.mark.parametrize("name", PAGES_BY_POST)
    def test_they_sign_in_and_come_back_to_the_course(self, anonymous, published_course, name):
        answer = anonymous.post(name, published_course)

        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{published_course.id}/"

    @pytest.mark.parametrize("name", PAGES_BY_GET)
    def test_they_come_back_to_where_they_wanted_to_go(self, anonymous, published_course, name):
        answer = anonymous.get(name, published_course)

        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{published_course.id}/{name}/"

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_a_part_of_a_page_is_told_where_to_sign_in_and_stays(self, anonymous, published_course, name):
        here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/courses/?q=bread"}

        answer = anonymous.post(name, published_course, headers=here)

        assert answer.status_code == 401
        assert answer.headers["X-Sign-In"] == "/accounts/login/?next=/courses/%3Fq%3Dbread"
        assert "HX-Redirect" not in answer.headers
        assert answer.content == b""

    @pytest.mark.parametrize("name", ["edit", *PAGES_BY_POST])
    def test_api_clients_are_told(self, anonymous, published_course, name):
        answer = anonymous.post(name, published_course, headers=JSON)

        assert answer.status_code == 401
        assert answer.json()["errors"]

    def test_they_change_nothing(self, anonymous, published_course):
        anonymous.post("archive", published_course)

        assert Course.objects.get().status == "published"


class TestEveryButton:
    @pytest.mark.parametrize("name", SAVING)
    def test_saves_the_fields_that_come_with_it_in_the_same_step(self, teacher, draft, archived_course, name):
        course = archived_course  # restore, archive and retry all take it
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

    @pytest.mark.parametrize("name", SAVING)
    def test_does_nothing_while_two_versions_conflict(self, teacher, published_course, name):
        shown = form_of(published_course)
        teacher.post("edit", published_course, {**shown, "title": "Theirs"})

        answer = teacher.post(name, published_course, {**shown, "title": "Yours"})

        assert answer.status_code == 409
        assert answer.context["action"] == f"/courses/{published_course.id}/{name}/"
        assert Course.objects.get().status == "published"

    @pytest.mark.parametrize("name", SAVING)
    def test_answers_api_clients_with_the_course(self, teacher, published_course, name):
        answer = teacher.post(name, published_course, headers=JSON)

        assert answer.status_code == 200
        assert answer.json()["id"] == str(published_course.id)

    @pytest.mark.parametrize("name", SAVING)
    def test_takes_an_api_clients_fields_too(self, teacher, draft, name):
        version = form_of(draft)["version"]
        body = {"title": "Oil", "version": version}

        answer = teacher.post(name, draft, body, content_type="application/json", headers=JSON)

        assert answer.status_code in (200, 201)
        assert Course.objects.filter(title="Oil").exists()

    @pytest.mark.parametrize("name", BUTTONS)
    def test_tells_api_clients_what_it_cannot_read(self, teacher, draft, name):
        answer = teacher.client.post(f"/courses/{draft.id}/{name}/", "{", content_type="application/json")

        assert answer.status_code == 400

    @pytest.mark.parametrize("name", BUTTONS)
    def test_needs_its_token(self, teacher, draft, name):
        teacher.client.handler.enforce_csrf_checks = True

        assert teacher.post(name, draft).status_code == 403
