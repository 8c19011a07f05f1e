"""Every locale Babel knows, with its country's currencies: formatted amounts are parsed as themselves, or asked about.

The texts are CLDR's, written by Babel, not ours: its decimals, its groups, its signs, codes and names.
"""

import re
from collections.abc import Iterator
from copy import copy
from decimal import Decimal
from functools import cache, lru_cache

import pytest
from babel import Locale, localedata
from babel.numbers import NumberPattern, format_currency, get_territory_currencies
from hypothesis import given
from hypothesis import strategies as st

from billings.money import (
    CURRENCIES,
    UNKNOWN_LOCALE,
    AmbiguousAmount,
    Money,
    MoneyError,
    format_amount,
    format_money,
    parse_amount,
)
from billings.money.conventions import conventions
from billings.money.formatting import likely_territory

# Toki Pona, a constructed language, is said to group digits by two where money is written.
LOCALES = sorted(set(localedata.locale_identifiers()) - {"tok", "tok_001"})
INITIALS = sorted({name[0] for name in LOCALES})  # a test for each: fewer are faster, and more tell more
ROUND = (2_000, 10_000, 49_000, 120_000)


def locales_of(initial: str) -> Iterator[str]:
    """Those with a country; a language without one is written as in its likely country."""
    names = [name for name in LOCALES if name.startswith(initial)]
    somewhere = {Locale.parse(name).language for name in names if Locale.parse(name).territory}
    yield from (name for name in names if Locale.parse(name).territory or name not in somewhere)


def currencies_of(locale: str) -> list[str]:
    territory = likely_territory(locale)
    local = get_territory_currencies(territory) if territory.isalpha() else []
    return [code.lower() for code in local if code.lower() in CURRENCIES] or ["usd"]


@lru_cache(maxsize=4096)
def without_decimals(locale: str) -> NumberPattern:
    pattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (0, 0)
    return pattern


def written(amount: Decimal, code: str, locale: str) -> Iterator[str]:
    """The amount as CLDR writes it, in every way it has."""

    def write(form: str | NumberPattern | None = None, *, digits: str = "latn", **options: bool) -> str:
        return format_currency(
            amount, code.upper(), form, Locale.parse(locale), numbering_system=digits, **options, currency_digits=False
        )

    standard = Locale.parse(locale).currency_formats["standard"].pattern
    yield write()
    yield write(digits="default")
    if amount == amount.to_integral_value():
        yield write(without_decimals(locale))
    if amount in (49_000, Decimal("49.5")):
        yield write(standard.replace("¤", "¤¤"))
        yield write(Locale.parse(locale).currency_formats["accounting"].pattern)
    if amount == 49_000:  # Babel rounds the others as the currency's coins do
        yield format_currency(amount, code.upper(), None, Locale.parse(locale), format_type="name")


def readings_of(text: str, code: str, locale: str) -> list[int]:
    try:
        return [parse_amount(text, code, locale).amount]
    except AmbiguousAmount as question:
        return [reading.amount for reading in question.readings]


@pytest.mark.parametrize("initial", INITIALS)
def test_what_cldr_writes_is_read_as_that_amount_or_asked(initial):
    for locale in locales_of(initial):
        for code in currencies_of(locale):
            currency = CURRENCIES[code]
            small = () if currency.whole else (Decimal("49.5"), Decimal("1234.56"))
            for amount in (*map(Decimal, ROUND), *small):
                minor = int(amount * 10**currency.decimals)
                for text in written(amount, code, locale):
                    assert minor in readings_of(text, code, locale), (locale, text)


@pytest.mark.parametrize("initial", INITIALS)
def test_a_round_number_is_never_read_as_a_thousandth_or_a_thousandfold(initial):
    """However few signs it is written with: the number alone, with the locale's groups and without decimals."""
    for locale in locales_of(initial):
        for code in {*currencies_of(locale), "usd", "kwd", "jpy"}:
            for amount in ROUND:
                minor = amount * 10 ** CURRENCIES[code].decimals
                number = format_currency(
                    amount, code.upper(), without_decimals(locale), Locale.parse(locale), currency_digits=False
                )
                bare = re.sub(r"[^\d.,’' ٬٫،⹁\u00a0\u202f]", "", number).strip(".,، ")
                assert minor in readings_of(bare, code, locale), (locale, code, bare)


@pytest.mark.parametrize("initial", INITIALS)
def test_what_our_fields_show_is_read_back_as_it_was_without_a_question(initial):
    for locale in locales_of(initial):
        for code in {*currencies_of(locale), "kwd", "jpy", "isk"}:
            currency = CURRENCIES[code]
            for units in (1, 49, 490, 49_000, 1_234_567):
                money = Money(units * 10**currency.decimals + (0 if currency.whole else 50), code)
                assert parse_amount(format_amount(money, locale), code, locale) == money


@st.composite
def ways(draw: st.DrawFn) -> str:
    """A locale for each way of writing money that there is."""
    return draw(st.sampled_from(all_ways()))


@cache
def all_ways() -> list[str]:
    """Not at import: reading every locale takes a second, whichever test is run."""
    return [UNKNOWN_LOCALE, *sorted({str(conventions(locale)): locale for locale in LOCALES}.values())]


codes = st.sampled_from(sorted(CURRENCIES))
amounts = st.one_of(st.integers(0, 10**9), st.integers(0, 10**6).map(lambda units: units * 1000))
numbers = st.from_regex(r"\A[0-9]{1,4}([.,' ٬٫][0-9]{1,4}){0,3}\Z")


@pytest.mark.slow
@given(minor=amounts, code=codes, writer=ways(), reader=ways())
def test_what_one_writes_nobody_reads_as_a_thousandth_or_a_thousandfold(minor, code, writer, reader):
    """A price pasted from a page in one locale into a field of another: that amount, or asked, or rejected."""
    money = Money(minor, code)
    for text in (format_money(money, writer), format_amount(money, writer)):
        try:
            read = parse_amount(text, code, reader)
        except MoneyError:
            continue
        assert read == money


@pytest.mark.slow
@given(text=numbers, code=st.sampled_from(["usd", "kwd", "jpy", "isk"]), one=ways(), other=ways())
def test_without_a_question_two_people_differ_only_where_the_way_of_one_of_them_says_so(text, code, one, other):
    try:
        here, there = parse_amount(text, code, one), parse_amount(text, code, other)
    except MoneyError:
        return
    if here != there:
        smaller, larger = sorted((here.amount, there.amount))
        assert larger == smaller * 1000
        separators = set(re.sub("[0-9]", "", text))
        assert any(
            separators <= way.points | ({way.group} if way.unambiguous else set())
            for way in map(conventions, (one, other))
        )
