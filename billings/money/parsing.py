"""How what people type is read as an amount."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from babel.numbers import get_decimal_symbol

from billings.money.currencies import CURRENCIES, Currency, find_currency
from billings.money.errors import CurrencyMismatch, Negative, NotAnAmount, TooManyDecimals
from billings.money.formatting import DEFAULT_LOCALE, currency_symbol, parse_locale
from billings.money.values import Money

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
    found = find_currency(currency)
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
    return not currency.whole and point == get_decimal_symbol(parse_locale(locale))


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
    known = [(sign, code) for sign, codes in _SIGNS.items() for code in codes.split()]
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
