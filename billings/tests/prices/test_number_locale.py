"""The locale of a reader's numbers, from the browser's headers."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from billings.money import UNKNOWN_LOCALE
from billings.prices import number_locale


def negotiated(header: str) -> str:
    return number_locale.number_locale(RequestFactory().get("/", headers={"Accept-Language": header}))


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("de-DE", "de_DE"),
        ("de-DE,de;q=0.9,en;q=0.8", "de_DE"),
        ("en;q=0.5, de-CH;q=0.9", "de_CH"),
        ("en;q=0.8,de;q=0.8", "en"),
        ("es-MX", "es_MX"),
        ("es-419,es;q=0.9", "es_419"),
        ("pt-PT", "pt_PT"),
        ("fr-CH", "fr_CH"),
        ("en-IN", "en_IN"),
        ("en-ZA", "en_ZA"),
        ("zh-TW", "zh_Hant_TW"),
        ("zh-Hant-HK", "zh_Hant_HK"),
        ("sr-RS", "sr_Cyrl_RS"),
        ("sr-Latn-RS", "sr_Latn_RS"),
        ("DE-at", "de_AT"),
        ("de_DE", "de_DE"),
        ("in-ID", "id_ID"),
        ("iw-IL", "he_IL"),
    ],
)
def test_is_the_best_liked_one(header, locale):
    assert negotiated(header) == locale


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("en-JP", "en"),
        ("de-DE-1996", "de_DE"),
        ("de-CH-1996-u-nu-latn", "de_CH"),
        ("ar-EG-u-nu-arab", "ar_EG"),
        ("ca-ES-valencia", "ca_ES_VALENCIA"),
        ("en-US-posix", "en_US_POSIX"),
    ],
)
def test_is_as_much_of_a_tag_as_is_known(header, locale):
    assert negotiated(header) == locale


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("*", UNKNOWN_LOCALE),
        ("*, de;q=0.5", "de"),
        ("tlh, de;q=0.5", "de"),
        ("x-pirate, fr-FR;q=0.1", "fr_FR"),
        ("de;q=0", UNKNOWN_LOCALE),
        ("de;q=0, fr;q=0.2", "fr"),
        ("de;q=2, fr;q=0.2", "fr"),
        ("de;level=1, fr", "fr"),
        ("rubbish!!, de-DE", "de_DE"),
        (",,;;=, ,", UNKNOWN_LOCALE),
        ("", UNKNOWN_LOCALE),
        ("und", UNKNOWN_LOCALE),
        ("root", UNKNOWN_LOCALE),
        ("../../etc/passwd", UNKNOWN_LOCALE),
        ("dé", UNKNOWN_LOCALE),
        ("a" * 100_000, UNKNOWN_LOCALE),
        ("de-" * 100_000, "de_DE"),
    ],
)
def test_is_found_among_rubbish_or_unknown(header, locale):
    assert negotiated(header) == locale


def test_is_unknown_where_no_browser_says_it():
    assert number_locale.number_locale(RequestFactory().get("/")) == UNKNOWN_LOCALE
    assert number_locale.current() == UNKNOWN_LOCALE


def test_is_known_to_everything_within_the_request_and_forgotten_behind_it():
    middleware = number_locale.NumberLocaleMiddleware(lambda request: HttpResponse(number_locale.current()))

    answer = middleware(RequestFactory().get("/", headers={"Accept-Language": "de-AT"}))

    assert answer.text == "de_AT"
    assert number_locale.current() == UNKNOWN_LOCALE
