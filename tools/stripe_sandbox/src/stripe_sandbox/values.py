"""Validation of single values: lengths, metadata, currencies, amounts, URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from stripe_sandbox.errors import empty, invalid, too_long
from stripe_sandbox.shapes import Json

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
LONGEST_ADDRESS = 2_048
LARGEST_AMOUNT = 999_999_999_999  # our reading: twelve digits, the most a charge can have (docs.stripe.com/currencies)

_ID = re.compile(r"[A-Za-z0-9_-]+")
_AROUND = " \t\n\v\f\r\0"
_SAFE = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = rf"(?:\[[0-9A-Fa-f:.v]+\]|(?:(?![:@]){_SAFE})+)"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HTTP = re.compile(r"^https?://", re.IGNORECASE)
# RFC 3986 with a host; a scheme may be missing.
_BEHIND_SCHEME = re.compile(
    rf"(?:(?:(?!@){_SAFE})*@)?{_HOST}(?::[0-9]*)?"
    rf"(?:/(?:{_SAFE}|/)*)?(?:\?(?:[^#%\x00-\x20\x7f]|%[0-9A-Fa-f]{{2}})*)?(?:\#(?:{_SAFE}|[/?])*)?"
)
_BLANK = re.compile(r"[\x00-\x20\x7f]")


def named(name: str, inside: str) -> str:
    return f"{inside}[{name}]" if inside else name


def text(params: Json, name: str, most: int, inside: str = "") -> None:
    value = params.get(name)
    if isinstance(value, str) and len(value) > most:
        raise too_long(named(name, inside), value, most)


def stripped(value: str) -> str:
    """Without surrounding blanks, as Ruby strips: crvouga/mockingbird, compared with test mode (2026-08-26)."""
    return value.strip(_AROUND)


def not_blank(params: Json, name: str, inside: str = "") -> None:
    """An empty string and a blank one get the same error."""
    if name in params and not stripped(params[name]):
        raise empty(named(name, inside))


def client_id(value: str | None, param: str = "id") -> None:
    """docs.stripe.com/changelog/2018-05-21: letters, digits, `_` and `-` only. 255 at most is our reading."""
    if value is None:
        return
    if len(value) > 255:
        raise too_long(param, value, 255)
    if not _ID.fullmatch(value):
        raise invalid(f"Invalid {param}: {value}; may only contain letters, digits, underscores and hyphens", param)


def metadata(values: Mapping[str, str] | str | None) -> None:
    """docs.stripe.com/api/metadata: keys of 40 characters, values of 500; fifty keys.

    The messages, without a param: logged responses quoted on GitHub, crvouga/mockingbird (2026-08-26).
    """
    if not isinstance(values, Mapping):
        return
    for key, value in values.items():
        for what, given, most in (("key", key, 40), ("value", value, 500)):
            if len(given) > most:
                raise invalid(
                    f"Metadata {what}s can have up to {most} characters, but you passed in a {what} that is "
                    f"{len(given)} characters. Invalid {what}: {given}"
                )
    few_enough(values)


def few_enough(values: Mapping[str, str]) -> None:
    count = sum(1 for value in values.values() if value)
    if count > 50:
        raise invalid(f"Metadata can have up to 50 keys, but you've set {count}.")


def merged(old: Mapping[str, str], new: Mapping[str, str] | str) -> dict[str, str]:
    """docs.stripe.com/api/metadata: new keys are added, empty values unset keys, an empty metadata unsets all."""
    if isinstance(new, str):
        return {}
    both = {**old, **new}
    few_enough(both)
    return {key: value for key, value in both.items() if value}


def currency(value: str, param: str = "currency") -> str:
    """The message repeats the code in lower case and lists US dollars first: app logs quoted on GitHub."""
    code = value.lower()
    if code not in CURRENCIES:
        known = ", ".join(["usd", *sorted(CURRENCIES - {"usd"})])
        raise invalid(f"Invalid currency: {code}. Stripe currently supports these currencies: {known}", param)
    return code


def amount(value: int | str | None, code: str, param: str = "unit_amount") -> None:
    """`value` is an integer, or a decimal as text. Messages for negative ones: crvouga/mockingbird."""
    if value is None:
        return
    number = Decimal(value)
    if number < 0 and isinstance(value, int):
        raise invalid("Invalid non-negative integer", param)
    if number < 0:
        raise invalid(f"This value must be greater than or equal to 0 (it currently is '{ruby(str(value))}').", param)
    if number > LARGEST_AMOUNT:
        message = f"This value must be less than or equal to {LARGEST_AMOUNT} (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
    step = STEPS.get(code, 1)
    if step > 1 and number % step:
        raise invalid(f"Invalid amount: {value}; in {code} it must be divisible by {step}", param)


def ruby(text: str) -> str:
    """A decimal in Ruby's BigDecimal notation, as in Stripe's messages: 1.5 is `0.15e1`."""
    sign, digits, exponent = Decimal(text).as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    if not written or not isinstance(exponent, int):
        return "0.0"
    return f"{'-' if sign else ''}0.{written.rstrip('0')}e{len(written) + exponent}"


def few(items: Sequence[object] | None, param: str, most: int) -> None:
    """Message by crvouga/mockingbird, which is compared with Stripe's test mode (2026-08-26)."""
    if items and len(items) > most:
        raise invalid(f"Array {param} exceeded maximum {most} allowed elements.", param)


def address(value: str | None, param: str, most: int | None = None) -> None:
    """A URL to show, validated as Stripe's test mode does (crvouga/mockingbird, 2026-08-26); "" is none.

    Length, then ASCII, then form: http or https if it has a scheme at all. `most`: the field's own length limit.
    """
    if not value:
        return
    if len(value) > LONGEST_ADDRESS:
        raise invalid(f"Invalid URL: URL must be {LONGEST_ADDRESS} characters or less.", param, "url_invalid")
    if not value.isascii():
        message = "Non-ASCII characters in URLs must be percent-encoded in order for the URL to be valid."
        raise invalid(f"Invalid URL: {message}", param, "url_invalid")
    if (_SCHEME.match(value) and not _HTTP.match(value)) or not _BEHIND_SCHEME.fullmatch(_HTTP.sub("", value, count=1)):
        raise invalid("Not a valid URL", param, "url_invalid")
    if most is not None and len(value) > most:
        raise invalid(f"Invalid string length: please limit to {most} characters", param)


def place_to_post(value: str, param: str) -> None:
    """A URL that webhooks can be sent to. Stripe accepts only public ones; here local ones are the point."""
    address(value, param)
    if not is_address(value):
        raise invalid("Not a valid URL", param, "url_invalid")


def is_address(value: str) -> bool:
    """An http or https URL with a valid host name and port."""
    try:
        place = urlsplit(value)
        name = (place.hostname or "").encode("idna")
        return place.scheme in ("http", "https") and bool(name) and place.port != 0 and not _BLANK.search(value)
    except ValueError:  # includes UnicodeError: a host's labels must have 1 to 63 letters
        return False


def whole(value: int | None, param: str, least: int, most: int | None = None) -> None:
    """The message for too small does not repeat the value (antiwork/gumroad, 2023-10-16), that for too large does."""
    if value is None:
        return
    if value < least:
        raise invalid(f"This value must be greater than or equal to {least}.", param, "parameter_invalid_integer")
    if most is not None and value > most:
        message = f"This value must be less than or equal to {most} (it currently is '{value}')."
        raise invalid(message, param, "parameter_invalid_integer")
