"""Money: currencies, minor units, limits, and the words people write amounts in.

An amount is an `int` in the currency's minor unit (cents for USD, yen for JPY) with the currency's lower-case code
beside it; a float never appears. What Stripe accepts is from docs.stripe.com/currencies. Formatting is Babel's with
Stripe's number of decimals: left to itself Babel rounds RSD 12.34 to "RSD12".
"""

import re
import unicodedata
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from babel import Locale
from babel.numbers import (
    NumberPattern,
    format_currency,
    get_currency_name,
    get_currency_symbol,
    get_decimal_symbol,
)
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

type Interval = Literal["month", "year"]  # None beside it means: paid once

MAX_UNIT_AMOUNT = 999_999_999_999  # minor units; a card charge has 12 digits at most
CAUTION_UNIT_AMOUNT = 99_999_999  # minor units; above 8 digits some ways to pay refuse

NBSP = "\N{NO-BREAK SPACE}"


# --- Currencies -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Currency:
    """What Stripe says about one currency (docs.stripe.com/currencies)."""

    code: str
    """ISO 4217, lower case, as Stripe writes it."""
    decimals: int
    """10 to the power of this many minor units make one major unit: 0, 2 or 3."""
    step: int
    """An amount must be a multiple of this many minor units."""
    minimum: int | None
    """The smallest charge, in minor units. None: it depends on the currency of settlement, so unknown to us."""

    @property
    def whole(self) -> bool:
        """Only whole major units can be charged, whatever the number of decimals (JPY, but also ISK and UGX)."""
        return self.step % int(10**self.decimals) == 0


def _words(text: str) -> list[str]:
    return text.split()


_CODES = _words("""
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop
    crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod
    jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn
    nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb
    tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw
""")

_ZERO_DECIMAL = frozenset(_words("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"))

# The last of the three digits must be 0.
_THREE_DECIMAL = frozenset(_words("bhd jod kwd omr tnd"))

# Written with two decimals, which must be 00. (HUF and TWD are not among them: they have two decimals in charges, and
# prices are charges; only payouts are in whole forints and dollars.)
_TWO_DECIMALS_THAT_ARE_ZERO = frozenset({"isk", "ugx"})

# Minor units, and the currencies whose smallest charge that is: 50 is 0.50 for USD, and 50 for JPY and KRW.
_MINIMUMS = {
    30: "gbp",
    50: "usd aud brl cad chf eur nzd sgd ars cop idr ils php rub zar inr jpy krw",
    200: "aed myr pln ron",
    250: "dkk",
    300: "nok sek",
    400: "hkd",
    1000: "mxn thb",
    1500: "czk",
    17500: "huf",
}
_MINIMUM_OF = {code: minimum for minimum, codes in _MINIMUMS.items() for code in _words(codes)}


def _make_currency(code: str) -> Currency:
    decimals, step = 2, 1
    if code in _ZERO_DECIMAL:
        decimals = 0
    elif code in _THREE_DECIMAL:
        decimals, step = 3, 10
    elif code in _TWO_DECIMALS_THAT_ARE_ZERO:
        step = 100
    return Currency(code, decimals, step, _MINIMUM_OF.get(code))


CURRENCIES: Mapping[str, Currency] = MappingProxyType({code: _make_currency(code) for code in _CODES})


def _currency(code: str) -> Currency:
    try:
        return CURRENCIES[code]
    except KeyError:
        raise UnknownCurrency(code) from None


# --- Values -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency: Money(4900, "usd") is $49.00, Money(500, "jpy") is ¥500."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an int in minor units, not {self.amount!r}")

    def __str__(self) -> str:
        return format_money(self)


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """What a Stripe Price says: an amount in minor units, paid once (interval None) or every month or year."""

    unit_amount: int
    currency: str
    interval: Interval | None = None

    @property
    def money(self) -> Money:
        return Money(self.unit_amount, self.currency)

    def __str__(self) -> str:
        if self.interval is None:
            return str(self.money)
        words = {"month": _("%(amount)s a month"), "year": _("%(amount)s a year")}
        return words[self.interval] % {"amount": self.money}


# --- Errors: facts in the fields, words in __str__ --------------------------------------------------------------------


class MoneyError(ValueError):
    """An amount that cannot be a price; `str()` says so to the person who typed it."""


@dataclass(eq=False)
class NotAnAmount(MoneyError):
    text: str

    def __str__(self) -> str:
        return _("This is not an amount. Write a number, such as 49.")


@dataclass(eq=False)
class TooManyDecimals(MoneyError):
    text: str
    currency: str

    def __str__(self) -> str:
        decimals = _currency(self.currency).decimals
        words = {"currency": _plural_name(self.currency), "count": decimals}
        if decimals == 0:
            return _("An amount in %(currency)s has no decimals.") % words
        return (
            ngettext(
                "An amount in %(currency)s has at most %(count)d decimal.",
                "An amount in %(currency)s has at most %(count)d decimals.",
                decimals,
            )
            % words
        )


@dataclass(eq=False)
class Negative(MoneyError):
    text: str

    def __str__(self) -> str:
        return _("A price cannot be negative.")


@dataclass(eq=False)
class AmountTooSmall(MoneyError):
    given: Money
    minimum: Money

    def __str__(self) -> str:
        return _("%(minimum)s is the smallest price that can be charged in %(currency)s.") % {
            "minimum": self.minimum,
            "currency": _plural_name(self.minimum.currency),
        }


@dataclass(eq=False)
class AmountTooLarge(MoneyError):
    given: Money
    maximum: Money

    def __str__(self) -> str:
        return _("%(maximum)s is the largest price that can be charged in %(currency)s.") % {
            "maximum": self.maximum,
            "currency": _plural_name(self.maximum.currency),
        }


@dataclass(eq=False)
class WrongStep(MoneyError):
    given: Money
    below: Money
    above: Money

    def __str__(self) -> str:
        return _("%(given)s cannot be charged exactly; %(below)s and %(above)s can.") % {
            "given": self.given,
            "below": self.below,
            "above": self.above,
        }


@dataclass(eq=False)
class UnknownCurrency(MoneyError):
    code: str

    def __str__(self) -> str:
        return _("Prices in the currency “%(code)s” cannot be sold here.") % {"code": self.code}


@dataclass(eq=False)
class CurrencyMismatch(MoneyError):
    """The amount was typed with the sign or code of another currency than the one chosen beside it."""

    text: str
    typed: str
    chosen: str

    def __str__(self) -> str:
        return _("The amount says “%(typed)s”, but the chosen currency is %(chosen)s (%(code)s).") % {
            "typed": self.typed,
            "chosen": currency_name(self.chosen),
            "code": self.chosen.upper(),
        }


# --- Limits -----------------------------------------------------------------------------------------------------------


def check_limits(money: Money) -> None:
    """Refuse what Stripe would take as a Price and then not charge. Zero is fine: a free course is not in Stripe.

    Raises AmountTooSmall (also for what is below zero), AmountTooLarge or WrongStep.
    """
    currency = _currency(money.currency)
    smallest = max(currency.minimum or 1, currency.step)
    largest = _largest_up_to(MAX_UNIT_AMOUNT, money.currency)
    if money.amount > largest.amount:
        raise AmountTooLarge(money, largest)
    if money.amount != 0 and money.amount < smallest:
        raise AmountTooSmall(money, Money(smallest, money.currency))
    past = money.amount % currency.step
    if past:
        below = money.amount - past
        raise WrongStep(money, Money(below, money.currency), Money(below + currency.step, money.currency))


def _largest_up_to(limit: int, code: str) -> Money:
    return Money(limit - limit % _currency(code).step, code)


def caution(money: Money) -> str | None:
    """A word to say beside an amount that is allowed but may be refused when somebody pays; None when all is well."""
    if money.amount > CAUTION_UNIT_AMOUNT:
        limit = _largest_up_to(CAUTION_UNIT_AMOUNT, money.currency)
        return _("This is a large amount: some ways to pay take no more than %(limit)s.") % {"limit": limit}
    if money.amount > 0 and _currency(money.currency).minimum is None:
        return _("Stripe takes no less than about 0.50 US dollars; what that is in %(currency)s is not known here.") % {
            "currency": _plural_name(money.currency)
        }
    return None


# --- Writing ----------------------------------------------------------------------------------------------------------

DEFAULT_LOCALE = "en_US"


def to_decimal(money: Money) -> Decimal:
    """Major units, exactly: Money(4900, "usd") is Decimal("49.00"). Raises UnknownCurrency."""
    return Decimal(f"{money.amount}E-{_currency(money.currency).decimals}")


def decimal_string(money: Money) -> str:
    """Major units with all decimals, for programs: "49.00", "500" (JPY), "1.230" (KWD), "500.00" (ISK)."""
    return f"{to_decimal(money):f}"


def format_money(money: Money, locale: str = DEFAULT_LOCALE) -> str:
    """The amount as the locale writes it, with its currency: "$1,234.50", "1.234,50 €", "¥500".

    Stripe may show us a currency that is not in our table; its minor unit is unknown, so the words say that.
    """
    code = money.currency.upper()
    if money.currency not in CURRENCIES:
        return _("%(amount)d of the smallest unit of %(code)s") % {"amount": money.amount, "code": code}
    pattern = _pattern(code, locale, _decimals_shown(money))
    return format_currency(to_decimal(money), code, pattern, _locale(locale), currency_digits=False)


def format_amount(money: Money, locale: str = DEFAULT_LOCALE) -> str:
    """The number alone and without grouping, for an input field: "1234.50", "1234,50"."""
    number = f"{to_decimal(money):.{_decimals_shown(money)}f}"
    return number.replace(".", get_decimal_symbol(_locale(locale)))


def currency_symbol(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """The locale's sign: "$", "€", "KWD"."""
    return get_currency_symbol(code.upper(), _locale(locale))


def currency_name(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """The locale's name: "US Dollar"."""
    return get_currency_name(code.upper(), locale=_locale(locale))


def _plural_name(code: str) -> str:
    return get_currency_name(code.upper(), count=2, locale=_locale(DEFAULT_LOCALE))


def _decimals_shown(money: Money) -> int:
    """Stripe's decimals, but none where they are always 00: ISK 500. An amount's own are never hidden."""
    currency = _currency(money.currency)
    return 0 if currency.whole and money.amount % currency.step == 0 else currency.decimals


@lru_cache(maxsize=1024)
def _pattern(code: str, locale: str, decimals: int) -> NumberPattern:
    """The locale's way to write this currency, with our decimals and CLDR's space between letters and digits.

    Babel leaves that space out ("KWD1.230"): unicode.org/reports/tr35/tr35-numbers.html, currencySpacing.
    """
    pattern: NumberPattern = copy(_locale(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    sign = get_currency_symbol(code, _locale(locale))
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
def _locale(name: str) -> Locale:
    return Locale.parse(name.replace("-", "_"))


# --- Reading ----------------------------------------------------------------------------------------------------------

_MAX_TEXT = 100  # characters; the longest that format_money writes has 26
_MAX_DIGITS = 24  # within the 28 that decimal arithmetic keeps exactly

# One character for each idea: many keyboards and copied texts have their own.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʹ′`´", "'"),
        **dict.fromkeys("−‐‑‒–—", "-"),
        **dict.fromkeys("،⹁、", ","),
        **dict.fromkeys("。", "."),
    }
)

_DIGIT = re.compile("[0-9]")
_SEPARATOR = re.compile("[., '٫٬]")
_NUMBER = re.compile("[0-9., '٫٬]+")
_GROUPED = re.compile("[1-9][0-9]{0,2}(,[0-9]{3})+|[1-9][0-9]?(,[0-9]{2})*,[0-9]{3}")  # 1,234,567 or 12,34,567
_POINTS = (".", ",", "٫")
_NO_CENTS = re.compile("(?<=[0-9])[.,:] ?--?(?![0-9-])")  # 49.- and 49,-- and 49:-

# Signs people type, and the currencies they may mean. _signs() adds the codes and the locale's own signs, and each sign
# that ends in a point without it.
_SIGNS = {
    "$": "ars aud bbd bmd bnd bsd bzd cad clp cop cve dop fjd gyd hkd jmd kyd lrd mop mxn nad nio nzd sbd sgd srd top"
    " ttd twd usd uyu xcd",
    "US$": "usd",
    "$US": "usd",
    "C$": "cad nio",
    "S$": "sgd",
    "RD$": "dop",
    "J$": "jmd",
    "£": "egp fkp gbp gip lbp shp",
    "E£": "egp",
    "¥": "cny jpy",
    "円": "jpy",
    "元": "cny twd",
    "원": "krw",
    "kr.": "dkk isk nok sek",
    "Fr.": "chf",
    "SFr.": "chf",
    "Rs.": "inr lkr mur npr pkr scr",
    "₨": "inr lkr mur npr pkr scr",
    "﷼": "omr qar sar yer",
    "R": "zar",
    "RM": "myr",
    "Rp": "idr",
    "S/": "pen",
    "Bs": "bob",
    "zł": "pln",
    "Kč": "czk",
    "Ft": "huf",
    "lei": "mdl ron",
    "TL": "try",
    "₺": "try",
    "₽": "rub",
    "руб.": "rub",
    "₴": "uah",
    "грн": "uah",
    "₸": "kzt",
    "₼": "azn",
    "₾": "gel",
    "֏": "amd",
    "؋": "afn",
    "৳": "bdt",
    "฿": "thb",
    "៛": "khr",
    "₭": "lak",
    "₮": "mnt",
    "₦": "ngn",
    "₡": "crc",
    "₲": "pyg",
    "KSh": "kes",
    "TSh": "tzs",
    "USh": "ugx",
}


def parse_amount(text: str, currency: str, locale: str = DEFAULT_LOCALE) -> Money:
    """What somebody typed, in minor units: "1,234.50", "1.234,50", "$49", "49 USD", "٤٩", "49.-".

    Both ways of writing are read in every locale; a text that has two readings ("1,234") is taken the locale's way.
    The limits are for `check_limits` to judge.

    Raises UnknownCurrency, NotAnAmount, CurrencyMismatch, Negative or TooManyDecimals.
    """
    found = _currency(currency)
    typed = _take_apart(text, locale)
    _check_sign(typed.before, text, currency, locale)
    _check_sign(typed.after, text, currency, locale)
    whole, fraction = _split_number(typed.number, text, found, locale)
    if typed.negative:
        raise Negative(text)
    if fraction[found.decimals :].strip("0"):
        raise TooManyDecimals(text, currency)
    minor = fraction[: found.decimals].ljust(found.decimals, "0")
    return Money(int(whole + minor or "0"), currency)


class _Typed(NamedTuple):
    before: str
    number: str
    after: str
    negative: bool


def _take_apart(text: str, locale: str) -> _Typed:
    """From the first digit to the last is the number, with a decimal point at either end ("49.", ".50")."""
    plain = _NO_CENTS.sub("٫", _plain(text))
    digits = [match.start() for match in _DIGIT.finditer(plain)]
    if not 0 < len(digits) <= _MAX_DIGITS:
        raise NotAnAmount(text)
    before, number, after = plain[: digits[0]], plain[digits[0] : digits[-1] + 1], plain[digits[-1] + 1 :]
    negative = "-" in before + after
    before, after = before.replace("-", "", 1), after.replace("-", "", 1)
    if after.startswith(_POINTS):
        number, after = number + after[0], after[1:]
    if before.endswith(_POINTS) and _key(before) not in _signs(locale):  # "$.50", but "Rs.50" is 50 rupees
        number, before = before[-1] + number, before[:-1]
    return _Typed(before, number, after, negative)


def _plain(text: str) -> str:
    """The same text in the characters that are read here. Refuses what is too long or holds control characters."""
    stripped = text.strip()
    if len(stripped) > _MAX_TEXT:
        raise NotAnAmount(text)
    plain = "".join(map(_plain_character, stripped.translate(_ALIKE)))
    if not plain.isprintable():
        raise NotAnAmount(text)
    return plain


@lru_cache(maxsize=1024)
def _plain_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)  # Arabic-Indic, Persian, Devanagari, full-width, ...
    match unicodedata.category(character):
        case "Zs":
            return " "  # no-break, narrow, thin, ideographic
        case "Cf":
            return ""  # marks of direction, joiners
    width, _space, base = unicodedata.decomposition(character).partition(" ")
    return chr(int(base, 16)).translate(_ALIKE) if width in {"<wide>", "<narrow>"} else character


def _split_number(number: str, text: str, currency: Currency, locale: str) -> tuple[str, str]:
    """The digits before and after the decimal point: "1.234,50" is ("1234", "50")."""
    if not _NUMBER.fullmatch(number):
        raise NotAnAmount(text)
    parts, separators = _SEPARATOR.split(number), _SEPARATOR.findall(number)
    fraction = ""
    if _last_is_point(parts, separators, currency, locale):
        fraction = parts.pop()
        separators.pop()
    if separators and not _is_grouped(parts, separators):
        raise NotAnAmount(text)
    return "".join(parts), fraction


def _last_is_point(parts: list[str], separators: list[str], currency: Currency, locale: str) -> bool:
    """Whether the last separator is the decimal point rather than between thousands."""
    if not separators or separators[-1] not in _POINTS or separators.count(separators[-1]) > 1:
        return False
    point = separators[-1]
    if len(separators) > 1 or point == "٫" or not _is_grouped(parts, separators):
        return True
    # "1,234" and "1.234" have two readings. Nobody writes yen with three decimals; otherwise it is the locale's way.
    return not currency.whole and point == get_decimal_symbol(_locale(locale))


def _is_grouped(parts: list[str], separators: list[str]) -> bool:
    return len(set(separators)) == 1 and separators[0] != "٫" and _GROUPED.fullmatch(",".join(parts)) is not None


def _check_sign(sign: str, text: str, currency: str, locale: str) -> None:
    """Take nothing, the currency's own sign, its code, or both ("US$ USD"); tell another currency from nonsense."""
    signs = _signs(locale)
    key = _key(sign)
    if not key or currency in signs.get(key, ()):
        return
    rest = key if key in signs else _without_own_signs(key, currency, signs)
    if rest in signs and currency not in signs[rest]:
        raise CurrencyMismatch(text, sign.strip(), currency)
    if rest:
        raise NotAnAmount(text)


def _without_own_signs(key: str, currency: str, signs: Mapping[str, frozenset[str]]) -> str:
    own = [sign for sign, codes in signs.items() if currency in codes]
    for sign in sorted(own, key=len, reverse=True):
        key = key.replace(sign, "", 1)
    return key


@lru_cache(maxsize=64)
def _signs(locale: str) -> Mapping[str, frozenset[str]]:
    """Every sign and code that may stand beside a number, with the currencies it may mean."""
    known = [(sign, code) for sign, codes in _SIGNS.items() for code in _words(codes)]
    for code in CURRENCIES:
        known += [(sign, code) for sign in (code, currency_symbol(code), currency_symbol(code, locale))]
    signs: dict[str, set[str]] = {}
    for sign, code in known:
        signs.setdefault(_key(sign), set()).add(code)
        signs.setdefault(_key(sign).rstrip("."), set()).add(code)
    signs.pop("", None)  # Cape Verde writes its own currency with no visible sign
    return {sign: frozenset(codes) for sign, codes in signs.items()}


def _key(sign: str) -> str:
    """A sign as it is looked up: "US $", "us$" and "US$" are one."""
    return "".join(map(_plain_character, sign.translate(_ALIKE))).replace(" ", "").casefold()
