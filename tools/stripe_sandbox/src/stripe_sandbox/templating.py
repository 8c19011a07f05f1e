"""Jinja templates of the pages, and their filters for amounts, times and accounts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.templating import Jinja2Templates

from stripe_sandbox.accounts import Realm
from stripe_sandbox.shapes import Json

NO_DECIMALS = ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")


def money(price: Json) -> str:
    amount = price["unit_amount_decimal"]
    if amount is None:
        return "varies"
    places = 0 if price["currency"] in NO_DECIMALS else 3 if price["currency"] in THREE_DECIMALS else 2
    recurring = price["recurring"]
    every = f" / {recurring['interval_count']} {recurring['interval']}" if recurring else ""
    return f"{Decimal(amount).scaleb(-places):,f} {price['currency'].upper()}{every}".replace(" 1 ", " ")


def other_currencies(price: Json) -> list[Json]:
    options = price.get("currency_options", {})
    return [{**option, "currency": code, "recurring": None} for code, option in sorted(options.items())]


def named(realm: Realm) -> str:
    return f"{realm.account} · {realm.mode} mode"


def moment(seconds: float) -> str:
    """A date and time in UTC. The clock can be moved beyond any calendar, and its page must work there too."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"second {seconds:,.0f} since 1970"


def hour(seconds: float) -> str:
    return moment(seconds).removeprefix(f"{moment(seconds)[:10]} ")


def as_json(value: object) -> str:
    """For reading, escaped like any text; Jinja's own `tojson` is for scripts."""
    return json.dumps(value, ensure_ascii=False)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("stripe_sandbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"json": as_json, "money": money, "other_currencies": other_currencies, "named": named}
    environment.filters |= filters | {"moment": moment, "hour": hour}
    return environment


TEMPLATES = Jinja2Templates(env=_environment())
