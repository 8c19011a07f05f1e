"""Setting a price: limits, the audit row in the same transaction, and the history."""

from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from billings import money
from billings.models import BillingProduct, PriceChange
from billings.money import PriceSpec
from billings.pricing import history, set_price
from billings.tests.support.sold import USD49, USD59

MONTHLY = PriceSpec(4900, "usd", "month")
EUR49 = PriceSpec(4900, "eur")


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_user("staff", "staff@example.com")


@pytest.fixture
def priced(make_sold):
    """A course for $49.00, of which Stripe has not heard."""
    return make_sold()


class TestSettingAPrice:
    def test_remembers_who_and_why_and_what_it_was(self, priced, staff):
        change = set_price(priced.product, USD59, actor=staff, reason="Longer", source=PriceChange.Source.STAFF)

        assert change == PriceChange.objects.first()
        assert (change.old, change.new) == (USD49, USD59)
        assert (change.actor, change.reason, change.source) == (staff, "Longer", "staff")
        assert change.generation == priced.product.generation

    @pytest.mark.parametrize("price", [USD59, EUR49, MONTHLY, None])
    def test_raises_the_generation_by_one(self, priced, price):
        generation = priced.product.generation

        set_price(priced.product, price, actor=None)

        assert priced.product.price == price
        assert priced.product.generation == generation + 1

    def test_brings_the_row_in_hand_up_to_date(self, priced):
        row = priced.product

        set_price(row, USD59, actor=None)

        assert row.price == USD59
        assert row.price_changed_at is not None

    def test_to_what_it_is_changes_nothing(self, priced):
        before = priced.product

        assert set_price(before, USD49, actor=None) is None

        assert PriceChange.objects.count() == 1
        assert (priced.product.generation, priced.product.price_changed_at) == (
            before.generation,
            before.price_changed_at,
        )

    def test_validates_against_the_row_and_not_by_an_older_copy_of_it(self, priced, staff):
        older = priced.product
        set_price(priced.product, USD59, actor=None)

        assert set_price(older, USD59, actor=staff) is None
        change = set_price(older, EUR49, actor=staff)

        assert change
        assert change.old == USD59

    def test_that_is_undone_leaves_no_trace(self, priced):
        with suppress(ZeroDivisionError), transaction.atomic():
            set_price(priced.product, USD59, actor=None)
            raise ZeroDivisionError

        assert priced.product.price == USD49
        assert PriceChange.objects.count() == 1

    def test_of_a_course_that_becomes_free_keeps_its_currency_for_later(self, make_sold):
        sold = make_sold(price=PriceSpec(4900, "eur", "month"))

        change = set_price(sold.product, None, actor=None)

        assert change
        assert change.new is None
        assert (sold.product.desired_currency, sold.product.desired_interval) == ("eur", "month")

    def test_of_nothing_is_free(self, priced):
        set_price(priced.product, PriceSpec(0, "usd"), actor=None)

        assert priced.product.price is None

    def test_of_a_free_course_to_free_changes_nothing(self, make_sold):
        assert set_price(make_sold(price=None).product, None, actor=None) is None
        assert not PriceChange.objects.exists()

    @pytest.mark.parametrize(
        ("price", "rejection"),
        [
            (PriceSpec(49, "usd"), money.AmountTooSmall),
            (PriceSpec(-4900, "usd"), money.AmountTooSmall),
            (PriceSpec(49, "jpy"), money.AmountTooSmall),
            (PriceSpec(money.MAX_UNIT_AMOUNT + 1, "usd"), money.AmountTooLarge),
            (PriceSpec(5001, "kwd"), money.WrongStep),
            (PriceSpec(5050, "isk"), money.WrongStep),
        ],
    )
    def test_beyond_what_can_be_charged_is_rejected(self, priced, price, rejection):
        with pytest.raises(rejection):
            set_price(priced.product, price, actor=None)

        assert priced.product.price == USD49
        assert PriceChange.objects.count() == 1

    @pytest.mark.parametrize(
        "price", [PriceSpec(50, "usd"), PriceSpec(50, "jpy"), PriceSpec(money.MAX_UNIT_AMOUNT, "usd")]
    )
    def test_at_the_limits_is_taken(self, priced, price):
        assert set_price(priced.product, price, actor=None)


class TestTheHistory:
    def test_of_a_course_without_a_price_is_empty(self, make_sold):
        assert history(make_sold(price=None).product) == []

    def test_tells_from_when_to_when_the_present_price_first(self, priced, staff):
        set_price(priced.product, USD59, actor=staff, reason="Longer", source=PriceChange.Source.STAFF)
        set_price(priced.product, None, actor=None)

        free, second, first = history(priced.product)

        assert [period.price for period in (free, second, first)] == [None, USD59, USD49]
        assert (free.until, second.until, first.until) == (None, free.since, second.since)
        assert (second.who, second.reason, second.source) == ("staff@example.com", "Longer", "staff")
        assert free.who == ""

    def test_names_stripes_prices(self, sold, sandbox):
        sold.price(USD59)
        sold.converge()

        ids = {price["unit_amount"]: price["id"] for price in sandbox.prices()}
        assert [period.stripe_id for period in history(sold.product)] == [ids[5900], ids[4900]]

    def test_names_none_before_stripe_has_it(self, priced):
        assert [period.stripe_id for period in history(priced.product)] == [""]

    def test_names_the_newer_of_two_prices_of_the_same_terms(self, sold, sandbox):
        newer = sandbox.dashboard("prices", product=sold.product.stripe_id, unit_amount=4900, currency="usd")
        BillingProduct.objects.filter(pk=sold.row.pk).update(reads_requested=1)
        sold.converge()

        assert [period.stripe_id for period in history(sold.product)] == [newer["id"]]
