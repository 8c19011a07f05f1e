"""Converge against the real sandbox process, over HTTP, through the official library."""

import pytest

from billings.sync.converge import Result
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD49, USD59
from tools.processes import until


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
