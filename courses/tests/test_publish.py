import pytest

from billings.models import Drift
from billings.sync import excluded
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, form_of


def fresh(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


class TestPublish:
    def test_puts_the_course_on_sale(self, teacher, draft):
        answer = teacher.post("publish", draft)

        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/courses/{draft.id}/"
        assert fresh(draft).status == "published"
        assert fresh(draft).billing.desired.active

    def test_publishes_a_free_course_without_selling_it(self, teacher, free_course):
        teacher.post("publish", free_course)

        assert fresh(free_course).status == "published"
        assert not fresh(free_course).billing.desired.active

    def test_twice_is_the_same_as_once(self, teacher, draft):
        teacher.post("publish", draft)
        once = fresh(draft)

        answer = teacher.post("publish", draft)

        assert answer.status_code == 303
        assert fresh(draft).billing.generation == once.billing.generation
        assert fresh(draft).updated_at == once.updated_at

    def test_htmx_gets_the_editor(self, teacher, draft):
        answer = teacher.post("publish", draft, form_of(draft), headers=HTMX)

        assert answer.status_code == 200
        assert 'id="unpublish"' in answer.text
        assert answer.headers["HX-Push-Url"] == f"/courses/{draft.id}/"

    def test_needs_a_summary(self, teacher, make_course):
        course = make_course(summary="")

        answer = teacher.post("publish", course)

        assert answer.status_code == 422
        assert "Write a summary first" in answer.text
        assert 'href="#id_summary"' in answer.text
        assert fresh(course).status == "draft"

    def test_a_summary_that_comes_with_it_will_do(self, teacher, make_course):
        course = make_course(summary="")

        teacher.post("publish", course, form_of(course, summary="Paint light."))

        assert fresh(course).status == "published"

    def test_after_a_rejection_the_form_can_be_saved(self, teacher, make_course):
        course = make_course(summary="")
        rejected = teacher.post("publish", course)

        version = rejected.context["form"]["version"].value()
        answer = teacher.post("edit", course, {"title": "Oil", "version": version})

        assert answer.status_code == 303

    def test_not_while_something_is_drifted(self, teacher, draft):
        Drift.objects.create(product=draft.billing, field="name", local_value="Watercolour", remote_value="Oil")
        excluded.look_again([draft.billing.pk])

        answer = teacher.post("publish", draft)

        assert answer.status_code == 422
        assert "changed in Stripe" in answer.text
        assert fresh(draft).status == "draft"

    def test_is_rejected_for_an_archived_course(self, teacher, archived_course):
        assert teacher.post("publish", archived_course).status_code == 422
        assert fresh(archived_course).status == "archived"

    def test_an_api_client_is_told_why_not(self, teacher, make_course):
        course = make_course(summary="")

        answer = teacher.post("publish", course, headers=JSON)

        assert answer.status_code == 422
        assert answer.json()["errors"]["summary"]

    def test_an_api_client_is_told_what_is_wrong_with_the_whole(self, teacher, archived_course):
        answer = teacher.post("publish", archived_course, headers=JSON)

        assert answer.json()["errors"]["__all__"] == ["This course is archived. Restore it first."]


class TestUnpublish:
    def test_takes_the_course_off_sale(self, teacher, published_course):
        answer = teacher.post("unpublish", published_course)

        assert answer.status_code == 303
        assert fresh(published_course).status == "draft"
        assert not fresh(published_course).billing.desired.active

    def test_a_draft_stays_one(self, teacher, draft):
        before = fresh(draft).billing.generation

        assert teacher.post("unpublish", draft).status_code == 303
        assert fresh(draft).billing.generation == before

    def test_lets_the_summary_go_in_the_same_step(self, teacher, published_course):
        teacher.post("unpublish", published_course, form_of(published_course, summary=""))

        assert (fresh(published_course).status, fresh(published_course).summary) == ("draft", "")

    def test_is_rejected_for_an_archived_course(self, teacher, archived_course):
        assert teacher.post("unpublish", archived_course).status_code == 422


class TestArchive:
    @pytest.mark.parametrize("before", ["draft", "published"])
    def test_takes_the_course_off_sale_and_remembers_what_it_was(self, teacher, draft, before):
        if before == "published":
            teacher.post("publish", draft)

        page = teacher.client.post(f"/courses/{draft.id}/archive/", follow=True)

        assert "Archived. People who bought it keep it." in page.text
        assert (fresh(draft).status, fresh(draft).status_before_archive) == ("archived", before)
        assert not fresh(draft).billing.desired.active
        assert fresh(draft).billing.price is not None

    def test_twice_is_the_same_as_once(self, teacher, archived_course):
        before = fresh(archived_course)

        teacher.post("archive", archived_course)

        assert fresh(archived_course).status_before_archive == "published"
        assert fresh(archived_course).billing.generation == before.billing.generation

    def test_an_archived_course_can_be_edited(self, teacher, archived_course):
        teacher.post("edit", archived_course, form_of(archived_course, title="Oil"))

        assert (fresh(archived_course).title, fresh(archived_course).status) == ("Oil", "archived")


class TestRestore:
    @pytest.mark.parametrize("before", ["draft", "published"])
    def test_it_goes_back_to_what_it_was(self, teacher, draft, before):
        if before == "published":
            teacher.post("publish", draft)
        teacher.post("archive", draft)

        teacher.post("restore", draft)

        assert (fresh(draft).status, fresh(draft).status_before_archive) == (before, "")
        assert fresh(draft).billing.desired.active == (before == "published")

    def test_twice_is_the_same_as_once(self, teacher, published_course):
        assert teacher.post("restore", published_course).status_code == 303
        assert fresh(published_course).status == "published"

    def test_what_was_published_needs_its_summary(self, teacher, archived_course):
        teacher.post("edit", archived_course, form_of(archived_course, summary=""))

        answer = teacher.post("restore", archived_course)

        assert answer.status_code == 422
        assert "Write a summary first" in answer.text
        assert fresh(archived_course).status == "archived"
