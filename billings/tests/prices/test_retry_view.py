"""Staff retry one course, or all that match; and open a course in Stripe."""

import json

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from billings.models import BillingProduct
from billings.sync.sweep import sweep
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59, Sold
from tools.testing.sandbox import Sandbox

JSON = {"Accept": "application/json"}
PRICES = "/billing/prices/"
REFUSAL = {"status": 400, "message": "We do not take this.", "param": "unit_amount"}


@pytest.fixture
def staff(transactional_db) -> Client:
    user = User.objects.create_user("staff", "staff@example.com")
    user.groups.add(Group.objects.get(name="Price managers"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def waits(sold: Sold, sandbox: Sandbox) -> None:
    sandbox.fault("reset", method="POST")
    sold.price(USD59)
    sold.converge()


def is_rejected(sold: Sold, sandbox: Sandbox) -> None:
    sandbox.fault("refuse", method="POST", error=REFUSAL)
    sold.price(USD59)
    sold.converge()


@pytest.mark.django_db(transaction=True)
class TestOneCourse:
    @pytest.mark.parametrize("stands", [waits, is_rejected])
    def test_is_tried_again_at_once(self, staff, sold, sandbox, stands):
        stands(sold, sandbox)
        url = f"{PRICES}{sold.course.id}/retry/"
        assert url in staff.get(PRICES).content.decode()

        answer = staff.post(url, headers=JSON)

        assert answer.json()["billing"]["state"] == "in_sync"
        assert_in_sync(sold, sandbox)

    def test_leads_back_to_the_list_without_javascript(self, staff, sold, sandbox):
        waits(sold, sandbox)

        answer = staff.post(f"{PRICES}{sold.course.id}/retry/?q=water")

        assert (answer.status_code, answer.url) == (303, "/billing/prices/?q=water")

    def test_leads_back_to_no_other_site(self, staff, sold):
        answer = staff.post(f"{PRICES}{sold.course.id}/retry/", {"next": "https://evil.example/"})

        assert answer.url == PRICES

    def test_is_not_offered_where_nothing_waits(self, staff, sold):
        assert "/retry/" not in staff.get(PRICES).content.decode()


@pytest.mark.django_db(transaction=True)
class TestAllThatMatch:
    @pytest.fixture
    def courses(self, sandbox, make_sold) -> list[Sold]:
        """One rejected, two that wait, one synced."""
        courses = [make_sold() for _ in range(4)]
        for sold in courses:
            sold.converge()
        is_rejected(courses[0], sandbox)
        for sold in courses[1:3]:
            waits(sold, sandbox)
        return courses

    def test_are_counted_before_and_tried_by_the_workers(self, staff, courses, sandbox):
        assert "Try all 3 courses again" in staff.get(PRICES).content.decode()
        calls = len(sandbox.calls())

        answer = staff.post(f"{PRICES}retry/", {"count": "3"})

        assert (answer.status_code, answer.url) == (303, PRICES)
        assert len(sandbox.calls()) == calls, "no web request waits for Stripe for many"
        sweep()
        assert {sold.product.price for sold in courses[:3]} == {USD59}
        assert not BillingProduct.objects.exclude(trouble="").exists()
        assert not any(sold.product.rejections.exists() for sold in courses)

    def test_are_those_of_the_filters_alone(self, staff, courses, sandbox):
        next_try = courses[1].product.next_attempt_at

        answer = staff.post(f"{PRICES}retry/?billing=attention", json.dumps({"count": "1"}), "application/json")

        assert answer.json() == {"retried": 1}
        assert courses[1].product.next_attempt_at == next_try
        sweep()
        assert not courses[0].product.rejections.exists()

    def test_are_left_alone_where_they_became_more(self, staff, courses, sandbox):
        answer = staff.post(f"{PRICES}retry/", {"count": "1"}, headers=JSON)

        assert answer.status_code == 409
        assert "There are 3 of them by now." in answer.json()["errors"]["__all__"][0]
        assert courses[0].product.rejections.exists()

    def test_take_few_queries_however_many_they_are(self, staff, courses, sandbox, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            staff.post(f"{PRICES}retry/", {"count": "3"})

    def test_are_not_for_teachers(self, owner, courses):
        teacher = Client()
        teacher.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")

        assert teacher.post(f"{PRICES}retry/").status_code == 403
        assert teacher.post(f"{PRICES}{courses[0].course.id}/retry/").status_code == 403
        assert Client().get(f"{PRICES}retry/").status_code == 405


@pytest.mark.django_db(transaction=True)
class TestTheRow:
    def test_says_what_stripe_still_sells_beside_the_new_price(self, staff, sold, sandbox):
        is_rejected(sold, sandbox)

        text = staff.get(PRICES).content.decode()

        assert "$59.00" in text
        assert "Stripe still sells it at $49.00" in text

    def test_leads_to_the_sandboxs_own_page_while_that_stands_for_stripe(self, staff, sold, sandbox):
        link = f"{sandbox.url}/_sandbox/?q={sold.product.stripe_id}"

        assert f'href="{link}"' in staff.get(PRICES).content.decode()

    @pytest.mark.parametrize(("livemode", "path"), [(False, "/test"), (True, "")])
    def test_leads_to_the_product_in_the_dashboard_of_its_account(self, staff, sold, settings, livemode, path):
        settings.STRIPE_API_BASE = settings.STRIPE_OWN_API
        BillingProduct.objects.update(account="acct_7", livemode=livemode)

        text = staff.get(PRICES).content.decode()

        assert f'href="https://dashboard.stripe.com/acct_7{path}/products/{sold.product.stripe_id}"' in text


@pytest.mark.django_db(transaction=True)
class TestTheMessage:
    @pytest.fixture
    def change(self, staff, sold):
        def change(price: str) -> str:
            row = next(row for row in staff.get(PRICES, headers=JSON).json()["results"])
            fields = {"price": price, "currency": "usd", "billing_interval": "one_time", "reason": "Autumn"}
            staff.post(f"{PRICES}{sold.course.id}/", fields | {"version": row["version"]})
            return staff.get(PRICES).content.decode()

        return change

    def test_is_green_where_stripe_sells_it(self, change):
        text = change("59")

        assert "toast-note-success" in text
        assert "“Watercolour” is $59.00 now." in text

    def test_is_neutral_while_stripe_does_not_answer_and_says_what_it_sells(self, change, sandbox):
        sandbox.fault("reset", method="POST", times=None)

        text = change("59")

        assert "toast-note-success" not in text
        assert "“Watercolour” will be $59.00 as soon as Stripe follows. Stripe still sells it at $49.00." in text

    def test_warns_where_stripe_rejected_it(self, change, sandbox):
        sandbox.fault("refuse", method="POST", error=REFUSAL)

        text = change("59")

        assert "toast-note-warning" in text
        assert "“Watercolour” should be $59.00, but that needs attention. Stripe still sells it at $49.00." in text
