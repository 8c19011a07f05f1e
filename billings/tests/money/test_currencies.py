"""Currencies, amounts and prices."""

from decimal import Decimal

import pytest

from billings.money import (
    CURRENCIES,
    Money,
    PriceSpec,
    UnknownCurrency,
    currency_name,
    currency_symbol,
    decimal_string,
    to_decimal,
)

MINIMUMS = {code: currency.minimum for code, currency in CURRENCIES.items() if currency.minimum is not None}


class TestCurrencies:
    def test_are_the_139_that_stripe_lists(self):
        assert len(CURRENCIES) == 139
        assert list(CURRENCIES) == sorted(CURRENCIES)
        assert all(code == currency.code and code.islower() and len(code) == 3 for code, currency in CURRENCIES.items())

    def test_cannot_be_changed_by_anyone(self):
        with pytest.raises(TypeError):
            CURRENCIES["usd"] = CURRENCIES["cad"]  # type: ignore[index]

    def test_of_a_country_that_has_left_for_the_euro_is_not_among_them(self):
        assert "bgn" not in CURRENCIES
        assert "hrk" not in CURRENCIES

    @pytest.mark.parametrize(
        ("decimals", "codes"),
        [
            (0, "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"),
            (3, "bhd jod kwd omr tnd"),
        ],
    )
    def test_have_two_decimals_but_for_these(self, decimals, codes):
        assert {code for code, currency in CURRENCIES.items() if currency.decimals == decimals} == set(codes.split())
        assert {currency.decimals for currency in CURRENCIES.values()} == {0, 2, 3}

    def test_three_decimals_end_in_zero_and_isk_and_ugx_in_two(self):
        steps = {code: currency.step for code, currency in CURRENCIES.items() if currency.step != 1}

        assert steps == {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}

    def test_huf_and_twd_are_charged_with_two_decimals(self):
        assert (CURRENCIES["huf"].decimals, CURRENCIES["huf"].step) == (2, 1)
        assert (CURRENCIES["twd"].decimals, CURRENCIES["twd"].step) == (2, 1)

    @pytest.mark.parametrize(
        ("minimum", "codes"),
        [
            ("0.50", "usd aud brl cad chf eur nzd sgd ars cop idr ils php rub zar inr"),
            ("0.30", "gbp"),
            ("2.00", "aed myr pln ron"),
            ("15.00", "czk"),
            ("2.50", "dkk"),
            ("4.00", "hkd"),
            ("175.00", "huf"),
            ("50", "jpy krw"),
            ("10.00", "mxn thb"),
            ("3.00", "nok sek"),
        ],
    )
    def test_have_the_minimum_of_stripes_page(self, minimum, codes):
        for code in codes.split():
            assert decimal_string(Money(MINIMUMS[code], code)) == minimum

    def test_of_the_others_the_minimum_is_not_known(self):
        assert len(MINIMUMS) == 31
        assert CURRENCIES["bam"].minimum is None

    def test_all_have_a_name_and_a_sign(self):
        assert all(currency_name(code) != code.upper() for code in CURRENCIES)
        assert all(currency_symbol(code) for code in CURRENCIES)

    def test_are_named_in_the_readers_language(self):
        assert currency_name("usd") == "US Dollar"
        assert currency_name("usd", "de_DE") == "US-Dollar"
        assert (currency_symbol("cad"), currency_symbol("cad", "en_CA")) == ("CA$", "$")


class TestMoney:
    def test_is_written_with_its_sign(self):
        assert str(Money(4900, "usd")) == "$49.00"
        assert str(Money(500, "jpy")) == "¥500"

    def test_is_a_value(self):
        assert Money(4900, "usd") == Money(4900, "usd") != Money(4900, "cad")
        assert {Money(1, "usd"), Money(1, "usd")} == {Money(1, "usd")}

    @pytest.mark.parametrize("amount", [49.0, "4900", Decimal(49), True, None])
    def test_is_never_made_of_anything_but_an_int(self, amount):
        with pytest.raises(TypeError, match="minor units"):
            Money(amount, "usd")

    def test_becomes_an_exact_decimal(self):
        assert str(to_decimal(Money(4900, "usd"))) == "49.00"
        assert str(to_decimal(Money(1230, "kwd"))) == "1.230"
        assert str(to_decimal(Money(10**40 + 1, "usd"))) == "1" + "0" * 38 + ".01"

    @pytest.mark.parametrize(
        ("money", "text"),
        [
            (Money(4900, "usd"), "49.00"),
            (Money(5, "usd"), "0.05"),
            (Money(0, "usd"), "0.00"),
            (Money(500, "jpy"), "500"),
            (Money(0, "jpy"), "0"),
            (Money(1230, "kwd"), "1.230"),
            (Money(50000, "isk"), "500.00"),
            (Money(-4900, "usd"), "-49.00"),
            (Money(123456789012, "usd"), "1234567890.12"),
        ],
    )
    def test_is_written_for_api_clients_with_all_its_decimals(self, money, text):
        assert decimal_string(money) == text

    def test_of_an_unknown_currency_has_no_decimal(self):
        with pytest.raises(UnknownCurrency):
            to_decimal(Money(1, "bgn"))


class TestPriceSpec:
    def test_says_how_often_it_is_paid(self):
        assert str(PriceSpec(4900, "usd")) == "$49.00"
        assert str(PriceSpec(4900, "usd", "month")) == "$49.00 a month"
        assert str(PriceSpec(49000, "usd", "year")) == "$490.00 a year"

    def test_is_money_with_an_interval(self):
        assert PriceSpec(4900, "usd", "year").money == Money(4900, "usd")
