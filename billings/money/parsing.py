"""Parses amounts that people type: correctly, or with a question, never silently wrong.

A number with one separator and exactly three digits after it has two readings ("49.000": forty-nine, or forty-nine
thousand). It is accepted only if locale and currency leave no doubt; otherwise `AmbiguousAmount` carries both. Nothing
here depends on requests or forms: rows of a file are parsed the same way.
"""

import re
from typing import NamedTuple

from billings.money.conventions import conventions
from billings.money.currencies import Currency, find_currency
from billings.money.errors import (
    AmbiguousAmount,
    CurrencyMismatch,
    Negative,
    NotAnAmount,
    TooManyDecimals,
)
from billings.money.formatting import DEFAULT_LOCALE, parse_locale, sign_follows
from billings.money.signs import all_signs, ends_in_point, own_signs, sign_key
from billings.money.text import HYPHEN, plain
from billings.money.values import Money

_MAX_TEXT = 100  # characters; the longest that format_money writes has 26
_MAX_DIGITS = 24  # within the 28 that decimal arithmetic keeps exactly

# The text is normalised by then (text.py): one kind of digit, space and apostrophe; "-" and "–".
_DIGIT = re.compile("[0-9]")
_SEPARATOR = re.compile("[., '٫٬]")
_NUMBER = re.compile("[0-9., '٫٬]+")
_GROUPED = re.compile("[1-9][0-9]{0,2}(,[0-9]{3})+|[1-9][0-9]?(,[0-9]{2})*,[0-9]{3}")  # 1,234,567 or 12,34,567
_POINT = "٫"  # never a grouping separator, so every certain decimal separator becomes this
_POINTS = (".", ",", _POINT)

_NO_CENTS = re.compile("(?<=[0-9]) ?(?:[.,:] ?(?:[-–]{1,2}|=)|/ ?[-–=]{1,2})(?![0-9-])")  # 49.- 49,-- 49:- 490/- 490/=
_SLASH_DASH = re.compile("/[-–=]")  # "Rs/- 490"
_CLOSING_DASH = re.compile("(?<=[0-9])[-–]$")  # ¥4,900-
_NO_UNITS = re.compile("(?<![0-9])(?:–|--) ?[.,](?=[0-9]{2}(?![0-9]))")  # –.80
_PERHAPS_NO_UNITS = re.compile("(?<![0-9–-])- ?[.,](?=[0-9]{2}(?![0-9]))")  # -.80: not a minus on a price tag
_SIGN_AS_POINT = re.compile("([0-9., '٬]*[0-9]) ?([^0-9., '٫٬][^0-9]*?) ?([0-9]{2})")  # 1.234$50, 49€50
_COLON_AS_POINT = re.compile("(?<=[0-9]):(?=[0-9]{2}(?![0-9]))")  # 49:50 kr
_APOSTROPHE_AS_POINT = re.compile("(?<=[0-9])'(?=[0-9]{1,2}(?![0-9]))")  # 49'50 €
_MINUS = re.compile(f"(?!{HYPHEN})[-–]")
_COLON_CURRENCIES = frozenset({"sek", "nok", "dkk", "isk"})
_APOSTROPHE_LANGUAGES = frozenset({"es", "ca", "gl", "eu", "ast", "an", "it", "pt"})
# After a number these mean thousands, millions and pence first, and kina, maloti and pula second.
_MULTIPLES, _PARTS = frozenset({"k", "m"}), frozenset({"p", "c"})


def parse_amount(text: str, currency: str, locale: str = DEFAULT_LOCALE) -> Money:
    """Parse what was typed into minor units: "1,234.50", "1.234,50", "$49", "49 USD", "٤٩", "49.-", "490/-".

    Both notations are accepted in every locale. `check_limits` checks the limits.

    Raises UnknownCurrency, NotAnAmount, CurrencyMismatch, Negative, TooManyDecimals or AmbiguousAmount.
    """
    return _Reader(text, find_currency(currency), locale).read()


class _Number(NamedTuple):
    """Digits and separators alternately: "1,234.50" is ("1", "234", "50") and (",", ".")."""

    parts: tuple[str, ...]
    separators: tuple[str, ...]

    @property
    def is_grouped(self) -> bool:
        kinds = set(self.separators)
        return len(kinds) == 1 and _POINT not in kinds and _GROUPED.fullmatch(",".join(self.parts)) is not None

    @property
    def may_end_in_decimals(self) -> bool:
        if not self.separators or self.separators[-1] not in _POINTS or self.separators.count(self.separators[-1]) > 1:
            return False
        units = self.units
        return not units.separators or units.is_grouped

    @property
    def units(self) -> "_Number":
        return _Number(self.parts[:-1], self.separators[:-1])


class _Reader:
    """Parses one text; its only state is the text and the expected currency and locale."""

    def __init__(self, text: str, currency: Currency, locale: str) -> None:
        self.text = text
        self.currency = currency
        self.locale = locale

    def read(self) -> Money:
        typed = self._plain()
        if self.currency.decimals == 2 and _PERHAPS_NO_UNITS.search(typed):
            raise AmbiguousAmount(self.text, (self._read(_PERHAPS_NO_UNITS.sub(_POINT, typed)),))
        return self._read(typed)

    def _plain(self) -> str:
        """The text normalised. Rejects texts that are too long or have control characters."""
        stripped = self.text.strip()
        if len(stripped) > _MAX_TEXT:
            raise NotAnAmount(self.text)
        typed = plain(stripped)
        if not typed.isprintable():
            raise NotAnAmount(self.text)
        typed = _SLASH_DASH.sub("", _NO_CENTS.sub(_POINT, typed))
        if self.currency.decimals == 2:
            typed = _NO_UNITS.sub(_POINT, typed)
        if self.currency.whole:
            typed = _CLOSING_DASH.sub("", typed)
        if self.currency.code in _COLON_CURRENCIES:
            typed = _COLON_AS_POINT.sub(_POINT, typed)
        if "'" in typed and parse_locale(self.locale).language in _APOSTROPHE_LANGUAGES:
            typed = _APOSTROPHE_AS_POINT.sub(_POINT, typed)
        return typed

    def _read(self, typed: str) -> Money:
        """The number is from the first digit to the last, with a decimal separator at either end ("49.", ".50")."""
        digits = [match.start() for match in _DIGIT.finditer(typed)]
        if not 0 < len(digits) <= _MAX_DIGITS:
            raise NotAnAmount(self.text)
        before, number, after = typed[: digits[0]], typed[digits[0] : digits[-1] + 1], typed[digits[-1] + 1 :]
        negative = any(map(_MINUS.search, (before, after)))
        before, after = _MINUS.sub("", before, count=1), _MINUS.sub("", after, count=1)
        if after.startswith(_POINTS):
            number, after = number + after[0], after[1:]
        if before.endswith(_POINTS) and not self._point_is_the_signs(before):
            number, before = before[-1] + number, before[:-1]
        self._check_factor(sign_key(after))
        self._check_sign(before)
        self._check_sign(after)
        found = self._number(number, alone=not (before or after).strip())
        if negative:
            raise Negative(self.text)
        return self._resolve(found)

    def _point_is_the_signs(self, before: str) -> bool:
        """ "Rs.50" is fifty rupees, "$.50" fifty cents."""
        return before.endswith(".") and ends_in_point(before, self.currency.code, self.locale)

    def _number(self, typed: str, *, alone: bool) -> _Number:
        if (
            alone  # "$10 $20" are two amounts
            and (split := _SIGN_AS_POINT.fullmatch(typed))
            and self.currency.decimals == 2
            and sign_key(split[2]) in own_signs(self.currency.code, self.locale)
        ):
            typed = split[1] + _POINT + split[3]
        if not _NUMBER.fullmatch(typed):
            raise NotAnAmount(self.text)
        return _Number(tuple(_SEPARATOR.split(typed)), tuple(_SEPARATOR.findall(typed)))

    def _resolve(self, number: _Number) -> Money:
        if number.is_grouped and number.may_end_in_decimals:
            return self._one_of_two(number)
        if number.may_end_in_decimals:
            return self._money("".join(number.units.parts), number.parts[-1])
        if number.separators and not number.is_grouped:
            raise NotAnAmount(self.text)
        return self._money("".join(number.parts), "")

    def _one_of_two(self, number: _Number) -> Money:
        """One separator with three digits after it: thousands, or decimals."""
        separator = number.separators[-1]
        thousands = self._money("".join(number.parts), "")
        if self.currency.whole:  # nobody writes yen with decimals
            return thousands
        written = conventions(self.locale, native_digits=not self.text.isascii() and _has_native_digits(self.text))
        if self.currency.decimals == 3:
            decimals = self._money(number.parts[0], number.parts[1])
            if separator in written.points:  # the notation in which the field is filled
                return decimals
            raise AmbiguousAmount(self.text, (thousands, decimals))
        if separator == written.group and written.unambiguous:
            return thousands
        try:
            decimals = self._money(number.parts[0], number.parts[1])
        except TooManyDecimals as error:
            if separator in written.points:
                raise TooManyDecimals(self.text, error.currency, (thousands,)) from None
            raise AmbiguousAmount(self.text, (thousands,)) from None
        raise AmbiguousAmount(self.text, (thousands, decimals))

    def _money(self, units: str, fraction: str) -> Money:
        decimals = self.currency.decimals
        if fraction[decimals:].strip("0"):
            raise TooManyDecimals(self.text, self.currency.code)
        return Money(int(units + fraction[:decimals].ljust(decimals, "0") or "0"), self.currency.code)

    def _check_factor(self, behind: str) -> None:
        own = behind in own_signs(self.currency.code, self.locale) if behind in _MULTIPLES | _PARTS else True
        if not own or (behind in _MULTIPLES and not sign_follows(self.locale)):
            raise NotAnAmount(self.text)

    def _check_sign(self, sign: str) -> None:
        """Accept nothing, the currency's sign, its code, or both ("US$ USD"); name another currency if it is one."""
        key = sign_key(sign)
        if not key:
            return
        own = own_signs(self.currency.code, self.locale)
        halves = [{key[:at], key[at:]} for at in range(1, len(key))]
        if key in own or any(len(both) == 2 and both <= own for both in halves):
            return
        known = all_signs(self.locale)
        if key in known or any(len(both & own) == 1 and len(both) == 2 and both <= known for both in halves):
            raise CurrencyMismatch(self.text, sign.strip(), self.currency.code)
        raise NotAnAmount(self.text)


def _has_native_digits(text: str) -> bool:
    return any(character.isdecimal() and not character.isascii() for character in text)
