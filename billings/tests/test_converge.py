"""Converge against the real sandbox process, over HTTP, through the official library."""

import pytest

from billings.converge import Result
from billings.money import PriceSpec
from billings.tests.conftest import USD49, USD59
from billings.tests.wait import until


def assert_in_sync(sold, sandbox):
    """What must hold at rest, whatever happened before."""
    row = sold.product
    assert row.observed_generation == row.generation
    assert (row.trouble, row.attempts, row.next_attempt_at) == ("", 0, None)
    assert not row.calls.filter(settled_at=None).exists()
    products = {product["id"]: product for product in sandbox.products()}
    if not row.exists:
        assert row.stripe_id not in products
        return
    product = products[row.stripe_id]
    assert product["name"] == row.desired_name == row.observed_name
    assert (product["description"] or "") == row.desired_description
    assert product["active"] == row.desired.active == row.observed_active
    assert product["metadata"]["course_id"] == str(row.course_id)
    held = {price["id"]: price for price in sandbox.prices()}
    active = [price for price in held.values() if price["active"]]
    assert [price["id"] for price in active] == [product["default_price"]]
    assert row.observed_default_price == product["default_price"]
    if row.price:
        (price,) = active
        interval = (price["recurring"] or {}).get("interval")
        assert PriceSpec(price["unit_amount"], price["currency"], interval) == row.price
    assert {price.stripe_id: price.active for price in row.prices.filter(gone=False)} == {
        price["id"]: price["active"] for price in held.values()
    }
    terms = [(p["unit_amount"], p["currency"], (p["recurring"] or {}).get("interval")) for p in held.values()]
    assert len(terms) == len(set(terms)), "the same price was made twice"


class TestEachOperation:
    def test_create_is_one_call(self, sold, sandbox):
        assert_in_sync(sold, sandbox)
        assert len(sandbox.calls()) == 1

    def test_a_new_price_is_three_calls(self, sold, sandbox):
        sold.price(USD59)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert len(sandbox.calls()) == 1 + 3

    def test_a_free_course_is_none(self, make_sold, sandbox):
        free = make_sold(price=None)
        assert free.converge() is Result.DONE
        assert sandbox.calls(account=True) == []


FAULTS = [
    {"kind": "reset", "when": "before"},
    {"kind": "reset", "when": "after"},
    {"kind": "500", "when": "before"},
    {"kind": "500", "when": "after"},
    {"kind": "502", "when": "before"},
    {"kind": "503", "when": "after"},
    {"kind": "429"},
    {"kind": "lock"},
    {"kind": "409"},
    {"kind": "401"},
    {"kind": "403"},
    {"kind": "garbage", "when": "after"},
    {"kind": "garbage", "when": "before"},
    {"kind": "late", "when": "late", "seconds": 0.3},
]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}-{fault.get('when', 'before')}")
def test_a_price_change_survives_a_fault_at_each_call(sold, sandbox, fault, nth):
    sandbox.fault(**fault, method="POST", skip=nth - 1)
    sold.price(USD59)
    assert sold.converge() is Result.FAILED or fault["kind"] == "500"
    if fault["kind"] == "late":
        sandbox.release()

    for _ in range(5):
        if sold.converge() is Result.DONE:
            break

    assert_in_sync(sold, sandbox)
    assert len(sandbox.prices()) == 2


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}-{fault.get('when', 'before')}")
def test_a_create_survives_a_fault(make_sold, sandbox, fault):
    sandbox.fault(**fault, method="POST")
    sold = make_sold(price=USD49)
    assert sold.converge() is Result.FAILED
    if fault["kind"] == "late":
        sandbox.release()

    for _ in range(5):
        if sold.converge() is Result.DONE:
            break

    assert_in_sync(sold, sandbox)
    assert len(sandbox.products()) == len(sandbox.prices()) == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_call_carried_out_after_our_time_out_makes_no_second_price(sold, sandbox, nth):
    """Cut off at once, done three seconds later; until then Stripe answers 409 to the same key."""
    sandbox.fault("late", when="late", seconds=3, method="POST", skip=nth - 1)
    sold.price(USD59)
    assert sold.converge() is Result.FAILED
    assert sold.converge() is Result.FAILED
    assert sold.product.trouble == "busy"

    until(lambda: sold.converge() is Result.DONE)

    assert_in_sync(sold, sandbox)
    assert len(sandbox.prices()) == 2
