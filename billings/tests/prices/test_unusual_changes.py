"""Which changes of price need a confirmation, and what it is bound to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billings.money import PriceSpec
from billings.prices.unusual_changes import FACTOR, Unconfirmed, UnusualChange, check, find

USD49 = PriceSpec(4900, "usd")
amounts = st.integers(1, 10**9)
intervals = st.sampled_from([None, "month", "year"])


def found(old, new, *, was_on_sale=True, on_sale=True) -> UnusualChange | None:
    return find(old, new, was_on_sale=was_on_sale, on_sale=on_sale)


class TestAmounts:
    @pytest.mark.parametrize("amount", [4900, 5900, 980, 24500])
    def test_within_the_factor_nothing_is_asked(self, amount):
        assert found(USD49, PriceSpec(amount, "usd")) is None

    @pytest.mark.parametrize(
        ("amount", "words"),
        [
            (49000, "$490.00 is 10 times the present price, $49.00."),
            (24501, "$245.01 is 5 times the present price, $49.00."),
            (490, "$4.90 is only 10% of the present price, $49.00."),
            (979, "$9.79 is only 20% of the present price, $49.00."),
            (50, "$0.50 is only 1% of the present price, $49.00."),
            (30000, "$300.00 is 6.1 times the present price, $49.00."),
        ],
    )
    def test_beyond_it_the_question_names_old_and_new(self, amount, words):
        assert str(found(USD49, PriceSpec(amount, "usd"))) == words

    def test_a_share_too_small_for_one_place_is_no_zero(self):
        assert "0.00005%" in str(found(PriceSpec(100_000_000, "usd"), PriceSpec(50, "usd")))

    @given(amounts, amounts, intervals)
    def test_the_rule_is_the_same_both_ways(self, one, other, interval):
        old, new = PriceSpec(one, "usd", interval), PriceSpec(other, "usd", interval)

        assert bool(found(old, new)) == bool(found(new, old)) == (max(one, other) > FACTOR * min(one, other))

    @given(st.none() | amounts, st.none() | amounts, intervals, intervals, st.booleans(), st.booleans())
    def test_every_unusual_change_has_a_sentence_and_a_key_of_its_own(
        self, one, other, first, second, was_on_sale, on_sale
    ):
        old = PriceSpec(one, "usd", first) if one else None
        new = PriceSpec(other, "eur", second) if other else None

        found = find(old, new, was_on_sale=was_on_sale, on_sale=on_sale)

        if found:
            assert all(str(price) in str(found) for price in (old, new) if price)
            assert found.key != UnusualChange(new, old).key


class TestIntervals:
    def test_a_month_and_a_year_are_compared_over_the_same_time(self):
        assert found(PriceSpec(900, "usd", "month"), PriceSpec(9900, "usd", "year")) is None
        assert found(PriceSpec(9900, "usd", "year"), PriceSpec(900, "usd", "month")) is None

    def test_a_yearly_price_by_the_month_is_asked_about(self):
        change = found(PriceSpec(9900, "usd", "year"), PriceSpec(9900, "usd", "month"))

        assert str(change) == "Over a year, $99.00 a month is 12 times the present price, $99.00 a year."

    def test_a_year_for_the_price_of_a_month_is_asked_about(self):
        change = found(PriceSpec(900, "usd", "month"), PriceSpec(900, "usd", "year"))

        assert str(change) == "Over a year, $9.00 a year is only 8.3% of the present price, $9.00 a month."

    def test_a_one_time_price_and_a_subscription_are_compared_by_one_payment(self):
        assert found(USD49, PriceSpec(4900, "usd", "month")) is None
        assert found(USD49, PriceSpec(900, "usd", "month"))


class TestCurrencies:
    @pytest.mark.parametrize("new", [PriceSpec(4900, "eur"), PriceSpec(49, "jpy"), PriceSpec(4500, "eur")])
    def test_another_one_is_always_asked_about(self, new):
        assert str(found(USD49, new, was_on_sale=False, on_sale=False)) == (
            f"{new} is in another currency than the present price, $49.00."
        )


class TestFree:
    def test_to_free_is_asked_about_while_published(self):
        assert str(found(USD49, None)) == "This course costs $49.00 now; it would be free."

    def test_from_free_is_asked_about_while_published(self):
        assert str(found(None, USD49)) == "This course is free now; it would cost $49.00."

    @pytest.mark.parametrize(("old", "new"), [(USD49, None), (None, USD49)])
    def test_a_draft_is_let_be(self, old, new):
        assert found(old, new, was_on_sale=False, on_sale=False) is None

    def test_a_course_that_goes_on_sale_for_nothing_is_asked_about(self):
        assert found(USD49, None, was_on_sale=False)

    def test_a_course_that_is_published_with_its_first_price_is_not(self):
        assert found(None, USD49, was_on_sale=False) is None

    def test_one_that_goes_off_sale_is_not_asked_about(self):
        assert found(USD49, None, on_sale=False) is None
        assert found(None, USD49, on_sale=False) is None


class TestYes:
    def say(self, confirm: str, amount: int = 49000) -> None:
        check(USD49, PriceSpec(amount, "usd"), was_on_sale=True, on_sale=True, confirm=confirm)

    @pytest.mark.parametrize("confirm", ["true", "True", "yes", "on", "1"])
    def test_a_plain_yes_is_taken(self, confirm):
        self.say(confirm)

    def test_a_pages_yes_is_taken_for_the_change_it_was_said_to(self):
        self.say(UnusualChange(USD49, PriceSpec(49000, "usd")).key)

    @pytest.mark.parametrize("confirm", ["", "false", "no", "0", UnusualChange(USD49, PriceSpec(99000, "usd")).key])
    def test_nothing_else_is_taken_for_a_yes(self, confirm):
        with pytest.raises(Unconfirmed) as asked:
            self.say(confirm)

        assert asked.value.unusual_change == UnusualChange(USD49, PriceSpec(49000, "usd"))

    def test_a_yes_that_nobody_asked_for_does_no_harm(self):
        self.say("false", 5900)
