"""Pages for people: what the sandbox holds, what was called, and the levers. Nothing here needs JavaScript.

`live.js` only spares following the log by hand."""

from __future__ import annotations

import json
from decimal import Decimal

from stripe_sandbox.accounts import Key, Realm, masked
from stripe_sandbox.frame import Shown, hour, moment, named, whole
from stripe_sandbox.html import Child, Html, el, field, hidden, join, more, number, sure, table
from stripe_sandbox.permissions import EVERYTHING
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Condition

PER_PAGE = 50
PRICES_SHOWN = 20  # of one product
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


def catalogue(shown: Shown, query: dict[str, str]) -> str:
    """Products with their prices, newest first, found by name or id."""
    store, realm, search = shown.world.store, shown.realm, query.get("q", "")
    like = f"%{search}%"
    conditions: list[Condition] = [("(name LIKE ? OR id LIKE ?)", (like, like))] if search else []
    count = store.products.count(realm, conditions)
    page = _page(query.get("page", ""), count)
    found = store.products.find(realm, [*conditions, *_from_page(shown, page, conditions)], limit=PER_PAGE)
    prices = _prices(shown, found)
    rows = [_product_row(shown, product, prices[product["id"]]) for product in found]
    finder = el(
        "form", field("Name or id", "q", search), shown.hidden(), el("button", "Find"), method="get", role="search"
    )
    return whole(
        shown,
        "Catalogue",
        "",
        el("p", f"{count:,} products, {store.prices.count(realm):,} prices.", class_="soft"),
        el("section", finder, table(["Product", "Prices", "Somebody in the Dashboard"], rows, "No products.")),
        _pager(shown, search, page, count),
        _new_product(shown),
    )


def _page(asked: str, count: int) -> int:
    last = max((count - 1) // PER_PAGE + 1, 1)
    return min(max(int(asked[:9]), 1), last) if asked.isdecimal() else 1


def _from_page(shown: Shown, page: int, conditions: list[Condition]) -> list[Condition]:
    """Starts at the page's first product, which is found without reading those before it."""
    if page == 1:
        return []
    where = " AND ".join(["realm = ?", *(sql for sql, _ in conditions)])
    values = [shown.world.store.number(shown.realm), *(value for _, some in conditions for value in some)]
    first = f"SELECT seq FROM products WHERE {where} ORDER BY seq DESC LIMIT 1 OFFSET ?"  # noqa: S608 - our own pieces
    return [(f"seq <= ({first})", [*values, PER_PAGE * (page - 1)])]


def _pager(shown: Shown, search: str, page: int, count: int) -> Html:
    steps = [(page - 1, "Newer"), (page + 1, "Older")]
    links = [
        el("a", name, href=shown.at("", q=search, page=number))
        for number, name in steps
        if number >= 1 and (number - 1) * PER_PAGE < count
    ]
    return el("nav", *links, aria_label="Pages") if links else Html("")


def _new_product(shown: Shown) -> Html:
    return el(
        "section",
        el("h2", "New product, as somebody in the Dashboard would make it"),
        shown.form(
            "dashboard/products",
            field("Name", "name", required=True),
            field("Id", "id", placeholder="ours to choose"),
            button="Create",
        ),
    )


def _prices(shown: Shown, products: list[Json]) -> dict[str, list[Json]]:
    """Those of a page's products, newest first, read at once.

    They are picked before they are put in order: SQLite would rather go through all prices there are in their order.
    """
    store = shown.world.store
    picked = "SELECT seq FROM prices WHERE realm = ? AND product IN (SELECT value FROM json_each(?))"
    ids = json.dumps([product["id"] for product in products])
    found: dict[str, list[Json]] = {product["id"]: [] for product in products}
    for price in store.prices.find(shown.realm, [(f"seq IN ({picked})", (store.number(shown.realm), ids))]):
        found[price["product"]].append(price)
    return found


def _product_row(shown: Shown, product: Json, prices: list[Json]) -> list[Child]:
    state = el("span", "active", class_="good") if product["active"] else el("span", "archived", class_="soft")
    name = join(el("strong", product["name"]), " ", state, el("br"), el("code", product["id"]), _metadata(product))
    prices = sorted(prices, key=lambda price: bool(price["id"] != product["default_price"]))
    lines = [_price_line(shown, product, price) for price in prices[:PRICES_SHOWN]]
    if len(prices) > PRICES_SHOWN:
        lines.append(el("div", f"and {len(prices) - PRICES_SHOWN:,} older ones", class_="soft"))
    return [name, join(*lines) if lines else "none", _levers(shown, product)]


def _metadata(product: Json) -> Html | None:
    return el("div", el("code", json.dumps(product["metadata"])), class_="soft") if product["metadata"] else None


def _price_line(shown: Shown, product: Json, price: Json) -> Html:
    default = price["id"] == product["default_price"]
    marks = ("default · " if default else "") + ("active" if price["active"] else "archived")
    switch = "archive" if price["active"] else "activate"
    base = f"dashboard/prices/{price['id']}"
    return el(
        "div",
        el("strong", money(price)),
        *(el("span", f" also {money(other)}") for other in _other_currencies(price)),
        el("span", f" {marks} ", class_="good" if price["active"] else "soft"),
        el("code", price["id"]),
        " ",
        None if default else shown.form(f"{base}/{switch}", button=switch.capitalize(), quiet=True),
        shown.form(f"{base}/default", button="Make default", quiet=True) if price["active"] and not default else None,
    )


def _other_currencies(price: Json) -> list[Json]:
    options = price.get("currency_options", {})
    return [{**option, "currency": code, "recurring": None} for code, option in sorted(options.items())]


def _levers(shown: Shown, product: Json) -> Html:
    base = f"dashboard/products/{product['id']}"
    switch = "archive" if product["active"] else "activate"
    label = f"Amount in the smallest unit, {product['id']}"
    amount = el(
        "input", name="unit_amount", inputmode="numeric", size=8, required=True, aria_label=label, placeholder="3900"
    )
    currency = None if product["default_price"] else hidden("currency", "usd")
    rename = el(
        "input", name="name", size=14, required=True, aria_label=f"New name of {product['id']}", placeholder="new name"
    )
    return join(
        shown.form(f"{base}/price", currency, amount, button="Set price", quiet=True),
        shown.form(base, rename, button="Rename", quiet=True),
        shown.form(f"{base}/{switch}", button=switch.capitalize(), quiet=True),
        sure("Delete", "With its prices, for good.", shown.form(f"{base}/delete", button=f"Delete {product['id']}")),
    )


def calls(shown: Shown, live: bool) -> str:
    """Of every account: whoever looks here wants to know what arrived at all."""
    place = "pages/calls"
    found = shown.world.calls.newest(200)
    heads = ["Time", "Call", "Answer", "Parameters and key"]
    ids = [f"call-{call['seq']}" for call in found]
    log = table(heads, [_call_row(shown, call) for call in found], "Nobody called yet.", ids)
    way = el("p", el("a", "Follow as it happens", href=shown.at(place, live=1)))
    if live:
        # Without JavaScript it is this page's link that brings what is new; a page that reloads by itself takes away
        # what somebody reads.
        way = el(
            "p",
            el("a", "Refresh", href=shown.at(place, live=1)),
            " ",
            el("a", "Stop following", href=shown.at(place)),
            " ",
            el("span", role="status", id="following", class_="soft"),
        )
    script = "/_sandbox/live.js" if live else None
    return whole(shown, "Calls", place, way, el("div", log, id="log"), script=script)


def _call_row(shown: Shown, call: Json) -> list[Child]:
    status = call["status"]
    colour = "soft" if status is None else "good" if status < 400 else "bad"
    notes = [
        f"{call['fault']['kind']} {call['fault']['when']}" if call["fault"] else "",
        "replayed" if call["replayed"] else "",
    ]
    notes += ["work done" if call["done"] and status != 200 else "", "late" if call["late"] else ""]
    answer = el("strong", status or "no answer", class_=colour)
    said = " · ".join(filter(None, [call["error"], *notes]))
    whose = Realm(call["account"], call["livemode"]) if call["account"] else shown.realm
    return [
        hour(call["at"]),
        join(
            f"{call['method']} {call['path']}",
            el("br"),
            el("code", call["request_id"]),
            el("div", named(whose), class_="soft") if whose != shown.realm else None,
        ),
        join(answer, el("div", said, class_="warn")),
        join(_params(call["params"]), el("div", el("code", call["idempotency_key"] or "no key"), class_="soft")),
    ]


def _params(params: Json) -> Html:
    text = json.dumps(params, ensure_ascii=False)
    if len(text) <= 400:
        return el("code", text)
    return more(el("code", f"{text[:400]}…"), el("code", text))


def clock(shown: Shown) -> str:
    world = shown.world
    now = world.clock.time()
    offset = f"{world.clock.offset / 3600:.2f} hours from real time" if world.clock.offset else "real time"
    steps = [(3600, "One hour on"), (86_400, "One day on"), (30 * 86_400, "30 days on")]
    return whole(
        shown,
        "Clock",
        "pages/clock",
        el(
            "section",
            el("p", el("strong", f"{moment(now)} UTC"), f" ({offset})"),
            *(shown.form("clock", hidden("advance", str(seconds)), button=name, quiet=True) for seconds, name in steps),
            shown.form("clock", hidden("offset", "0"), button="Back to real time", quiet=True),
        ),
        el("section", el("h2", "Settings"), _settings(shown)),
        el("section", el("h2", "Keys"), _keys(shown)),
        el("section", el("h2", "Fill and empty"), _filling(shown)),
    )


def _settings(shown: Shown) -> Html:
    rows: list[list[Child]] = [
        [name, el("code", json.dumps(value))] for name, value in shown.world.settings.as_json().items()
    ]
    limits = join(hidden("rate_limit_total", "25"), hidden("rate_limit_endpoint", "25"))
    unlimited = join(hidden("rate_limit_total", "null"), hidden("rate_limit_endpoint", "null"))
    return join(
        table(["Setting", "Value"], rows, ""),
        shown.form("settings", limits, button="25 requests a second", quiet=True),
        shown.form("settings", unlimited, button="No limit", quiet=True),
    )


def _keys(shown: Shown) -> Html:
    """Those that were registered; any other may do everything, and a restricted one what the command line says."""
    rows: list[list[Child]] = [
        [el("code", masked(secret)), named(key.realm) if key else "revoked", _granted(key)]
        for secret, key in shown.world.keyring.registered.items()
    ]
    return join(
        table(["Key", "Of", "May"], rows, "None are registered: every key may do everything."),
        shown.form(
            "keys",
            field("Key", "key", required=True, placeholder="rk_test_…"),
            field("Permissions, by comma (none: all)", "permissions", placeholder="rak_product_write, rak_plan_read"),
            button="Register",
        ),
    )


def _granted(key: Key | None) -> str:
    if key is None:
        return "nothing"
    return "everything" if key.permissions >= EVERYTHING else ", ".join(sorted(key.permissions)) or "nothing"


def _filling(shown: Shown) -> Html:
    return join(
        shown.form(
            "seed",
            number("Products", "products", "100", most=1_000_000),
            number("First number", "first", "1"),
            field("Id", "id", "seed_{n}"),
            button="Seed",
        ),
        sure(
            "Forget everything",
            "Products, prices, events, calls and faults of every account, settings, and where the clock was moved to.",
            shown.form("reset", button="Yes, forget everything"),
        ),
    )


def refused(shown: Shown, sentence: str, back: str) -> str:
    """What a form ends on when it cannot be done."""
    return whole(shown, "That cannot be done", None, el("p", sentence), el("p", el("a", "Go back", href=back)))


def closed(sentence: str) -> str:
    """For a name of this machine that a foreign page made up: nothing of the sandbox is on it."""
    return "<!doctype html>" + el("html", el("title", "Stripe sandbox"), el("p", sentence), lang="en")
