"""The data of the pages for people: what the sandbox holds, the calls it got, and its controls. HTML in `templates/`.

No page needs JavaScript; `live.js` only updates the log automatically.
"""

from __future__ import annotations

import json
from typing import Any

from stripe_sandbox import endpoints
from stripe_sandbox.accounts import Key, Realm, masked
from stripe_sandbox.faults import CALL_KINDS, REASONS, WEBHOOK_KINDS
from stripe_sandbox.permissions import EVERYTHING
from stripe_sandbox.selection import Selection
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Condition
from stripe_sandbox.webhooks import payload

PER_PAGE = 50
PRICES_SHOWN = 20  # of one product
CALLS_SHOWN = 200
SPENT_SHOWN = 20  # faults

type Query = dict[str, str]
type Context = dict[str, Any]


def catalogue(shown: Selection, query: Query) -> Context:
    """Products with their prices, newest first, searched by name or id."""
    store, realm, search = shown.world.store, shown.realm, query.get("q", "")
    like = f"%{search}%"
    conditions: list[Condition] = [("(name LIKE ? OR id LIKE ?)", (like, like))] if search else []
    count = store.products.count(realm, conditions)
    page, last = _page(query.get("page", ""), count)
    found = store.products.find(realm, [*conditions, *_from_page(shown, page, conditions)], limit=PER_PAGE)
    prices = _prices(shown, found)
    return {
        "search": search,
        "count": count,
        "prices": store.prices.count(realm),
        "rows": [_product(product, prices[product["id"]]) for product in found],
        "newer": page - 1 if page > 1 else None,
        "older": page + 1 if page < last else None,
    }


def _page(asked: str, count: int) -> tuple[int, int]:
    """The requested page, or the nearest that exists; and the last page."""
    last = max((count - 1) // PER_PAGE + 1, 1)
    return min(max(int(asked[:9]), 1), last) if asked.isdecimal() else 1, last


def _from_page(shown: Selection, page: int, conditions: list[Condition]) -> list[Condition]:
    """Starts at the page's first product, found without reading those before it."""
    if page == 1:
        return []
    where = " AND ".join(["realm = ?", *(sql for sql, _ in conditions)])
    values = [shown.world.store.number(shown.realm), *(value for _, some in conditions for value in some)]
    first = f"SELECT seq FROM products WHERE {where} ORDER BY seq DESC LIMIT 1 OFFSET ?"  # noqa: S608 - our own pieces
    return [(f"seq <= ({first})", [*values, PER_PAGE * (page - 1)])]


def _prices(shown: Selection, products: list[Json]) -> dict[str, list[Json]]:
    """The prices of a page's products, newest first, in one query.

    Filtered before sorting: SQLite would otherwise scan all prices in their order.
    """
    store = shown.world.store
    picked = "SELECT seq FROM prices WHERE realm = ? AND product IN (SELECT value FROM json_each(?))"
    ids = json.dumps([product["id"] for product in products])
    found: dict[str, list[Json]] = {product["id"]: [] for product in products}
    for price in store.prices.find(shown.realm, [(f"seq IN ({picked})", (store.number(shown.realm), ids))]):
        found[price["product"]].append(price)
    return found


def _product(product: Json, prices: list[Json]) -> Json:
    """With the default price first, and the number of older prices not shown."""
    prices = sorted(prices, key=lambda price: bool(price["id"] != product["default_price"]))
    return {"product": product, "prices": prices[:PRICES_SHOWN], "older": max(len(prices) - PRICES_SHOWN, 0)}


def calls(shown: Selection, query: Query) -> Context:
    """Calls of every account, since what is sought may have used another one. `live` follows new ones."""
    found = shown.world.calls.newest(CALLS_SHOWN)
    return {"calls": [_call(call, shown.realm) for call in found], "live": "live" in query}


def _call(call: Json, realm: Realm) -> Json:
    status, fault = call["status"], call["fault"]
    notes = [
        call["error"],
        f"{fault['kind']} {fault['when']}" if fault else "",
        "replayed" if call["replayed"] else "",
        "work done" if call["done"] and status != 200 else "",
        "late" if call["late"] else "",
    ]
    return call | {
        "colour": "soft" if status is None else "good" if status < 400 else "bad",
        "notes": [*filter(None, notes)],
        "whose": Realm(call["account"], call["livemode"]) if call["account"] else realm,
    }


def faults(shown: Selection, query: Query) -> Context:
    found = shown.world.faults.as_json()
    return {
        "call_kinds": CALL_KINDS,
        "webhook_kinds": WEBHOOK_KINDS,
        "reasons": ["", *REASONS],
        "waiting": [_fault(fault) for fault in found["faults"]],
        "spent": [_fault(fault) for fault in found["spent"][::-1][:SPENT_SHOWN]],
    }


def _fault(fault: Json) -> Json:
    which = " ".join(filter(None, [fault["method"], fault["path"], fault["type"]])) or f"any {fault['target']}"
    said = [
        which,
        f"{fault['times']} ×" if fault["times"] else "for ever",
        f"every {fault['every']}",
        f"skip {fault['skip']}" if fault["skip"] else "",
        f"chance {fault['probability']} by seed {fault['seed']}" if fault["probability"] is not None else "",
        f"{fault['seconds']:g} s" if fault["seconds"] else "",
        "remembered" if fault["stored"] else "",
        fault["reason"] if fault["kind"] == "429" else "",
        " ".join(str(value) for value in fault["error"].values()),
    ]
    return fault | {"picks": ", ".join(filter(None, said))}


def webhooks(shown: Selection, query: Query) -> Context:
    """`secret` names the endpoint whose secrets are unfolded, `before` the delivery at which the page ends."""
    store, now = shown.world.store, shown.world.clock.time()
    sent = _deliveries(shown, query.get("before", ""))
    return {
        "endpoints": [
            one | {"secrets": endpoints.secrets_of(store, one["id"], now)} for one in store.endpoints.find(shown.realm)
        ],
        "unfolded": query.get("secret"),
        "deliveries": [_delivery(shown, one) for one in sent[:PER_PAGE]],
        "older": sent[PER_PAGE - 1]["seq"] if len(sent) > PER_PAGE else None,
    }


def _deliveries(shown: Selection, before: str) -> list[Json]:
    """Deliveries of the selected account, newest first, one more than fits on a page."""
    names = ("seq", "event", "type", "endpoint", "due", "attempts", "state", "answer")
    last = int(before[:18]) if before.isdecimal() else None
    rows = shown.world.store.rows(
        f"SELECT {', '.join(names)} FROM deliveries WHERE realm = ? AND seq < coalesce(?, seq + 1)"  # noqa: S608 - ours
        " ORDER BY seq DESC LIMIT ?",
        (shown.world.store.number(shown.realm), last, PER_PAGE + 1),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _delivery(shown: Selection, one: Json) -> Json:
    """With its body as it would be sent now, in the endpoint's version; only `pending_webhooks` may differ from what
    was sent."""
    event = shown.world.store.events.get(shown.realm, one["event"])
    endpoint = shown.world.store.endpoints.get(shown.realm, one["endpoint"])
    return one | {
        "colour": {"delivered": "good", "failed": "bad", "dropped": "bad"}.get(one["state"], "warn"),
        "created": event["created"] if event else None,
        "address": endpoint["url"] if endpoint else one["endpoint"],
        "body": json.dumps(payload(endpoint, event, one["type"]), indent=2) if event else None,
    }


def clock(shown: Selection, query: Query) -> Context:
    """The clock, the settings and the registered keys."""
    world = shown.world
    return {
        "now": world.clock.time(),
        "offset": world.clock.offset,
        "settings": [*world.settings.as_json().items()],
        "keys": [
            {"secret": masked(secret), "realm": key.realm if key else None, "may": _granted(key)}
            for secret, key in world.keyring.registered.items()
        ],
    }


def _granted(key: Key | None) -> str:
    if key is None:
        return "nothing"
    return "everything" if key.permissions >= EVERYTHING else ", ".join(sorted(key.permissions)) or "nothing"
