"""How typed amounts are parsed, asked about or rejected."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billings.money import (
    CURRENCIES,
    MAX_UNIT_AMOUNT,
    AmbiguousAmount,
    CurrencyMismatch,
    Money,
    MoneyError,
    Negative,
    NotAnAmount,
    TooManyDecimals,
    UnknownCurrency,
    decimal_string,
    format_amount,
    format_money,
    parse_amount,
    to_decimal,
)

NBSP = "\N{NO-BREAK SPACE}"


NARROW = "\N{NARROW NO-BREAK SPACE}"


RLM = "\N{RIGHT-TO-LEFT MARK}"


LOCALES = [
    "en_US",
    "en_GB",
    "en_IN",
    "en_ZA",
    "de_DE",
    "de_AT",
    "de_CH",
    "fr_FR",
    "fr_CA",
    "fr_CH",
    "es_ES",
    "es_MX",
    "pt_BR",
    "pt_PT",
    "it_IT",
    "nl_NL",
    "sv_SE",
    "da_DK",
    "nb_NO",
    "pl_PL",
    "cs_CZ",
    "hu_HU",
    "tr_TR",
    "ru_RU",
    "el_GR",
    "hi_IN",
    "bn_BD",
    "ar_EG",
    "ar_SA",
    "fa_IR",
    "ur_PK",
    "he_IL",
    "ja_JP",
    "zh_CN",
    "ko_KR",
    "th_TH",
    "vi_VN",
]


amounts = st.one_of(
    st.integers(0, 20_000),
    st.integers(0, MAX_UNIT_AMOUNT),
    st.integers(0, MAX_UNIT_AMOUNT // 1000).map(lambda major: major * 1000),
)


typed_text = st.one_of(
    st.text(max_size=120),
    st.text(alphabet="0123456789٣۴５.,'’ ٫٬$€¥-−()e" + NBSP + NARROW + RLM, max_size=16),
    st.from_regex(r"\A[$€£]?[0-9]{0,4}([.,' ][0-9]{0,4}){0,4} ?(USD|kr\.?|Rs\.)?\Z"),
)


def read(text, currency="usd", locale="en_US"):
    return parse_amount(text, currency, locale).amount


def outcome_of(text, currency, locale):
    try:
        return parse_amount(text, currency, locale)
    except MoneyError as rejection:
        return rejection


class TestParseAmount:
    @pytest.mark.parametrize("text", ["49", "49.", "49.0", "49.00", "49,00", "049", " 49 ", "49.000000", "49\t"])
    def test_reads_a_plain_number(self, text):
        assert read(text) == 4900

    @pytest.mark.parametrize("text", [".50", ",50", "0.5", "0,50", "00.50", "$.50", ".5 USD", "٫50", "0.500", "0,500"])
    def test_reads_less_than_one(self, text):
        assert read(text) == 50

    @pytest.mark.parametrize("text", ["0", "0.00", ",0", "$0", "00"])
    def test_reads_zero_as_free(self, text):
        assert read(text) == 0

    @pytest.mark.parametrize(
        "text",
        [
            "1,234.50",
            "1.234,50",
            "1234.50",
            "1234,5",
            "1 234,50",
            "1 234.50",
            f"1{NBSP}234,50",
            f"1{NARROW}234,50",
            "1\N{THIN SPACE}234,50",
            "1\N{IDEOGRAPHIC SPACE}234,50",
            "1'234.50",
            "1’234.50",
            "1'234,50",
            "1`234.50",
            "1´234.50",
        ],
    )
    @pytest.mark.parametrize("locale", LOCALES)
    def test_reads_both_ways_of_writing_everywhere(self, text, locale):
        assert read(text, locale=locale) == 123450

    @pytest.mark.parametrize("text", ["1,23,456.00", "1,23,456", "123,456", "1.23.456,00", "1 23 456", "₹1,23,456"])
    def test_reads_indian_groups(self, text):
        assert read(text, "inr", "en_IN") == 12345600

    @pytest.mark.parametrize("text", ["1,234,567", "1.234.567", "1 234 567", "1'234'567", "12,34,567", "1٬234٬567"])
    @pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR", "de_CH"])
    def test_reads_a_separator_that_comes_twice_as_thousands(self, text, locale):
        assert read(text, locale=locale) == 123456700

    @pytest.mark.parametrize(
        "text",
        [
            "١٢٣٤٫٥٠",
            "١٬٢٣٤٫٥٠",
            "١٬٢٣٤٫٥",
            "١،٢٣٤٫٥٠",
            "۱۲۳۴٫۵۰",
            "۱٬۲۳۴٫۵۰",
            "۱۲۳۴.۵۰",
            "１２３４．５０",
            "１，２３４．５０",
            "＄１，２３４．５０",
            "１、２３４。５０",
            "१,२३४.५०",
            f"{RLM}١٬٢٣٤٫٥٠{NBSP}US$",
            "\N{LEFT-TO-RIGHT ISOLATE}1,234.50\N{POP DIRECTIONAL ISOLATE}",
        ],
    )
    @pytest.mark.parametrize("locale", ["en_US", "ar_EG", "fa_IR", "ja_JP"])
    def test_reads_other_peoples_digits_and_points(self, text, locale):
        assert read(text, locale=locale) == 123450

    @pytest.mark.parametrize(
        "text", ["49.-", "49,-", "49.–", "49,—", "49,--", "49:-", "CHF 49.-", "49,- CHF", "49.-CHF"]
    )
    def test_reads_a_dash_for_no_cents(self, text):
        assert read(text, "chf", "de_CH") == 4900

    @pytest.mark.parametrize("text", ["1'234.-", "1.234,-", "1,234.-", "1 234:-", "1.234:-", "1234.-"])
    @pytest.mark.parametrize("locale", ["de_CH", "de_DE", "sv_SE", "en_US"])
    def test_reads_thousands_before_the_dash(self, text, locale):
        assert read(text, "chf", locale) == 123400

    def test_a_comma_with_two_digits_has_one_reading(self):
        assert read("1,50") == 150
        assert read("1.50", "eur", "de_DE") == 150

    @pytest.mark.parametrize(
        ("text", "locale", "minor"),
        [
            ("1,234", "en_US", 123400),
            ("1,234", "en_IN", 123400),
            ("2,000", "es_MX", 200000),
            ("2,000", "ja_JP", 200000),
            ("1.234", "de_DE", 123400),
            ("2.000", "de_AT", 200000),
            ("2.000", "es_ES", 200000),
            ("49.000", "id_ID", 4900000),
            ("1.234", "pt_BR", 123400),
            ("1'234", "de_CH", 123400),
            ("1 234", "fr_FR", 123400),
            ("२,०००", "ne_NP", 200000),
            ("٢٬٠٠٠", "ar_EG", 200000),
        ],
    )
    def test_reads_one_group_of_thousands_where_the_locale_leaves_no_doubt(self, text, locale, minor):
        assert read(text, locale=locale) == minor

    @pytest.mark.parametrize(
        ("text", "currency", "locale", "readings"),
        [
            ("49.000", "usd", "en_US", (4900000, 4900)),
            ("1.500", "usd", "en_US", (150000, 150)),
            ("49.000", "idr", "en_US", (4900000, 4900)),
            ("$49.000", "usd", "en_GB", (4900000, 4900)),
            ("49,000", "eur", "de_DE", (4900000, 4900)),
            ("2,000", "eur", "fr_FR", (200000, 200)),
            ("49,500", "kwd", "en_US", (49500000, 49500)),
            ("49.500", "kwd", "de_DE", (49500000, 49500)),
            # The separator is neither of the locale's two.
            ("2.000", "eur", "fr_FR", (200000, 200)),
            ("2,000", "chf", "de_CH", (200000, 200)),
            ("2.000", "sek", "sv_SE", (200000, 200)),
            # Both notations are in use there, or the reader's country is unknown.
            ("2.000", "zar", "en_ZA", (200000, 200)),
            ("2,000", "zar", "en_ZA", (200000, 200)),
            ("2,000", "usd", "es_419", (200000, 200)),
            ("2.000", "usd", "es_EC", (200000, 200)),
            ("2.000", "eur", "es", (200000, 200)),
            ("2.000", "eur", "pt_PT", (200000, 200)),
            ("2,000", "usd", "und", (200000, 200)),
            ("2.000", "usd", "und", (200000, 200)),
            ("2,000", "kwd", "und", (2000000, 2000)),
            # The comma on an Arabic keyboard serves for both.
            ("٢,٠٠٠", "egp", "ar_EG", (200000, 200)),
            ("۲،۰۰۰", "usd", "fa_IR", (200000, 200)),
            # One of the two cannot be, which does not make the other certain.
            ("1.234", "eur", "fr_FR", (123400,)),
            ("1,234", "chf", "de_CH", (123400,)),
            # On a price tag this is eighty cents; elsewhere it is a minus.
            ("-.80", "chf", "de_CH", (80,)),
            ("-,50 €", "eur", "de_DE", (50,)),
        ],
    )
    def test_asks_where_two_readings_are_left(self, text, currency, locale, readings):
        with pytest.raises(AmbiguousAmount) as asked:
            read(text, currency, locale)

        assert [reading.amount for reading in asked.value.readings] == list(readings)
        assert {reading.currency for reading in asked.value.readings} == {currency}

    @pytest.mark.parametrize(
        ("text", "locale"), [("1.234", "en_US"), ("1,234", "de_DE"), ("1,234", "fr_FR"), ("49.999", "und")]
    )
    def test_never_makes_a_thousand_of_a_decimal_point_but_offers_to(self, text, locale):
        with pytest.raises(TooManyDecimals) as rejected:
            read(text, locale=locale)

        assert [reading.amount for reading in rejected.value.readings] == [
            int(text.replace(".", "").replace(",", "")) * 100
        ]

    def test_takes_three_decimals_as_the_field_writes_them(self):
        assert read("1.230", "kwd", "en_US") == 1230
        assert read("1.230", "kwd", "und") == 1230
        assert read("1,230", "kwd", "de_DE") == 1230
        assert read("49,500", "tnd", "ar_TN") == 49500
        assert read("49.500", "kwd", "fr_CH") == read("49,500", "kwd", "fr_CH") == 49500
        assert read("1,234.560", "kwd", "en_US") == 1234560

    @pytest.mark.parametrize(
        "text", ["1,234", "1.234", "1 234", "1234", "1.234,00", "1,234.00", "￥１，２３４", "1,234円"]
    )
    @pytest.mark.parametrize("locale", ["ja_JP", "en_US", "de_DE"])
    def test_reads_thousands_where_there_are_no_decimals(self, text, locale):
        assert read(text, "jpy", locale) == 1234

    @pytest.mark.parametrize("text", ["1.500", "1,500", "1500.00", "1500", "1.500 kr."])
    @pytest.mark.parametrize("locale", ["is_IS", "en_US"])
    def test_reads_thousands_where_the_decimals_are_always_zero(self, text, locale):
        assert read(text, "isk", locale) == 150000

    @pytest.mark.parametrize(
        ("text", "currency"),
        [
            ("$49", "usd"),
            ("49$", "usd"),
            ("US$ 49", "usd"),
            ("US $49", "usd"),
            ("49 $ US", "usd"),
            ("49 USD", "usd"),
            ("usd49", "usd"),
            ("Usd $49.00", "usd"),
            ("$49 USD", "usd"),
            ("ＵＳＤ 49", "usd"),
            ("$49", "cad"),
            ("CA$49", "cad"),
            ("C$49", "cad"),
            ("€49", "eur"),
            ("49 €", "eur"),
            ("£49", "gbp"),
            ("49 kr", "sek"),
            ("49 kr.", "dkk"),
            ("49,- kr", "nok"),
            ("Rs.49", "inr"),
            ("₨ 49", "pkr"),
            ("Fr. 49.-", "chf"),
            ("49 zł", "pln"),
            ("R$ 49,00", "brl"),
            ("49 ₽", "rub"),
            ("49 руб.", "rub"),
            ("49 ر.س", "sar"),
        ],
    )
    def test_reads_over_the_currencys_own_sign(self, text, currency):
        locale = {"sar": "ar_SA"}.get(currency, "en_US")

        assert parse_amount(text, currency, locale) == Money(4900, currency)

    @pytest.mark.parametrize(
        ("text", "typed", "chosen"),
        [
            ("€50", "€", "usd"),
            ("50 EUR", "EUR", "usd"),
            ("$50", "$", "eur"),
            ("CA$50", "CA$", "usd"),
            ("50 kr", "kr", "usd"),
            ("€ 50 USD", "€", "usd"),
            ("Rs.50", "Rs.", "usd"),
            ("¥500", "¥", "usd"),
            ("円500", "円", "cny"),
        ],
    )
    def test_rejects_the_sign_of_another_currency(self, text, typed, chosen):
        with pytest.raises(CurrencyMismatch) as rejected:
            parse_amount(text, chosen)

        assert (rejected.value.text, rejected.value.typed, rejected.value.chosen) == (text, typed, chosen)

    @pytest.mark.parametrize(
        "text", ["-5", "−5", "－5", "–5", "- 5", "$-5", "-$5", "5-", "-5 USD", "-.5", "-0", "-1,234.50"]
    )
    def test_rejects_a_minus(self, text):
        with pytest.raises(Negative):
            read(text)

    @pytest.mark.parametrize(
        ("text", "currency"),
        [
            ("1.005", "usd"),
            ("0.001", "usd"),
            ("1,234.567", "usd"),
            ("500.5", "jpy"),
            ("1,50", "jpy"),
            ("1.2345", "kwd"),
        ],
    )
    def test_rejects_more_decimals_than_the_currency_has(self, text, currency):
        with pytest.raises(TooManyDecimals):
            read(text, currency)

    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [("49.5000", "usd", 4950), ("500.00", "jpy", 500), ("500,0", "jpy", 500), ("1.2300", "kwd", 1230)],
    )
    def test_takes_more_decimals_that_are_zero(self, text, currency, minor):
        assert read(text, currency) == minor

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "abc",
            "free",
            "$",
            ".",
            "-",
            "1,2,3",
            "12..5",
            "1,,234",
            "1.2.3",
            "1,234,56",
            "12,345,67",
            "0,123,456",
            "1,234'567",
            "1.234'50",
            "1.234.",
            "1٫234٫567",
            "1 50",
            "1  234",
            "1.234.567.89",
            "1e5",
            "1E5",
            "0x10",
            "1_000",
            "+5",
            "(5)",
            "--5",
            "50%",
            "5²",
            "½",
            "五",
            "10-20",
            "10 - 20",
            "49 or 59",
            "49.-50",
            "1.50.-",
            "49 GLD",
            "$$49",
            "12\n345",
            "12\t345",
            "4\x009",
            "inf",
            "NaN",
            "\ud800 5",
        ],
    )
    def test_rejects_nonsense(self, text):
        with pytest.raises(NotAnAmount) as rejected:
            read(text)

        assert rejected.value.text == text

    @pytest.mark.parametrize(
        "text", ["9" * 25, "9" * 100_000, "1," * 50_000, "$" * 100_000 + "1", "1" + " " * 99 + "1"]
    )
    def test_rejects_what_is_too_long_at_once(self, text):
        with pytest.raises(NotAnAmount):
            read(text)

    @pytest.mark.parametrize("code", ["xxx", "USD", "", "bgn"])
    def test_rejects_a_currency_that_is_not_sold_in(self, code):
        with pytest.raises(UnknownCurrency) as rejected:
            parse_amount("49", code)

        assert rejected.value.code == code

    @given(
        text=typed_text,
        currency=st.sampled_from(sorted(CURRENCIES)),
        locale=st.sampled_from([*LOCALES, "und", "es_419", "uz_Arab"]),
    )
    @pytest.mark.slow
    def test_reads_any_text_as_an_amount_or_rejects_it(self, text, currency, locale):
        outcome = outcome_of(text, currency, locale)

        if isinstance(outcome, MoneyError):
            assert str(outcome)
        else:
            assert type(outcome.amount) is int
            assert outcome.amount >= 0
            assert outcome.currency == currency
            assert parse_amount(format_money(outcome, locale), currency, locale) == outcome


class TestRoundTrip:
    """What we write, we read: every currency in every locale."""

    @pytest.mark.parametrize("locale", LOCALES)
    @settings(max_examples=8)
    @given(amount=amounts)
    @example(amount=0)
    @example(amount=1230)
    @example(amount=123400)
    @example(amount=MAX_UNIT_AMOUNT)
    @pytest.mark.slow
    def test_a_price_as_it_is_shown_and_as_the_field_has_it_is_read_back_as_itself(self, locale, amount):
        for code in CURRENCIES:
            money = Money(amount, code)

            assert parse_amount(format_money(money, locale), code, locale) == money
            assert parse_amount(format_amount(money, locale), code, locale) == money

    @given(amount=amounts, code=st.sampled_from(sorted(CURRENCIES)))
    def test_the_decimal_string_of_the_api_is_read_back_as_the_same_amount(self, amount, code):
        money = Money(amount, code)

        assert to_decimal(money) * 10 ** CURRENCIES[code].decimals == amount
        if CURRENCIES[code].decimals != 3:
            assert parse_amount(decimal_string(money), code) == money
