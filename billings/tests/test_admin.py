"""Django's admin shows the mirrors read-only."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billings.models import BillingPrice, Drift, StripeRequest
from billings.tests.support.sold import USD49, Sold

MODELS = ["billingproduct", "billingprice", "striperequest", "drift", "pricechange"]


@pytest.fixture
def sold(make_sold) -> Sold:
    """A course with a row in every mirror."""
    sold = make_sold(price=USD49)
    row = {"product": sold.row}
    BillingPrice.objects.create(
        **row, stripe_id="price_1", unit_amount=4900, currency="usd", active=True, stripe_created=1
    )
    StripeRequest.objects.create(
        **row, key="k", step="create_price", path="/v1/prices", params={}, livemode=False, generation=1,
        resolved_at=timezone.now(), outcome="succeeded", request_id="req_1",
    )  # fmt: skip
    Drift.objects.create(**row, field="name", local_value="Watercolour", remote_value="Oil")
    return sold


@pytest.fixture
def superuser(db) -> Client:
    client = Client()
    user = User.objects.create_superuser("admin", "admin@example.com")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def row_of(model: str, sold: Sold) -> str:
    relations = {
        "billingprice": sold.row.prices,
        "striperequest": sold.row.requests,
        "drift": sold.row.drifts,
        "pricechange": sold.row.price_changes,
    }
    pk = relations[model].get().pk if model in relations else sold.row.pk
    return str(pk)


def address(model: str, what: str, *args: str) -> str:
    return reverse(f"admin:billings_{model}_{what}", args=args)


@pytest.mark.parametrize("model", MODELS)
class TestMirror:
    def test_is_listed_and_searched(self, superuser, sold, model):
        answer = superuser.get(address(model, "changelist"), {"q": "Watercolour"})

        assert answer.status_code == 200
        assert answer.context["cl"].result_count == 1

    def test_is_looked_at(self, superuser, sold, model):
        page = superuser.get(address(model, "change", row_of(model, sold)))

        assert page.status_code == 200
        assert b'name="_save"' not in page.content

    def test_cannot_be_added(self, superuser, sold, model):
        assert superuser.post(address(model, "add"), {}).status_code == 403

    def test_cannot_be_changed(self, superuser, sold, model):
        assert superuser.post(address(model, "change", row_of(model, sold)), {"desired_name": "x"}).status_code == 403

    def test_cannot_be_deleted(self, superuser, sold, model):
        row = row_of(model, sold)

        assert superuser.post(address(model, "delete", row), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": row, "post": "yes"}
        superuser.post(address(model, "changelist"), chosen)
        assert superuser.get(address(model, "change", row)).status_code == 200

    def test_is_not_for_a_teacher(self, client, owner, sold, model):
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")

        assert client.get(address(model, "changelist")).status_code == 302
