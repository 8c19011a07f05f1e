"""How amounts, currencies and their signs are written in a locale.

Formatting is Babel's with Stripe's number of decimals: left to itself Babel rounds RSD 12.34 to "RSD12".
"""

import re
import unicodedata
from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale
from babel.core import get_global
from babel.numbers import (
    NumberPattern,
    format_currency,
    get_currency_name,
    get_currency_symbol,
)
from django.utils.translation import gettext as _

from billings.money.currencies import CURRENCIES, find_currency

if TYPE_CHECKING:
    from billings.money.values import Money

NBSP = "\N{NO-BREAK SPACE}"

DEFAULT_LOCALE = "en_US"
UNKNOWN_LOCALE = "und"  # the client's notation is unknown; ours is the default's


def to_decimal(money: "Money") -> Decimal:
    """Major units, exactly: Money(4900, "usd") is Decimal("49.00"). Raises UnknownCurrency."""
    return Decimal(f"{money.amount}E-{find_currency(money.currency).decimals}")


def decimal_string(money: "Money") -> str:
    """Major units with all decimals, for API clients: "49.00", "500" (JPY), "1.230" (KWD), "500.00" (ISK)."""
    return f"{to_decimal(money):f}"


def format_money(money: "Money", locale: str = DEFAULT_LOCALE) -> str:
    """The amount with its currency in the locale's notation: "$1,234.50", "1.234,50 €", "¥500".

    Of a currency that is not in our table (seen in Stripe) the minor unit is unknown, which the text says.
    """
    if money.currency not in CURRENCIES:
        code = money.currency.upper()
        return _("%(amount)d of the smallest unit of %(code)s") % {"amount": money.amount, "code": code}
    return _known_money(money, locale)


@lru_cache(maxsize=4096)
def _known_money(money: "Money", locale: str) -> str:
    """Cached: courses share prices, and pages show each several times."""
    code = money.currency.upper()
    pattern = _pattern(code, locale, _decimals_shown(money))
    return format_currency(to_decimal(money), code, pattern, parse_locale(locale), currency_digits=False)


def format_amount(money: "Money", locale: str = DEFAULT_LOCALE) -> str:
    """The number alone and ungrouped, for an input field: "1234.50", "1234,50".

    Parsed in the same locale it is exactly this amount.
    """
    number = f"{to_decimal(money):.{_decimals_shown(money)}f}"
    return number.replace(".", decimal_point(locale))


def decimal_point(locale: str) -> str:
    """The decimal separator of money, which in some locales differs from that of other numbers (fr_CH)."""
    symbols = parse_locale(locale).number_symbols["latn"]
    point: str = symbols.get("currencyDecimal") or symbols["decimal"]
    return point


def sign_follows(locale: str) -> bool:
    """Whether the locale writes "49 €" rather than "€ 49"."""
    pattern: NumberPattern = parse_locale(locale).currency_formats["standard"]
    return "¤" in pattern.suffix[0]


def currency_symbol(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """The locale's sign: "$", "€", "KWD"."""
    return get_currency_symbol(code.upper(), parse_locale(locale))


def currency_name(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """The locale's name: "US Dollar"."""
    return get_currency_name(code.upper(), locale=parse_locale(locale))


def plural_name(code: str) -> str:
    return get_currency_name(code.upper(), count=2, locale=parse_locale(DEFAULT_LOCALE))


def _decimals_shown(money: "Money") -> int:
    """Stripe's decimals, but none if they are always 00 (ISK 500). An amount's own are never hidden."""
    currency = find_currency(money.currency)
    return 0 if currency.whole and money.amount % currency.step == 0 else currency.decimals


@lru_cache(maxsize=1024)
def _pattern(code: str, locale: str, decimals: int) -> NumberPattern:
    """The locale's pattern for this currency, with our decimals and CLDR's space between letters and digits.

    Babel leaves that space out ("KWD1.230"): unicode.org/reports/tr35/tr35-numbers.html, currencySpacing.
    """
    pattern: NumberPattern = copy(parse_locale(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    sign = get_currency_symbol(code, parse_locale(locale))
    if _wants_space(sign[-1]):
        positive, negative = pattern.prefix
        pattern.prefix = (re.sub("¤$", "¤" + NBSP, positive), re.sub("¤$", "¤" + NBSP, negative))
    if _wants_space(sign[0]):
        positive, negative = pattern.suffix
        pattern.suffix = (re.sub("^¤", NBSP + "¤", positive), re.sub("^¤", NBSP + "¤", negative))
    return pattern


def _wants_space(neighbour: str) -> bool:
    return unicodedata.category(neighbour)[0] in "LMP"


@lru_cache(maxsize=256)
def parse_locale(name: str) -> Locale:
    """Raises ValueError or babel.UnknownLocaleError for what Babel does not know."""
    return Locale.parse(DEFAULT_LOCALE if name == UNKNOWN_LOCALE else name.replace("-", "_"))


@lru_cache(maxsize=256)
def likely_territory(name: str) -> str:
    """The country of a locale, or where its language is spoken most: "AT" for "de_AT", "DE" for "de"."""
    found = parse_locale(name)
    if name == UNKNOWN_LOCALE:
        return ""
    likely: str = get_global("likely_subtags").get(found.language, "")
    return found.territory or likely.rpartition("_")[2]
