"""Thin events (docs.stripe.com/events/how-events-work#thin-events): what happened to which object, without the object.

An event destination with `event_payload: "thin"` gets these instead of snapshot events. One update can cause several:
the library has `v1.price.deactivated` beside `v1.price.updated`; that both are sent is our reading. The id is derived
from the snapshot event's, so that either can be found from the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stripe_sandbox.context import Context
from stripe_sandbox.errors import no_such
from stripe_sandbox.shapes import Json

# Additional thin events of an update, by the field that changed.
_BESIDES: Mapping[str, tuple[str, ...]] = {
    "product.updated": ("active", "default_price", "tax_code"),
    "price.updated": ("active", "lookup_key", "tax_behavior"),
}
_ID = re.compile(r"evt_(?:test_|live_)(\w{24})([a-z]?)")


def types(event: Json) -> list[str]:
    """The thin events of a snapshot event, the plain one first."""
    changed = event["data"].get("previous_attributes") or {}
    kind = event["type"].partition(".")[0]
    names = [f"v1.{event['type']}"]
    for field in _BESIDES.get(event["type"], ()):
        if field in changed:
            active = event["data"]["object"]["active"]
            state = "activated" if active else "deactivated"
            names.append(f"v1.{kind}.{state}" if field == "active" else f"v1.{kind}.{field}_changed")
    return names


def notification(event: Json, name: str) -> Json:
    """What is posted: no data, but the object's URL and the causing request."""
    about = event["data"]["object"]
    request = event["request"]
    caused = {"type": "request", "request": request} if request["id"] else None
    return {
        "id": _thin_id(event, name),
        "object": "v2.core.event",
        "context": None,
        "created": iso(event["created"]),
        "livemode": event["livemode"],
        "reason": caused,
        "related_object": {"id": about["id"], "type": about["object"], "url": f"/v1/{about['object']}s/{about['id']}"},
        "snapshot_event": event["id"],
        "type": name,
    }


def full(event: Json, name: str) -> Json:
    """The response of `GET /v2/core/events/…`: the notification plus what else the library's `Event` has."""
    return notification(event, name) | {"changes": None}


def retrieve(context: Context, params: Json, thin_id: str) -> Json:
    match = _ID.fullmatch(thin_id)
    event = context.store.events.get(context.realm, f"evt_{match[1]}") if match else None
    names = types(event) if event else []
    place = ord(match[2]) - ord("a") + 1 if match and match[2] else 0
    if event is None or place >= len(names):
        raise no_such("event", thin_id)
    return full(event, names[place])


def wanted(event: Json, enabled: list[str]) -> Iterator[str]:
    """The event's thin types that a destination subscribes to."""
    return (name for name in types(event) if "*" in enabled or name in enabled)


def iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _thin_id(event: Json, name: str) -> str:
    mode = "live" if event["livemode"] else "test"
    place = types(event).index(name)
    return f"evt_{mode}_{event['id'].removeprefix('evt_')}{chr(ord('a') + place - 1) if place else ''}"
