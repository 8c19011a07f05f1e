"""The columns for lists' counts and filters equal the related rows after any change, in any order."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billings import stored_steps
from billings.drift.decisions import Undecidable, restore_local_value
from billings.models import BillingProduct, Drift, StripeRequest, Trouble
from billings.money import PriceSpec
from billings.plan import CreatePrice
from billings.product_fields import Field
from billings.status import state_of
from billings.stripe_api.gateway import Rejected
from billings.sync import desired, excluded, mirror
from billings.tests.support.sold import Sold

STEP = CreatePrice(PriceSpec(4900, "usd"))
REJECTED = Rejected(400, "no such luck", "", "req_1", "unit_amount")


def change_price(sold: Sold, number: int) -> None:
    sold.price(PriceSpec(1000 + number, "usd") if number % 3 else None)


def change_name(sold: Sold, number: int) -> None:
    sold.listing(name=f"Title {number % 2}", status=("draft", "published", "archived")[number % 3])


def reject(sold: Sold, number: int) -> None:
    request = StripeRequest.objects.create(
        product=sold.product,
        key=f"key-{StripeRequest.objects.count()}",
        step=stored_steps.kind_of(STEP),
        step_fields=stored_steps.fields_of(STEP),
        path="/v1/prices",
        params={"unit_amount": "4900"},
        livemode=False,
        generation=sold.product.generation,
    )
    mirror.record_answer(sold.product, request, REJECTED)


def open_drift(sold: Sold, number: int) -> None:
    product, field = sold.product, (Field.NAME, Field.PRICE)[number % 2]
    if not product.drifts.filter(field=field, closed_at=None).exists():
        mirror._open_drift(product, field, "local", "remote")


def close_drift(sold: Sold, number: int) -> None:
    mirror._close_drift(sold.product, (Field.NAME, Field.PRICE)[number % 2])


def retry(sold: Sold, number: int) -> None:
    desired.retry(sold.product)


def retry_all(sold: Sold, number: int) -> None:
    desired.retry_all(BillingProduct.objects.filter(state__in=("attention", "retrying")))


def get_stuck(sold: Sold, number: int) -> None:
    trouble = (Trouble.NONE, Trouble.SLOW, Trouble.KEY)[number % 3]
    BillingProduct.objects.filter(pk=sold.row.pk).update(trouble=trouble)


def catch_up(sold: Sold, number: int) -> None:
    BillingProduct.objects.filter(pk=sold.row.pk).update(observed_generation=F("generation"))


OPERATIONS = [change_price, change_name, reject, open_drift, close_drift, retry, retry_all, get_stuck, catch_up]


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5)), min_size=1, max_size=8))
def test_the_stored_state_is_what_the_rows_say_after_anything(make_sold, steps):
    sold = make_sold()
    for operation, number in steps:
        operation(sold, number)

        assert sold.product.state == state_of(sold.product), operation
    assert not excluded.wrong().exists()


def test_what_nobody_told_is_found_and_put_right(sold):
    Drift.objects.create(product=sold.row, field=Field.NAME, local_value="", remote_value="")
    assert [row.pk for row in excluded.wrong()] == [sold.row.pk]

    excluded.look_again([sold.row.pk])

    assert sold.product.state == "drift"
    assert not excluded.wrong().exists()


def test_a_drift_that_is_decided_is_no_state_any_more(sold):
    open_drift(sold, 0)
    drift = Drift.objects.get()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("billings.drift.decisions._look_again", lambda drift: None)
        try:
            restore_local_value(drift, shown=drift.remote_value, actor=None)
        except Undecidable as reason:
            pytest.fail(str(reason))

    assert sold.product.state == "pending"


def test_rows_from_before_have_their_state(sold, make_sold):
    drifted, rejected = sold, make_sold()
    Drift.objects.create(product=drifted.row, field=Field.NAME, local_value="", remote_value="")
    reject(rejected, 0)
    BillingProduct.objects.update(has_drift=False, has_rejection=False)
    Drift.objects.create(
        product=rejected.row, field=Field.NAME, local_value="", remote_value="", closed_at=timezone.now()
    )

    migration = __import__("billings.migrations.0021_stored_state", fromlist=["fill"])
    migration.fill(apps, SimpleNamespace(connection=connection))

    assert drifted.product.state == "drift"
    assert rejected.product.state == "attention"
    assert not excluded.wrong().exists()
