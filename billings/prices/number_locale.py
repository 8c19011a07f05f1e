"""The locale of the reader's numbers, whatever language the page is in.

Browsers send it in `Accept-Language`. Numbers in JSON are the same everywhere (`money.UNKNOWN_LOCALE`).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.http import HttpRequest, HttpResponse

from billings.money import UNKNOWN_LOCALE

_LONGEST_HEADER = 500  # characters; browsers send a tenth of that
_MOST_SUBTAGS = 5  # language, script, country, a variant, and one to spare
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)

_current: ContextVar[str] = ContextVar("number_locale", default=UNKNOWN_LOCALE)


def current() -> str:
    """The locale of the current request for Babel ("de_CH"); UNKNOWN_LOCALE if nothing is known of the reader."""
    return _current.get()


@contextmanager
def override(locale: str) -> Iterator[None]:
    token = _current.set(locale)
    try:
        yield
    finally:
        _current.reset(token)


def number_locale(request: HttpRequest) -> str:
    """The browser's locale; the place to add a locale that users choose for themselves."""
    return negotiated(request.headers.get("Accept-Language", "")[:_LONGEST_HEADER])


class NumberLocaleMiddleware:
    """Makes the reader's locale available to forms and fields."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with override(number_locale(request)):
            return self.get_response(request)


@lru_cache(maxsize=512)
def negotiated(header: str) -> str:
    """The locale of the preferred tag that CLDR knows; of equals the first. Malformed parts are skipped."""
    liked = sorted(map(_tag_and_quality, header.split(",")), key=lambda found: -found[1])
    found = (_locale_of(tag) for tag, quality in liked if quality > 0)
    return next(filter(None, found), UNKNOWN_LOCALE)


def _tag_and_quality(item: str) -> tuple[str, float]:
    tag, semicolon, parameter = item.partition(";")
    if not semicolon:
        return tag.strip(), 1.0
    quality = _QUALITY.fullmatch(parameter)
    return tag.strip(), float(quality[1]) if quality else 0.0


def _locale_of(tag: str) -> str | None:
    """ "de-CH-1996-u-nu-latn" is de_CH, "zh-TW" zh_Hant_TW, "en-JP" en: as much of the tag as CLDR knows."""
    subtags = tag.replace("_", "-").split("-")[:_MOST_SUBTAGS]
    if not all(subtag.isascii() and subtag.isalnum() for subtag in subtags) or subtags[0].lower() in ("und", "root"):
        return None
    for length in range(len(subtags), 0, -1):
        try:
            return str(Locale.parse("_".join(subtags[:length])))
        except (ValueError, UnknownLocaleError):
            continue
    return None
