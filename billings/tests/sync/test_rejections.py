"""What Stripe rejects is excluded from plans until it changes: the rest goes on, and nothing loops."""

import pytest

from billings.models import Rejection
from billings.money import PriceSpec
from billings.product_fields import Field
from billings.status import describe, state_of
from billings.sync import desired
from billings.sync.converge import MAX_TURNS, Result
from billings.tests.support.drifting import ask_for_a_read, edit
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import at_call
from billings.tests.support.rejecting import reject
from billings.tests.support.sold import USD49, USD59, Sold
from tools.testing.sandbox import Sandbox

CHF49 = PriceSpec(4900, "chf")


def rejected(sold: Sold) -> set[str]:
    return set(sold.product.rejections.values_list("field", flat=True))


def rest(sold: Sold, sandbox: Sandbox) -> None:
    """Nothing loops: at rest another converge asks Stripe nothing."""
    calls = len(sandbox.calls())
    assert sold.converge() is Result.DONE
    assert len(sandbox.calls()) == calls


class TestARejectedValue:
    @pytest.mark.parametrize("status", [400, 402, 404])
    def test_needs_attention_and_says_why(self, sold, sandbox, status):
        reject(sandbox, param="name", status=status)
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        assert state_of(sold.product) == "attention"
        assert "Stripe rejected this: We do not take this." in describe(sold.product, staff=False).sentence
        assert rejected(sold) == {Field.NAME}
        rest(sold, sandbox)

    def test_costs_the_call_and_a_read(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")

        sold.converge()

        assert len(sandbox.calls()) == 1 + 1 + 3

    def test_lets_the_rest_go_on(self, sold, sandbox):
        reject(sandbox, param="name", path="/v1/products/")
        sold.listing(name="Pastel", description="For everyone")
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        (product,) = sandbox.products()
        (price,) = sandbox.prices(active=True)
        assert (product["name"], product["description"]) == ("Watercolour", "For everyone")
        assert product["default_price"] == price["id"]
        assert price["unit_amount"] == 5900

    def test_is_no_trouble_once_stripe_holds_it_by_somebodys_hand(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")
        sold.converge()

        edit(sandbox, sold, name="Pastel")
        ask_for_a_read(sold)
        assert sold.converge() is Result.DONE

        assert rejected(sold) == set()
        assert state_of(sold.product) == "in_sync"

    def test_of_a_price_is_no_trouble_once_stripe_holds_it_by_somebodys_hand(self, sold, sandbox):
        sandbox.settings(refused_currencies=["chf"])
        sold.price(CHF49)
        sold.converge()
        assert rejected(sold) == {Field.PRICE}

        sandbox.settings(refused_currencies=[])
        sandbox.dashboard(f"products/{sold.product.stripe_id}/price", currency="chf", unit_amount=4900)
        ask_for_a_read(sold)
        assert sold.converge() is Result.DONE

        assert rejected(sold) == set()
        assert state_of(sold.product) == "in_sync"

    def test_stays_one_while_stripe_holds_another(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")
        sold.converge()

        ask_for_a_read(sold)
        sold.converge()

        assert rejected(sold) == {Field.NAME}

    def test_is_asked_again_when_it_changes(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")
        sold.converge()

        sold.listing(name="Gouache")
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert state_of(sold.product) == "in_sync"

    def test_is_not_asked_again_when_another_changes(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")
        sold.converge()

        sold.listing(description="For everyone")
        sold.converge()

        assert "name" not in sandbox.writes()[-1]["params"]
        assert rejected(sold) == {Field.NAME}

    def test_that_changed_during_the_call_is_history(self, sold, sandbox, monkeypatch):
        reject(sandbox, param="name")
        at_call(monkeypatch, 1, after=lambda: sold.listing(name="Gouache"))
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert rejected(sold) == set()

    def test_that_stays_while_another_changes_during_the_call_is_asked_once_more(self, sold, sandbox, monkeypatch):
        reject(sandbox, param="name", times=2)
        at_call(monkeypatch, 1, after=lambda: sold.listing(description="For everyone"))
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        assert rejected(sold) == {Field.NAME}
        assert sandbox.products()[0]["description"] == "For everyone"
        rest(sold, sandbox)

    def test_without_a_name_holds_back_every_field_of_its_call(self, sold, sandbox):
        reject(sandbox)
        sold.listing(name="Pastel", description="For everyone")

        assert sold.converge() is Result.DONE

        assert rejected(sold) == {Field.NAME, Field.DESCRIPTION}
        rest(sold, sandbox)

    def test_of_several_is_asked_again_when_one_of_them_changes(self, sold, sandbox):
        reject(sandbox)
        sold.listing(name="Pastel", description="For everyone")
        sold.converge()

        sold.listing(name="Gouache")
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_of_a_create_leaves_nothing_there(self, make_sold, sandbox):
        sandbox.settings(refused_currencies=["chf"])
        sold = make_sold(price=CHF49)

        assert sold.converge() is Result.DONE

        assert rejected(sold) == {Field.PRICE}
        assert sandbox.products() == sandbox.prices() == []
        rest(sold, sandbox)

    def test_of_a_create_that_can_be_left_out_is_left_out(self, make_sold, sandbox):
        reject(sandbox, param="description")
        sold = make_sold()

        assert sold.converge() is Result.DONE

        (product,) = sandbox.products()
        assert (product["name"], product["description"], product["active"]) == ("Watercolour", None, True)
        assert rejected(sold) == {Field.DESCRIPTION}
        rest(sold, sandbox)

    def test_of_a_create_is_made_with_the_next_price(self, make_sold, sandbox):
        sandbox.settings(refused_currencies=["chf"])
        sold = make_sold(price=CHF49)
        sold.converge()

        sold.price(USD49)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_of_a_price_keeps_the_old_one_on_sale(self, sold, sandbox):
        sandbox.settings(refused_currencies=["chf"])
        sold.price(CHF49)

        assert sold.converge() is Result.DONE

        (price,) = sandbox.prices()
        assert (price["active"], sandbox.products()[0]["active"]) == (True, True)
        rest(sold, sandbox)

    def test_of_a_price_does_not_keep_the_course_on_sale(self, sold, sandbox):
        sandbox.settings(refused_currencies=["chf"])
        sold.price(CHF49)
        sold.converge()

        sold.listing(status="draft")
        sold.converge()

        assert not sandbox.products()[0]["active"]

    @pytest.mark.parametrize("nth", [2, 3])
    def test_in_the_middle_of_a_price_change_comes_to_rest(self, sold, sandbox, nth):
        reject(sandbox, skip=nth - 1)
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        assert rejected(sold) == {Field.PRICE}
        rest(sold, sandbox)
        desired.retry(sold.product)
        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)


class TestARejectionThatSaysNothingOfTheValue:
    @pytest.mark.parametrize("code", ["resource_missing", "resource_already_exists"])
    def test_is_followed_by_a_read_and_another_try(self, sold, sandbox, code):
        reject(sandbox, code=code)
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        assert rejected(sold) == set()
        assert_in_sync(sold, sandbox)

    def test_that_never_ends_is_stopped(self, sold, sandbox):
        reject(sandbox, code="resource_missing", times=None)
        sold.listing(name="Pastel")

        assert sold.converge() is Result.FAILED

        assert len(sandbox.writes()) <= MAX_TURNS
        sandbox.clear_faults()
        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)

    def test_since_the_dashboard_had_changed_what_the_call_took_for_granted_is_none(self, sold, sandbox):
        """The price that should become the default again was deleted."""
        old = sold.product.observed_default_price
        sold.price(USD59)
        sold.converge()
        sandbox.dashboard(f"prices/{old}/delete")

        sold.price(USD49)
        assert sold.converge() is Result.DONE

        assert rejected(sold) == set()
        assert_in_sync(sold, sandbox)

    def test_of_a_state_which_a_read_finds_otherwise_is_forgotten(self, sold, sandbox):
        reject(sandbox, param="name")
        edit(sandbox, sold, description="For everyone")
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        assert rejected(sold) == set()
        assert sandbox.products()[0]["name"] == "Pastel"
        assert state_of(sold.product) == "drift"


class TestRetry:
    def test_asks_once_more(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")
        sold.converge()

        desired.retry(sold.product)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_of_what_is_still_rejected_needs_attention_again(self, sold, sandbox):
        reject(sandbox, param="name", times=2)
        sold.listing(name="Pastel")
        sold.converge()

        desired.retry(sold.product)
        assert sold.converge() is Result.DONE

        assert Rejection.objects.get().field == Field.NAME
        rest(sold, sandbox)
