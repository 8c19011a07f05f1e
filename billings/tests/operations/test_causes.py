"""The Sync page names why courses wait or need attention: each cause once, with its oldest course and a link to all."""

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from billings.models import BillingProduct
from billings.tests.support.sold import USD59, Sold
from tools.testing.sandbox import Sandbox

REFUSAL = {"status": 400, "message": "We do not take this.", "param": "unit_amount"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_user("staff", "staff@example.com")
    user.groups.add(Group.objects.get(name="Price managers"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def fails(sold: Sold, sandbox: Sandbox, kind: str, **how: object) -> None:
    sandbox.fault(kind, method="POST", **how)
    sold.price(USD59)
    sold.converge()


@pytest.fixture
def troubled(make_sold, sandbox) -> list[Sold]:
    """Two rejected for the same reason, one without an answer, one without a key, one synced."""
    courses = [make_sold() for _ in range(5)]
    for sold in courses:
        sold.converge()
    for sold in courses[:2]:
        fails(sold, sandbox, "refuse", error=REFUSAL)
    fails(courses[2], sandbox, "reset")
    fails(courses[3], sandbox, "401")
    BillingProduct.objects.exclude(generation=F("observed_generation")).update(behind_since=timezone.now())
    return courses


@pytest.mark.django_db
class TestTheSyncPage:
    def test_names_each_cause_once_with_its_count(self, staff, troubled):
        causes = staff.get("/billing/sync/", headers=JSON).json()["causes"]

        assert {cause["code"]: cause["count"] for cause in causes} == {"key": 1, "unreachable": 1, "rejected_price": 2}
        assert all(cause["oldest"] for cause in causes)

    def test_leads_from_each_cause_to_its_courses(self, staff, troubled):
        for cause in staff.get("/billing/sync/", headers=JSON).json()["causes"]:
            found = staff.get(cause["url"], headers=JSON).json()
            assert found["count"] == cause["count"]

    def test_names_the_course_that_waits_longest(self, staff, troubled):
        BillingProduct.objects.filter(pk=troubled[0].row.pk).update(desired_name="The first one")

        text = staff.get("/billing/sync/").content.decode()

        assert "Stripe rejected this: We do not take this." in text
        assert f'<a href="/courses/{troubled[0].course.id}/"><bdi>The first one</bdi></a>' in text

    def test_says_nothing_of_causes_where_all_is_well(self, staff, sold):
        assert "Why courses wait" not in staff.get("/billing/sync/").content.decode()

    def test_takes_eight_queries_where_all_is_well(self, staff, sold, django_assert_num_queries):
        with django_assert_num_queries(8):
            staff.get("/billing/sync/")

    def test_takes_two_more_however_many_causes_there_are(self, staff, troubled, django_assert_num_queries):
        with django_assert_num_queries(10):
            staff.get("/billing/sync/")
