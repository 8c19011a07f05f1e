"""What a single value may be: lengths, metadata, currencies, amounts, addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from billings.sandbox.refusals import invalid, too_long
from billings.sandbox.shapes import Json

# docs.stripe.com/currencies
CURRENCIES = frozenset(
    re.findall(
        r"\w+",
        """
        aed afn all amd ang aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
        cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils
        inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr
        mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek
        sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof
        xpf yer zar zmw
        """,
    )
)
# The last digit must be 0, or the last two (docs.stripe.com/currencies#three-decimal, #special-cases).
STEPS: Mapping[str, int] = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}
LARGEST_AMOUNT = 999_999_999_999  # our reading: twelve digits, the most a charge can have (docs.stripe.com/currencies)

_ID = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[\x00-\x20\x7f]")


def named(name: str, inside: str) -> str:
    return f"{inside}[{name}]" if inside else name


def text(params: Json, name: str, most: int, inside: str = "") -> None:
    value = params.get(name)
    if isinstance(value, str) and len(value) > most:
        raise too_long(named(name, inside), value, most)


def client_id(value: str | None, param: str = "id") -> None:
    """docs.stripe.com/changelog/2018-05-21: letters, digits, `_` and `-` only. 255 at most is our reading."""
    if value is None:
        return
    if len(value) > 255:
        raise too_long(param, value, 255)
    if not _ID.fullmatch(value):
        raise invalid(f"Invalid {param}: {value}; may only contain letters, digits, underscores and hyphens", param)


def metadata(values: Mapping[str, str] | str | None, param: str = "metadata") -> None:
    """docs.stripe.com/api/metadata: keys of 40 characters, values of 500; fifty keys."""
    if not isinstance(values, Mapping):
        return
    for key, value in values.items():
        if len(key) > 40:
            message = f"Metadata keys can be at most 40 characters long, but you passed one that is {len(key)}: {key}"
            raise invalid(message, f"{param}[{key}]")
        if len(value) > 500:
            message = "Metadata values can have up to 500 characters, but you passed in a value that is"
            raise invalid(f"{message} {len(value)} characters. Invalid value: {value[:40]}…", f"{param}[{key}]")
    few_enough(values, param)


def few_enough(values: Mapping[str, str], param: str = "metadata") -> None:
    if len([value for value in values.values() if value]) > 50:
        raise invalid("You can have up to 50 metadata keys on one object.", param)


def merged(old: Mapping[str, str], new: Mapping[str, str] | str) -> dict[str, str]:
    """docs.stripe.com/api/metadata: new keys are added, empty values unset theirs, an empty metadata unsets all."""
    if isinstance(new, str):
        return {}
    both = {**old, **new}
    few_enough(both)
    return {key: value for key, value in both.items() if value}


def currency(value: str, param: str = "currency") -> str:
    code = value.lower()
    if code not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        raise invalid(f"Invalid currency: {value}. Stripe currently supports these currencies: {known}", param)
    return code


def amount(value: int | str | None, code: str, param: str = "unit_amount") -> None:
    if value is None:
        return
    number = Decimal(value)
    if number < 0:
        message = f"This value must be greater than or equal to 0 (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
    if number > LARGEST_AMOUNT:
        message = f"This value must be less than or equal to {LARGEST_AMOUNT} (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
    step = STEPS.get(code, 1)
    if step > 1 and number % step:
        raise invalid(f"Invalid amount: {value}; in {code} it must be divisible by {step}", param)


def few(items: Sequence[object] | None, param: str, most: int) -> None:
    """Sentence by crvouga/mockingbird, which is compared with Stripe's test mode (2026-08-26)."""
    if items and len(items) > most:
        raise invalid(f"Array {param} exceeded maximum {most} allowed elements.", param)


def address(value: str | None, param: str) -> None:
    if value and not is_address(value):
        raise invalid("Not a valid URL", param, "url_invalid")


def is_address(value: str) -> bool:
    """Of the web, and one that something can be sent to: with a name of a machine, and a port that exists."""
    try:
        place = urlsplit(value)
        name = (place.hostname or "").encode("idna")
        return place.scheme in ("http", "https") and bool(name) and place.port != 0 and not _BLANK.search(value)
    except ValueError:  # UnicodeError too: labels of a name are neither empty nor longer than 63 letters
        return False


def whole(value: int | None, param: str, least: int, most: int | None = None) -> None:
    if value is None:
        return
    if value < least:
        message = f"This value must be greater than or equal to {least} (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
    if most is not None and value > most:
        message = f"This value must be less than or equal to {most} (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
