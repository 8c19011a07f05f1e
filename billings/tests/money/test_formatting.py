"""How amounts are written."""

import pytest

from billings.money import (
    Money,
    format_amount,
    format_money,
)

NBSP = "\N{NO-BREAK SPACE}"


NARROW = "\N{NARROW NO-BREAK SPACE}"


RLM = "\N{RIGHT-TO-LEFT MARK}"


class TestFormatMoney:
    @pytest.mark.parametrize(
        ("locale", "text"),
        [
            ("en_US", "$1,234,567.50"),
            ("en_GB", "US$1,234,567.50"),
            ("en_IN", "$12,34,567.50"),
            ("de_DE", f"1.234.567,50{NBSP}$"),
            ("de_CH", f"${NBSP}1’234’567.50"),
            ("fr_FR", f"1{NARROW}234{NARROW}567,50{NBSP}$US"),
            ("sv_SE", f"1{NBSP}234{NBSP}567,50{NBSP}US$"),
            ("pt_BR", f"US${NBSP}1.234.567,50"),
            ("ar_EG", f"{RLM}1,234,567.50{NBSP}US$"),
        ],
    )
    def test_writes_as_the_locale_does(self, locale, text):
        assert format_money(Money(123456750, "usd"), locale) == text

    @pytest.mark.parametrize("code", ["afn", "all", "lak", "lbp", "mmk", "rsd", "sos", "yer"])
    def test_keeps_the_cents_that_babel_would_drop(self, code):
        assert format_money(Money(1234, code)).endswith("12.34")

    def test_has_as_many_decimals_as_stripe(self):
        assert format_money(Money(500, "jpy")) == "¥500"
        assert format_money(Money(1230, "kwd")) == f"KWD{NBSP}1.230"
        assert format_money(Money(175_00, "huf")) == f"HUF{NBSP}175.00"

    def test_leaves_out_decimals_that_are_always_zero(self):
        assert format_money(Money(150000, "isk")) == f"ISK{NBSP}1,500"
        assert format_money(Money(50000, "ugx")) == f"UGX{NBSP}500"

    def test_never_hides_a_part_of_the_amount(self):
        assert format_money(Money(150050, "isk")) == f"ISK{NBSP}1,500.50"

    def test_parts_letters_from_digits_on_either_side(self):
        assert format_money(Money(4900, "chf")) == f"CHF{NBSP}49.00"
        assert format_money(Money(4900, "chf"), "bn_BD") == f"49.00{NBSP}CHF"
        assert format_money(Money(4900, "eur"), "bn_BD") == "49.00€"

    def test_takes_a_language_tag_as_django_writes_it(self):
        assert format_money(Money(4900, "eur"), "pt-br") == f"€{NBSP}49,00"

    def test_writes_less_than_nothing(self):
        assert format_money(Money(-4900, "usd")) == "-$49.00"

    def test_says_so_when_stripe_shows_a_currency_that_is_not_ours(self):
        assert format_money(Money(4900, "bgn")) == "4900 of the smallest unit of BGN"


class TestFormatAmount:
    @pytest.mark.parametrize(
        ("money", "locale", "text"),
        [
            (Money(123450, "usd"), "en_US", "1234.50"),
            (Money(123450, "usd"), "de_DE", "1234,50"),
            (Money(123450, "usd"), "ar_EG", "1234.50"),
            (Money(0, "usd"), "en_US", "0.00"),
            (Money(1234, "jpy"), "de_DE", "1234"),
            (Money(1230, "kwd"), "fr_FR", "1,230"),
            (Money(150000, "isk"), "en_US", "1500"),
        ],
    )
    def test_is_the_number_alone_without_groups(self, money, locale, text):
        assert format_amount(money, locale) == text
