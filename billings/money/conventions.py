"""How a locale writes numbers, and whether everyday use agrees with it.

CLDR has one notation per locale. If two are in everyday use, a text that they read differently is asked about, not
decided by a table: `unambiguous` is False then.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from billings.money.formatting import UNKNOWN_LOCALE, decimal_point, likely_territory, parse_locale
from billings.money.text import plain

# CLDR's notation is not relied on here: a wrong guess costs a factor of a thousand, a question costs a click. Our own
# assessment, not a published list: these countries, multi-country regions, ...
_MIXED_TERRITORIES = frozenset({"ZA", "NA", "419", "001", "150"})
_MIXED_SPANISH = frozenset({"BO", "CR", "CU", "DO", "EC", "GQ", "HN", "NI", "PA", "PE", "PH", "PR", "SV", "US", "VE"})
# ... and languages sent without a country, which use points in some countries and commas in others.
_MIXED_LANGUAGES = frozenset(["es", "pt", "ar"])


@dataclass(frozen=True, slots=True)
class Conventions:
    """The separators of money, normalised, and whether everyday use agrees with them."""

    points: frozenset[str]
    group: str
    unambiguous: bool


@lru_cache(maxsize=512)
def conventions(locale: str, *, native_digits: bool = False) -> Conventions:
    """For ASCII digits or, if the locale has native digits, for those."""
    found = parse_locale(locale)
    symbols = found.number_symbols["latn"]
    if native_digits:
        own = found.number_symbols.get(found.default_numbering_system, {})
        symbols = {**symbols, **{name: sign for name, sign in own.items() if sign}}
    points = frozenset(plain(symbols[name]) for name in ("currencyDecimal", "decimal") if symbols.get(name))
    group = plain(symbols.get("currencyGroup") or symbols["group"])
    return Conventions(points, group, unambiguous=group not in points and _is_unambiguous(locale))


def _is_unambiguous(locale: str) -> bool:
    if locale == UNKNOWN_LOCALE:
        return False
    found = parse_locale(locale)
    if not found.territory and found.language in _MIXED_LANGUAGES:
        return False
    territory = likely_territory(locale)
    if territory in _MIXED_TERRITORIES or (found.language == "es" and territory in _MIXED_SPANISH):
        return False
    official = _official_locale(territory)
    return official is None or decimal_point(locale) == decimal_point(official)


@lru_cache(maxsize=256)
def _official_locale(territory: str) -> str | None:
    """The country's official language that CLDR knows; of several, the one with the most speakers."""
    for language in get_official_languages(territory, de_facto=True):
        with suppress(UnknownLocaleError, ValueError):
            return str(Locale.parse(f"{language}_{territory}"))
    return None
