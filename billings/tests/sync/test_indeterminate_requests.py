"""What a request without a known answer did, and what it is not mistaken for."""

import pytest

from billings.product_fields import Field
from billings.sync.converge import Result
from billings.tests.support.drifting import add_price, edit, no_drift, open_drift, read
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import at_call
from billings.tests.support.restored import older_afterwards
from billings.tests.support.sold import USD49, USD59

REPLAYED = {"kind": "500", "stored": True}


class TestAnIndeterminateRequest:
    """Stripe remembers a failure, so the work may be done or not: the next read tells, and the call has a say in it."""

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_of_an_update_is_ours_either_way(self, sold, sandbox, when):
        sandbox.fault(**REPLAYED, when=when, method="POST")

        sold.listing(name="Pastel", status="draft")
        sold.converge()
        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_of_a_price_change_is_ours_either_way(self, sold, sandbox, when, nth):
        sandbox.fault(**REPLAYED, when=when, method="POST", skip=nth - 1)

        sold.price(USD59)
        sold.converge()
        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_of_an_earlier_price_brought_back_is_ours_either_way(self, sold, sandbox, when):
        sold.price(USD59)
        sold.converge()
        sandbox.fault(**REPLAYED, when=when, method="POST")

        sold.price(USD49)
        sold.converge()
        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) == 2

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_of_a_create_is_ours_either_way(self, make_sold, sandbox, when):
        sandbox.fault(**REPLAYED, when=when, method="POST")
        sold = make_sold()

        sold.converge()
        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)

    def test_of_a_create_does_not_hide_what_was_edited_since(self, make_sold, sandbox):
        sandbox.fault(**REPLAYED, when="after", method="POST")
        sold = make_sold()
        sold.converge()
        edit(sandbox, sold, name="Oil")

        assert sold.converge() is Result.DONE

        drift = open_drift(sold)
        assert (drift.field, drift.local_value, drift.remote_value) == (Field.NAME, "Watercolour", "Oil")

    def test_of_a_price_does_not_hide_another_that_was_made_since(self, sold, sandbox):
        sandbox.fault(**REPLAYED, when="after", method="POST")
        sold.price(USD59)
        sold.converge()
        add_price(sandbox, sold)

        assert sold.converge() is Result.DONE

        assert open_drift(sold).field == Field.PRICE
        assert len(sandbox.prices(active=True)) == 3, "nothing is archived before somebody decides"

    def test_of_a_price_is_not_taken_for_somebody_elses_of_other_terms(self, sold, sandbox):
        sandbox.fault(**REPLAYED, when="before", method="POST")
        sold.price(USD59)
        sold.converge()
        add_price(sandbox, sold)

        assert sold.converge() is Result.DONE

        assert open_drift(sold).remote_value["words"] == "$49.00 + $39.00"

    def test_has_its_say_in_one_read_only(self, sold, sandbox):
        sandbox.fault(**REPLAYED, when="after", method="POST")
        sold.listing(name="Pastel")
        sold.converge()
        assert sold.converge() is Result.DONE
        sold.listing(name="Gouache")
        assert sold.converge() is Result.DONE

        edit(sandbox, sold, name="Pastel")
        read(sold)

        assert open_drift(sold).remote_value == "Pastel"

    def test_that_made_a_price_between_two_lists_is_looked_for_twice(self, sold, sandbox, monkeypatch):
        """It becomes active after the active ones were listed, and is in neither list."""
        old = sold.product.observed_default_price
        sold.price(USD59)
        sold.converge()
        calls = len(sandbox.calls())
        at_call(monkeypatch, 2, after=lambda: sandbox.dashboard(f"prices/{old}/activate"))

        read(sold)

        assert len(sandbox.calls()) == calls + 6
        assert not sold.product.prices.filter(gone=True).exists()


class TestAnIdThatIsTaken:
    def test_by_what_an_older_database_made_is_adopted(self, make_sold, sandbox):
        sold = make_sold()
        with older_afterwards():
            sold.converge()

        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)
        assert len(sandbox.products()) == len(sandbox.prices()) == 1

    def test_by_a_deleted_product_gets_a_number_behind_it(self, make_sold, sandbox):
        sandbox.settings(deleted_ids="taken")
        sold = make_sold()
        with older_afterwards():
            sold.converge()
            sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")

        assert sold.converge() is Result.DONE

        assert sold.product.stripe_id == f"course_{sold.course.id.hex}_1"
        assert_in_sync(sold, sandbox)
