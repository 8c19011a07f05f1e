"""Pages for people: what the sandbox holds, what was called, and the levers. Nothing here needs JavaScript."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from billings.sandbox.accounts import Realm
from billings.sandbox.faults import CALL_KINDS, WEBHOOK_KINDS
from billings.sandbox.html import Child, Html, choice, el, field, form, hidden, join, table
from billings.sandbox.settings import Settings
from billings.sandbox.shapes import Json
from billings.sandbox.world import World

PLACES = {
    "": "Catalogue",
    "pages/calls": "Calls",
    "pages/faults": "Faults",
    "pages/webhooks": "Webhooks",
    "pages/clock": "Clock",
}
PER_PAGE = 50
NO_DECIMALS = ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")


def whole(title: str, place: str, world: World, *content: Child, live: bool = False) -> str:
    links = (
        el("a", name, href=f"/_sandbox/{path}", aria_current="page" if path == place else None)
        for path, name in PLACES.items()
    )
    account = el("span", f"{world.default.account} · {world.default.mode} mode", class_="soft")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="refresh", content="2") if live else None,
        el("title", f"{title} · Stripe sandbox"),
        el("link", rel="stylesheet", href="/_sandbox/style.css"),
        el("link", rel="icon", href="data:,"),
    )
    top = el("header", el("strong", "Stripe sandbox"), el("nav", *links, aria_label="Sandbox"), account)
    return "<!doctype html>" + el("html", head, el("body", top, el("main", el("h1", title), *content)), lang="en")


def moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def money(price: Json) -> str:
    amount = price["unit_amount_decimal"]
    if amount is None:
        return "varies"
    places = 0 if price["currency"] in NO_DECIMALS else 3 if price["currency"] in THREE_DECIMALS else 2
    recurring = price["recurring"]
    every = f" / {recurring['interval_count']} {recurring['interval']}" if recurring else ""
    return f"{Decimal(amount).scaleb(-places):,f} {price['currency'].upper()}{every}".replace(" 1 ", " ")


def catalogue(world: World, realm: Realm, query: dict[str, str]) -> str:
    """Products with their prices, newest first, found by name or id."""
    search, page = query.get("q", ""), max(int(query.get("page", "1")) if query.get("page", "1").isdigit() else 1, 1)
    like = f"%{search}%"
    conditions = [("(name LIKE ? OR id LIKE ?)", (like, like))] if search else []
    count = world.store.products.count(realm, conditions)
    found = world.store.products.find(realm, conditions, limit=PER_PAGE * page)[PER_PAGE * (page - 1) :]
    rows = [_product_row(world, realm, product) for product in found]
    prices = world.store.prices.count(realm)
    finder = el("form", field("Name or id", "q", search), el("button", "Find"), method="get", role="search")
    return whole(
        "Catalogue",
        "",
        world,
        el("p", f"{count:,} products, {prices:,} prices.", class_="soft"),
        el("section", finder, table(["Product", "Prices", "Somebody in the Dashboard"], rows, "No products.")),
        _pager(search, page, count),
        _new_product(),
    )


def _pager(search: str, page: int, count: int) -> Html:
    steps = [(page - 1, "Newer"), (page + 1, "Older")]
    links = [
        el("a", name, href="?" + urlencode({"q": search, "page": number}))
        for number, name in steps
        if number >= 1 and (number - 1) * PER_PAGE < count
    ]
    return el("nav", *links, aria_label="Pages")


def _new_product() -> Html:
    return el(
        "section",
        el("h2", "New product, as somebody in the Dashboard would make it"),
        form(
            "/_sandbox/dashboard/products",
            field("Name", "name"),
            field("Id", "id", hint="ours to choose"),
            button="Create",
        ),
    )


def _product_row(world: World, realm: Realm, product: Json) -> list[Child]:
    prices = world.store.prices.find(realm, [("product = ?", (product["id"],))], limit=20)
    state = el("span", "active", class_="good") if product["active"] else el("span", "archived", class_="soft")
    name = join(el("strong", product["name"]), " ", state, el("br"), el("code", product["id"]), _metadata(product))
    lines = [_price_line(product, price) for price in prices]
    return [name, join(*lines) if lines else "none", _levers(product)]


def _metadata(product: Json) -> Html | None:
    return el("div", el("code", json.dumps(product["metadata"])), class_="soft") if product["metadata"] else None


def _price_line(product: Json, price: Json) -> Html:
    default = price["id"] == product["default_price"]
    marks = ("default · " if default else "") + ("active" if price["active"] else "archived")
    switch = "archive" if price["active"] else "activate"
    base = f"/_sandbox/dashboard/prices/{price['id']}"
    return el(
        "div",
        el("strong", money(price)),
        el("span", f" {marks} ", class_="good" if price["active"] else "soft"),
        el("code", price["id"]),
        None if default else form(f"{base}/{switch}", button=switch.capitalize(), quiet=True),
        form(f"{base}/default", button="Make default", quiet=True) if price["active"] and not default else None,
    )


def _levers(product: Json) -> Html:
    base = f"/_sandbox/dashboard/products/{product['id']}"
    switch = "archive" if product["active"] else "activate"
    label = f"Amount in the smallest unit, {product['id']}"
    amount = el("input", name="unit_amount", inputmode="numeric", size=8, aria_label=label, placeholder="3900")
    currency = None if product["default_price"] else hidden("currency", "usd")
    rename = el("input", name="name", size=14, aria_label=f"New name of {product['id']}", placeholder="new name")
    return join(
        form(f"{base}/price", currency, amount, button="Set price", quiet=True),
        form(base, rename, button="Rename", quiet=True),
        form(f"{base}/{switch}", button=switch.capitalize(), quiet=True),
        form(f"{base}/delete", button="Delete", quiet=True),
    )


def calls(world: World, live: bool) -> str:
    rows: list[list[Child]] = [_call_row(call) for call in world.calls.newest(200)]
    switch = el("a", "Stop following", href="?") if live else el("a", "Follow as it happens", href="?live=1")
    heads = ["Time", "Call", "Answer", "Parameters and key"]
    return whole("Calls", "pages/calls", world, el("p", switch), table(heads, rows, "Nobody called yet."), live=live)


def _call_row(call: Json) -> list[Child]:
    status = call["status"]
    colour = "soft" if status is None else "good" if status < 400 else "bad"
    notes = [
        f"{call['fault']['kind']} {call['fault']['when']}" if call["fault"] else "",
        "replayed" if call["replayed"] else "",
    ]
    notes += ["work done" if call["done"] and status != 200 else "", "late" if call["late"] else ""]
    answer = el("strong", status or "no answer", class_=colour)
    said = " · ".join(filter(None, [call["error"], *notes]))
    params = el("code", json.dumps(call["params"], ensure_ascii=False)[:400])
    return [
        moment(call["at"])[11:],
        join(f"{call['method']} {call['path']}", el("br"), el("code", call["request_id"])),
        join(answer, el("div", said, class_="warn")),
        join(params, el("br"), el("code", call["idempotency_key"] or "no key", class_="soft")),
    ]


def faults(world: World) -> str:
    found = world.faults.as_json()
    rows: list[list[Child]] = [_fault_row(fault) for fault in [*found["faults"], *found["spent"][::-1][:20]]]
    return whole(
        "Faults",
        "pages/faults",
        world,
        el("p", "The next calls go wrong as you say; what it means is in the README.", class_="soft"),
        el("section", el("h2", "A call goes wrong"), _call_fault()),
        el("section", el("h2", "A webhook goes wrong"), _webhook_fault()),
        el(
            "section",
            el("h2", "Set"),
            table(["Fault", "Picks", "Seen", "Hits", "State"], rows, "None: everything goes well."),
        ),
        form("/_sandbox/faults/release", button="Let go what is held, land what is late", quiet=True),
    )


def _call_fault() -> Html:
    return form(
        "/_sandbox/faults",
        choice("What", "kind", list(CALL_KINDS)),
        choice("When", "when", ["", "before", "after", "late"]),
        field("Times", "times", "1"),
        field("Every nth", "every", "1"),
        choice("Method", "method", ["", "POST", "GET", "DELETE"]),
        field("Path matches", "path", hint="^/v1/prices"),
        field("Seconds", "seconds"),
        field("Probability", "probability"),
        button="Set",
    )


def _webhook_fault() -> Html:
    return form(
        "/_sandbox/faults",
        hidden("target", "webhook"),
        choice("What", "kind", list(WEBHOOK_KINDS)),
        field("Times", "times", "1"),
        field("Event matches", "type", hint="^price"),
        field("Seconds", "seconds"),
        field("Probability", "probability"),
        button="Set",
    )


def _fault_row(fault: Json) -> list[Child]:
    which = " ".join(filter(None, [fault["method"], fault["path"], fault["type"]])) or f"any {fault['target']}"
    chance = f", chance {fault['probability']}" if fault["probability"] is not None else ""
    often = f"{fault['times'] or 'always'} ×, every {fault['every']}{chance}"
    state = el("span", "spent", class_="soft") if fault["spent"] else el("span", "waiting", class_="warn")
    return [f"{fault['kind']} {fault['when']}", f"{which}, {often}", fault["seen"], fault["hits"], state]


def webhooks(world: World, realm: Realm) -> str:
    endpoints: list[list[Child]] = [
        [el("code", one["url"]), ", ".join(one["enabled_events"]), one["status"]]
        for one in world.store.endpoints.find(realm)
    ]
    sent: list[list[Child]] = [_delivery_row(one) for one in world.webhooks.as_json(200)]
    return whole(
        "Webhooks",
        "pages/webhooks",
        world,
        el(
            "section", el("h2", "Endpoints"), table(["Address", "Events", "State"], endpoints, "None: nothing is sent.")
        ),
        el(
            "section",
            el("h2", "Deliveries"),
            form("/_sandbox/webhooks/hurry", button="Send now what waits", quiet=True),
            table(["Event", "State", "Answer", "Attempts", ""], sent, "Nothing was sent."),
        ),
    )


def _delivery_row(one: Any) -> list[Child]:
    colour = {"delivered": "good", "failed": "bad", "dropped": "bad"}.get(one["state"], "warn")
    due = f" next {moment(one['due'])[11:]}" if one["due"] else ""
    again = form("/_sandbox/webhooks/resend", hidden("event", one["event"]), button="Send again", quiet=True)
    name = join(one["type"], el("br"), el("code", one["event"]))
    return [name, el("span", one["state"] + due, class_=colour), one["answer"] or "", one["attempts"], again]


def clock(world: World) -> str:
    now = world.clock.time()
    offset = f"{world.clock.offset / 3600:.2f} hours from real time" if world.clock.offset else "real time"
    steps = [(3600, "One hour on"), (86_400, "One day on"), (30 * 86_400, "30 days on")]
    return whole(
        "Clock",
        "pages/clock",
        world,
        el(
            "section",
            el("p", el("strong", f"{moment(now)} UTC"), f" ({offset})"),
            *(
                form("/_sandbox/clock", hidden("advance", str(seconds)), button=name, quiet=True)
                for seconds, name in steps
            ),
            form("/_sandbox/clock", hidden("offset", "0"), button="Back to real time", quiet=True),
        ),
        el("section", el("h2", "Settings"), _settings(world.settings)),
        el("section", el("h2", "Fill and empty"), _filling()),
    )


def _settings(settings: Settings) -> Html:
    rows: list[list[Child]] = [[name, el("code", json.dumps(value))] for name, value in settings.as_json().items()]
    limits = join(hidden("rate_limit_total", "25"), hidden("rate_limit_endpoint", "25"))
    unlimited = join(hidden("rate_limit_total", "null"), hidden("rate_limit_endpoint", "null"))
    return join(
        table(["Setting", "Value"], rows, ""),
        form("/_sandbox/settings", limits, button="25 requests a second", quiet=True),
        form("/_sandbox/settings", unlimited, button="No limit", quiet=True),
    )


def _filling() -> Html:
    return join(
        form("/_sandbox/seed", field("Products", "products", "100"), field("Id", "id", "seed_{n}"), button="Seed"),
        form("/_sandbox/reset", button="Forget everything", quiet=True),
    )
