"""A mirror that is older than Stripe, because its database was restored."""

import pytest

from billings.money import PriceSpec
from billings.status import describe
from billings.stripe_api import gateway
from billings.sync.converge import Result
from billings.tests.support.drifting import edit, no_drift, open_drift, read
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.restored import older_afterwards
from billings.tests.support.sold import USD59


class TestARestoredBackup:
    OLDER = "older than Stripe's"

    def test_shows_a_title_that_is_not_known_here(self, sold, sandbox):
        with older_afterwards():
            sold.listing(name="Pastel")
            sold.converge()

        read(sold)

        assert open_drift(sold).remote_value == "Pastel"
        assert self.OLDER in describe(sold.product, staff=True).sentence
        assert sandbox.products()[0]["name"] == "Pastel"

    def test_shows_a_price_that_is_not_known_here_and_doubles_nothing(self, sold, sandbox):
        with older_afterwards():
            sold.price(USD59)
            sold.converge()

        read(sold)
        assert open_drift(sold).remote_value["words"] == "$59.00"
        assert self.OLDER in describe(sold.product, staff=False).sentence

        sold.price(USD59)
        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) == 2

    def test_shows_another_price_where_the_course_was_not_even_made(self, make_sold, sandbox):
        sold = make_sold()
        with older_afterwards():
            sold.converge()
            sold.price(USD59)
            sold.converge()

        assert sold.converge() is Result.DONE

        assert open_drift(sold).remote_value["words"] == "$59.00"
        assert self.OLDER in describe(sold.product, staff=False).sentence
        assert len(sandbox.products()) == 1
        assert len(sandbox.prices()) == 2

    def test_followed_by_a_change_of_the_price_is_seen_before_a_price_is_made(self, sold, sandbox):
        """The worst moment to have lost the memory of $59.00: a teacher sets a price, and Stripe is not read first."""
        with older_afterwards():
            sold.price(USD59)
            sold.converge()

        sold.price(PriceSpec(6900, "usd"))
        sold.converge()

        assert open_drift(sold).remote_value["words"] == "$59.00"
        assert self.OLDER in describe(sold.product, staff=True).sentence
        assert len(sandbox.prices()) == 2

    def test_followed_by_the_very_change_that_was_lost_doubles_nothing(self, sold, sandbox):
        with older_afterwards():
            sold.price(USD59)
            sold.converge()

        sold.price(USD59)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert no_drift(sold)
        assert len(sandbox.prices()) == 2

    @pytest.mark.parametrize("amount", [5900, 6900])
    def test_that_no_event_tells_of_is_seen_before_anything_is_sold_at_a_new_price(
        self, sold, sandbox, monkeypatch, amount
    ):
        """The second net: it is older than Stripe's memory of events, or the key may not read them."""
        monkeypatch.setattr(gateway, "event_pages", lambda **how: iter([]))
        with older_afterwards():
            sold.price(USD59)
            sold.converge()

        sold.price(PriceSpec(amount, "usd"))
        sold.converge()

        assert open_drift(sold).field == "price"
        assert self.OLDER in describe(sold.product, staff=True).sentence
        remote = next(price for price in sandbox.prices() if price["id"] == sandbox.products()[0]["default_price"])
        assert remote["unit_amount"] == 5900

    def test_is_not_the_cause_of_what_was_saved_beside_an_open_drift(self, sold, sandbox):
        edit(sandbox, sold, description="By hand")
        read(sold)

        sold.listing(name="Oil")
        sold.converge()

        assert open_drift(sold).field == "description"
        assert self.OLDER not in describe(sold.product, staff=True).sentence

    def test_is_not_the_cause_of_an_edit_in_the_dashboard(self, sold, sandbox):
        edit(sandbox, sold, name="Oil", active=False)

        read(sold)

        assert self.OLDER not in describe(sold.product, staff=True).sentence
