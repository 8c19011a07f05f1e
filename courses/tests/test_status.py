"""GET /courses/<uuid>/status/, and POST retry."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from billings.models import BillingProduct, Trouble
from courses.tests.support.people import HTMX, JSON

STATUS = {"HX-Request": "true", "HX-Target": "status"}


@pytest.fixture
def waiting_course(draft):
    BillingProduct.objects.filter(course=draft).update(
        trouble=Trouble.SLOW, attempts=3, next_attempt_at=timezone.now() + timedelta(hours=1)
    )
    return draft


@pytest.fixture
def synced_course(draft):
    billing = draft.billing
    BillingProduct.objects.filter(pk=billing.pk).update(observed_generation=billing.generation)
    return draft


class TestStatus:
    def test_is_the_part_of_the_page_that_htmx_asks_for(self, teacher, draft):
        answer = teacher.get("status", draft, headers=HTMX)

        assert answer.status_code == 200
        assert answer.text.strip().startswith('<section id="status"')
        assert "Saving…" in answer.text

    def test_it_asks_again_while_something_is_pending(self, teacher, draft):
        assert 'hx-trigger="load delay:1s' in teacher.get("status", draft, headers=HTMX).text

    def test_it_rests_when_all_is_in_sync(self, teacher, synced_course):
        answer = teacher.get("status", synced_course, headers=HTMX)

        assert "Ready at $49.00" in answer.text
        assert re.search(r'hx-trigger="\s*visibilitychange from:document"', answer.text), "but when somebody comes back"

    def test_is_a_whole_page_without_javascript(self, teacher, draft):
        answer = teacher.get("status", draft)

        assert "<html" in answer.text
        assert "Saving…" in answer.text

    def test_staff_see_everybodys(self, staff, waiting_course):
        answer = staff.get("status", waiting_course)

        assert answer.status_code == 200
        assert f"/billing/prices/{waiting_course.pk}/retry/" in answer.text
        assert f"/courses/{waiting_course.pk}/retry/" not in answer.text, "that one is the owner's"

    def test_is_json_for_api_clients(self, teacher, draft):
        body = teacher.get("status", draft, headers=JSON).json()

        assert body.keys() == {"id", "status", "billing"}
        assert body["billing"]["state"] == "pending"

    def test_asks_little_of_the_database(self, teacher, draft, django_assert_max_num_queries):
        with django_assert_max_num_queries(8):
            teacher.get("status", draft, headers=HTMX)

    def test_an_expired_session_leads_nobody_away(self, anonymous, draft):
        here = {**STATUS, "HX-Current-URL": f"http://testserver/courses/{draft.id}/"}

        answer = anonymous.get("status", draft, headers=here)

        assert answer.status_code == 401
        assert answer.headers["X-Sign-In"] == f"/accounts/login/?next=/courses/{draft.id}/"

    def test_an_anonymous_user_is_told_in_json(self, anonymous, draft):
        assert anonymous.get("status", draft, headers=JSON).status_code == 401


class TestRetry:
    def test_makes_the_next_attempt_due_now(self, teacher, waiting_course):
        answer = teacher.post("retry", waiting_course)

        assert answer.status_code == 303
        assert BillingProduct.objects.filter(next_attempt_at__lte=timezone.now()).exists()

    def test_htmx_gets_the_status_alone(self, teacher, waiting_course):
        answer = teacher.post("retry", waiting_course, headers=STATUS)

        assert answer.status_code == 200
        assert '<section id="status"' in answer.text
        assert "course-form" not in answer.text
        assert "HX-Push-Url" not in answer.headers

    def test_what_is_wrong_is_told_beside_the_status(self, teacher, waiting_course):
        answer = teacher.post("retry", waiting_course, {"title": ""}, headers=STATUS)

        assert "Enter a title." in answer.text
        assert '<section id="status"' in answer.text

    def test_a_course_in_sync_stays_in_sync(self, teacher, synced_course):
        before = BillingProduct.objects.get().generation

        assert teacher.post("retry", synced_course).status_code == 303
        assert BillingProduct.objects.get().generation == before
