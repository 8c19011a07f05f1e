"""What may stand beside an amount: signs, codes and names of each currency in a locale.

Computed on first use and cached for recent locales: most amounts are typed as a bare number.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from babel.core import get_global

from billings.money.currencies import CURRENCIES
from billings.money.everyday_signs import NOT_SOLD, ONLY_HERE, SIGNS
from billings.money.formatting import DEFAULT_LOCALE, likely_territory, parse_locale
from billings.money.text import HYPHEN, plain


def sign_key(sign: str) -> str:
    """The lookup key of a sign: "US $", "us$" and "U.S.$" are equal, and so are "US-Dollar" and "US Dollar"."""
    return re.sub(f"[ .]|{HYPHEN}", "", plain(sign)).casefold()


@lru_cache(maxsize=1024)
def own_signs(code: str, locale: str) -> frozenset[str]:
    """The keys of everything that means the currency `code` (lower case) in this locale."""
    keys = {code, *map(sign_key, _written(code, locale))} - {""}
    foreign, local = _only_here(locale)
    return frozenset(keys | local if code == foreign else keys - local)


@lru_cache(maxsize=16)
def all_signs(locale: str) -> frozenset[str]:
    """The keys of every sign of any currency, sold or not; nothing else is a sign."""
    codes = get_global("all_currencies")
    keys = {code.lower() for code in codes}
    keys.update(sign_key(sign) for signs in NOT_SOLD.values() for sign in signs.split())
    for code in CURRENCIES:
        keys |= own_signs.__wrapped__(code, locale)
    return frozenset(keys)


def ends_in_point(sign: str, code: str, locale: str) -> bool:
    """Whether a sign ends in a point, which is then not the amount's: "Rs.50" is fifty rupees."""
    if sign_key(sign) in _everyday_with_point():
        return True
    return any(sign_key(sign) == sign_key(it) for it in _symbols(code, locale) if plain(it).endswith("."))


@lru_cache(maxsize=1)
def _everyday_with_point() -> frozenset[str]:
    everyday = (sign for signs in (*SIGNS.values(), *NOT_SOLD.values()) for sign in signs.split())
    return frozenset(sign_key(sign) for sign in everyday if sign.endswith("."))


def _written(code: str, locale: str) -> Iterator[str]:
    yield from SIGNS[code].split()
    yield from _symbols(code, locale)
    for language in {DEFAULT_LOCALE, locale}:
        for name in names_of(code, language):
            for words in (name, _noun(name, language)):
                yield from (before + words for before in _before_names(language))


def _symbols(code: str, locale: str) -> set[str]:
    found = (parse_locale(name).currency_symbols.get(code.upper()) for name in (DEFAULT_LOCALE, locale))
    return {symbol for symbol in found if symbol}


def names_of(code: str, locale: str) -> set[str]:
    """ "US Dollar", "US dollar", "US dollars": CLDR's names in every plural form of the language."""
    found = parse_locale(locale)
    plurals: Mapping[str, str] = found._data["currency_names_plural"].get(code.upper(), {})
    return {*plurals.values(), *filter(None, [found.currencies.get(code.upper())])}


@lru_cache(maxsize=64)
def _before_names(locale: str) -> frozenset[str]:
    """What may stand between number and name: nothing in most languages; "de" in Romanian's "49 de lei"."""
    patterns: Mapping[str, str] = parse_locale(locale)._data["currency_unit_patterns"]
    return frozenset({"", *(pattern.partition("{0}")[2].partition("{1}")[0] for pattern in patterns.values())})


def _noun(name: str, locale: str) -> str:
    """ "dollars" of "Canadian dollars", "pesos" of "pesos mexicanos"; empty if the name is one word."""
    words = _words(name)
    return words[_noun_position(locale)] if len(words) > 1 else ""


@lru_cache(maxsize=64)
def _noun_position(locale: str) -> int:
    """Where a language puts the noun: first or last. Currencies share nouns, not countries."""
    names = parse_locale(locale).currencies
    several = [words for code in CURRENCIES if len(words := _words(names.get(code.upper(), ""))) > 1]
    firsts, lasts = {words[0] for words in several}, {words[-1] for words in several}
    return 0 if len(firsts) < len(lasts) else -1


def _words(name: str) -> list[str]:
    return re.split("[ \N{NO-BREAK SPACE}-]+", name)


def _only_here(locale: str) -> tuple[str, frozenset[str]]:
    code, signs = ONLY_HERE.get(likely_territory(locale), ("", ""))
    return code, frozenset(map(sign_key, signs.split()))
