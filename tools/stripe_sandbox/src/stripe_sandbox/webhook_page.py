"""The page of webhooks: who is told of what, with which secrets, and what was sent when."""

from __future__ import annotations

import json
from typing import Any

from stripe_sandbox import endpoints
from stripe_sandbox.frame import Shown, moment, whole
from stripe_sandbox.html import Child, Html, el, field, hidden, join, more, table
from stripe_sandbox.shapes import Json
from stripe_sandbox.webhooks import payload

PER_PAGE = 50
DAY = 86_400


def webhooks(shown: Shown, query: dict[str, str]) -> str:
    """`secret` names the endpoint whose secrets are shown unfolded, `before` the delivery that the page ends before."""
    made = [_endpoint_row(shown, one, query.get("secret")) for one in shown.world.store.endpoints.find(shown.realm)]
    sent = _deliveries(shown, query.get("before", ""))
    older = shown.at("pages/webhooks", before=sent[PER_PAGE - 1]["seq"]) if len(sent) > PER_PAGE else None
    rows = [_delivery_row(shown, one) for one in sent[:PER_PAGE]]
    return whole(
        shown,
        "Webhooks",
        "pages/webhooks",
        el(
            "section",
            el("h2", "Endpoints"),
            table(["Address", "Events", "State", "Secrets"], made, "None: nothing is sent."),
        ),
        el("section", el("h2", "New endpoint"), _new_endpoint(shown)),
        el(
            "section",
            el("h2", "Deliveries"),
            shown.form("webhooks/hurry", button="Send now what waits", quiet=True),
            table(["Event", "Delivery", "Body", "Once more"], rows, "Nothing was sent."),
            id="deliveries",
        ),
        el("nav", el("a", "Older", href=older), aria_label="Pages") if older else None,
    )


def _new_endpoint(shown: Shown) -> Html:
    hints: dict[str, Any] = {"placeholder": "product.created, price.created", "required": True, "size": 30}
    return shown.form(
        "dashboard/webhook_endpoints",
        field("Address", "url", type="url", required=True, placeholder="http://127.0.0.1:8000/hook", size=30),
        field("Events (* for all)", "enabled_events", "*", **hints),
        el(
            "label",
            el("span", "Payload"),
            el(
                "select",
                el("option", "snapshot", value="snapshot"),
                el("option", "thin", value="thin"),
                name="payload",
            ),
        ),
        button="Create",
    )


def _endpoint_row(shown: Shown, endpoint: Json, unfolded: str | None) -> list[Child]:
    address = join(el("code", endpoint["url"]), el("br"), el("code", endpoint["id"], class_="soft"))
    return [address, ", ".join(endpoint["enabled_events"]), endpoint["status"], _secrets(shown, endpoint, unfolded)]


def _secrets(shown: Shown, endpoint: Json, unfolded: str | None) -> Html:
    """Those that sign, as Stripe's Dashboard shows them to who may roll them."""
    found = endpoints.secrets_of(shown.world.store, endpoint["id"], shown.world.clock.time())
    roll = shown.form(
        f"dashboard/webhook_endpoints/{endpoint['id']}/roll",
        el(
            "label",
            el("span", "The old one signs on for"),
            el(
                "select",
                el("option", "a day", value=DAY),
                el("option", "an hour", value=3600),
                el("option", "no longer", value=0),
                name="expires_in",
            ),
        ),
        button="Roll",
        quiet=True,
    )
    lines = (el("div", el("code", secret), ", the newest" if not number else "") for number, secret in enumerate(found))
    return more(f"{len(found)} signing", *lines, roll, opened=endpoint["id"] == unfolded)


def _deliveries(shown: Shown, before: str) -> list[Json]:
    """Of the account shown, newest first, one more than a page holds."""
    names = ("seq", "event", "type", "endpoint", "due", "attempts", "state", "answer")
    last = int(before[:18]) if before.isdecimal() else None
    rows = shown.world.store.rows(
        f"SELECT {', '.join(names)} FROM deliveries WHERE realm = ? AND seq < coalesce(?, seq + 1)"  # noqa: S608 - ours
        " ORDER BY seq DESC LIMIT ?",
        (shown.world.store.number(shown.realm), last, PER_PAGE + 1),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _delivery_row(shown: Shown, one: Json) -> list[Child]:
    colour = {"delivered": "good", "failed": "bad", "dropped": "bad"}.get(one["state"], "warn")
    event = shown.world.store.events.get(shown.realm, one["event"])
    endpoint = shown.world.store.endpoints.get(shown.realm, one["endpoint"])
    name = join(
        one["type"],
        el("br"),
        el("code", one["event"]),
        el("div", moment(event["created"]), class_="soft") if event else None,
    )
    times = f"{one['attempts']} attempt{'' if one['attempts'] == 1 else 's'}"
    said = " · ".join(filter(None, [times, f"answer: {one['answer']}" if one["answer"] else ""]))
    delivery = join(
        el("span", one["state"], class_=colour),
        el("div", said),
        el("div", f"next {moment(one['due'])}") if one["due"] is not None else None,
        el("code", endpoint["url"] if endpoint else one["endpoint"], class_="soft"),
    )
    again = shown.form("webhooks/resend", hidden("event", one["event"]), button="Send again", quiet=True)
    return [name, delivery, _body(event, endpoint, one["type"]), again]


def _body(event: Json | None, endpoint: Json | None, name: str) -> Child:
    """As it is sent: in the endpoint's version. What was sent is not kept, and only `pending_webhooks` can differ."""
    if event is None:
        return "gone"
    body = json.dumps(payload(endpoint, event, name), indent=2)
    return more("Body", el("pre", el("code", body), tabindex="0"))
