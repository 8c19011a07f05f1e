"""Which amounts can be charged, which need a question, and the messages for those that are rejected."""

import pickle

import pytest

from billings.money import (
    CAUTION_UNIT_AMOUNT,
    CURRENCIES,
    MAX_UNIT_AMOUNT,
    AmbiguousAmount,
    AmountTooLarge,
    AmountTooSmall,
    CurrencyMismatch,
    Money,
    MoneyError,
    Negative,
    NotAnAmount,
    TooManyDecimals,
    UnknownCurrency,
    WrongStep,
    caution,
    check_limits,
)

NBSP = "\N{NO-BREAK SPACE}"


MINIMUMS = {code: currency.minimum for code, currency in CURRENCIES.items() if currency.minimum is not None}


class TestLimits:
    @pytest.mark.parametrize("code", CURRENCIES)
    def test_nothing_is_an_amount_that_may_be_asked(self, code):
        check_limits(Money(0, code))

    @pytest.mark.parametrize("code", MINIMUMS)
    def test_the_minimum_is_accepted_and_one_less_is_rejected(self, code):
        minimum = Money(MINIMUMS[code], code)
        check_limits(minimum)

        with pytest.raises(AmountTooSmall) as rejected:
            check_limits(Money(minimum.amount - 1, code))
        assert rejected.value.given == Money(minimum.amount - 1, code)
        assert rejected.value.minimum == minimum

    def test_any_positive_amount_is_accepted_where_the_minimum_is_unknown(self):
        check_limits(Money(1, "bam"))
        check_limits(Money(10, "kwd"))
        check_limits(Money(100, "ugx"))

    def test_below_zero_is_too_small(self):
        for code in ("usd", "bam", "isk"):
            with pytest.raises(AmountTooSmall):
                check_limits(Money(-100, code))

    def test_the_maximum_is_accepted_and_one_more_is_rejected(self):
        check_limits(Money(MAX_UNIT_AMOUNT, "usd"))

        with pytest.raises(AmountTooLarge) as rejected:
            check_limits(Money(MAX_UNIT_AMOUNT + 1, "usd"))
        assert rejected.value.given == Money(MAX_UNIT_AMOUNT + 1, "usd")
        assert rejected.value.maximum == Money(MAX_UNIT_AMOUNT, "usd")

    @pytest.mark.parametrize("code", CURRENCIES)
    def test_the_limits_that_are_named_can_be_charged(self, code):
        with pytest.raises(AmountTooSmall) as small:
            check_limits(Money(-1, code))
        with pytest.raises(AmountTooLarge) as large:
            check_limits(Money(MAX_UNIT_AMOUNT + 1, code))

        check_limits(small.value.minimum)
        check_limits(large.value.maximum)

    @pytest.mark.parametrize(
        ("given", "below", "above"),
        [
            (Money(1234, "kwd"), Money(1230, "kwd"), Money(1240, "kwd")),
            (Money(10050, "isk"), Money(10000, "isk"), Money(10100, "isk")),
            (Money(199, "ugx"), Money(100, "ugx"), Money(200, "ugx")),
        ],
    )
    def test_an_amount_between_two_steps_is_rejected_with_its_neighbours(self, given, below, above):
        with pytest.raises(WrongStep) as rejected:
            check_limits(given)

        assert (rejected.value.given, rejected.value.below, rejected.value.above) == (given, below, above)

    def test_of_an_unknown_currency_are_unknown(self):
        with pytest.raises(UnknownCurrency):
            check_limits(Money(1, "bgn"))


class TestCaution:
    def test_is_silent_for_an_everyday_price(self):
        assert caution(Money(4900, "usd")) is None

    def test_is_silent_for_what_is_free(self):
        assert caution(Money(0, "bam")) is None

    def test_speaks_of_large_amounts(self):
        assert caution(Money(CAUTION_UNIT_AMOUNT, "usd")) is None
        assert (
            caution(Money(CAUTION_UNIT_AMOUNT + 1, "usd"))
            == "This is a large amount: some ways to pay take no more than $999,999.99."
        )

    def test_speaks_where_the_minimum_is_unknown(self):
        assert caution(Money(10, "bam")) == (
            "Stripe takes no less than about 0.50 US dollars; what that is in Bosnia-Herzegovina convertible marks"
            " is not known here."
        )


class TestErrors:
    """The words a person reads beside the field."""

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (NotAnAmount("abc"), "This is not an amount. Write a number, such as 49."),
            (TooManyDecimals("1.005", "usd"), "An amount in US dollars has at most 2 decimals."),
            (TooManyDecimals("1.5", "jpy"), "An amount in Japanese yen has no decimals."),
            (
                TooManyDecimals("1.234", "usd", (Money(123400, "usd"),)),
                "An amount in US dollars has at most 2 decimals. Did you mean $1,234.00?",
            ),
            (
                AmbiguousAmount("49.000", (Money(4900000, "usd"), Money(4900, "usd"))),
                "Did you mean $49,000.00 or $49.00?",
            ),
            (AmbiguousAmount("-.80", (Money(80, "chf"),)), f"Did you mean CHF{NBSP}0.80?"),
            (Negative("-5"), "A price cannot be negative."),
            (
                AmountTooSmall(Money(49, "usd"), Money(50, "usd")),
                "$0.50 is the smallest price that can be charged in US dollars.",
            ),
            (
                AmountTooSmall(Money(1, "jpy"), Money(50, "jpy")),
                "¥50 is the smallest price that can be charged in Japanese yen.",
            ),
            (
                AmountTooLarge(Money(MAX_UNIT_AMOUNT + 1, "usd"), Money(MAX_UNIT_AMOUNT, "usd")),
                "$9,999,999,999.99 is the largest price that can be charged in US dollars.",
            ),
            (
                WrongStep(Money(1234, "kwd"), Money(1230, "kwd"), Money(1240, "kwd")),
                f"KWD{NBSP}1.234 cannot be charged exactly; KWD{NBSP}1.230 and KWD{NBSP}1.240 can.",
            ),
            (UnknownCurrency("bgn"), "Prices in the currency “bgn” cannot be sold here."),
            (
                CurrencyMismatch("€50", "€", "usd"),
                "The amount says “€”, but the chosen currency is US Dollar (USD).",
            ),
        ],
    )
    def test_say_what_is_wrong_and_what_is_right(self, error, words):
        assert str(error) == words
        assert isinstance(error, MoneyError)

    def test_survive_the_way_between_processes(self):
        error = pickle.loads(pickle.dumps(AmountTooSmall(Money(49, "usd"), Money(50, "usd"))))

        assert (error.given, error.minimum) == (Money(49, "usd"), Money(50, "usd"))
