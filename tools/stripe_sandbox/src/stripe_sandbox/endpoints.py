"""Webhook endpoints (docs.stripe.com/api/webhook_endpoints): which events each gets, signed with which secrets.

Rotation (docs.stripe.com/webhooks#roll-endpoint-secrets) is a Dashboard action: the old secret also signs until it
expires.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from stripe_sandbox import ids, listing, values
from stripe_sandbox.accounts import Realm
from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid, no_such
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Condition, Store, dump

CONFIGURED = "we_1ConfiguredAtTheStart"


@dataclass(frozen=True, slots=True)
class Secret:
    value: str
    expires: float | None = None


DESTINATION = "v2.core.event_destination"
SNAPSHOTS: list[Condition] = [("json_extract(body, '$.object') = 'webhook_endpoint'", ())]
MOST = 16  # the sentence is handled by name in getlago/lago-api and others


def examine(params: Json) -> None:
    if "url" in params:
        values.place_to_post(params["url"], "url")
    values.text(params, "description", 5_000)
    values.metadata(params.get("metadata"))


def create(context: Context, params: Json) -> Json:
    if context.realm.livemode and not params["url"].startswith("https://"):
        raise invalid("Invalid URL: In live mode, webhook endpoints must be https.", "url", "url_invalid")
    if context.store.endpoints.count(context.realm, SNAPSHOTS) >= MOST:
        raise invalid(f"You have reached the maximum of {MOST} {context.realm.mode} webhook endpoints.")
    endpoint = _new(context.clock.now(), context.realm, ids.endpoint_id(), params)
    secret = ids.webhook_secret()
    context.store.endpoints.add(context.realm, endpoint)
    keep_secrets(context.store, endpoint["id"], [Secret(secret)])
    return endpoint | {"secret": secret}


def _new(now: int, realm: Realm, endpoint_id: str, params: Json) -> Json:
    return {
        "id": endpoint_id,
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": now,
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "livemode": realm.livemode,
        "metadata": values.merged({}, params.get("metadata", {})),
        "status": "enabled",
        "url": params["url"],
    }


def is_thin(endpoint: Json) -> bool:
    """An event destination for thin events: created by the control API, not through `/v1/webhook_endpoints`."""
    return bool(endpoint["object"] == DESTINATION)


def create_thin(context: Context, params: Json) -> Json:
    """docs.stripe.com/api/v2/core/event-destinations, flattened, as the control API shows it."""
    endpoint = _new(context.clock.now(), context.realm, ids.destination_id(context.realm.mode), params)
    endpoint |= {"object": DESTINATION, "enabled_events": thin_names(params["enabled_events"]), "event_payload": "thin"}
    secret = ids.webhook_secret()
    context.store.endpoints.add(context.realm, endpoint)
    keep_secrets(context.store, endpoint["id"], [Secret(secret)])
    return endpoint | {"secret": secret}


def thin_names(enabled: list[str]) -> list[str]:
    """The thin events' names: `product.updated` is `v1.product.updated`."""
    return [name if name == "*" or re.match(r"v\d\.", name) else f"v1.{name}" for name in enabled]


def _existing(context: Context, endpoint_id: str) -> Json:
    endpoint = context.store.endpoints.get(context.realm, endpoint_id)
    if endpoint is None or is_thin(endpoint):
        raise no_such("webhook endpoint", endpoint_id, "webhook_endpoint")
    return endpoint


def retrieve(context: Context, params: Json, endpoint_id: str) -> Json:
    return _existing(context, endpoint_id)


def update(context: Context, params: Json, endpoint_id: str) -> Json:
    before = _existing(context, endpoint_id)
    after = before | {name: params[name] for name in ("enabled_events", "url") if name in params}
    if "description" in params:
        after["description"] = params["description"] or None
    if "metadata" in params:
        after["metadata"] = values.merged(before["metadata"], params["metadata"])
    if "disabled" in params:
        after["status"] = "disabled" if params["disabled"] else "enabled"
    context.store.endpoints.save(context.realm, after)
    return after


def delete(context: Context, params: Json, endpoint_id: str) -> Json:
    _existing(context, endpoint_id)
    context.store.endpoints.remove(context.realm, endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def list_all(context: Context, params: Json) -> Json:
    return listing.page(
        context.store.endpoints, context.realm, "webhook endpoint", params, SNAPSHOTS, "/v1/webhook_endpoints"
    )


def configure(store: Store, realm: Realm, now: int, url: str | None, secrets: list[str], *, thin: bool) -> None:
    """The endpoint given on the command line, replaced at every start."""
    with store.transaction():
        store.db.execute("DELETE FROM endpoints WHERE id = ?", (CONFIGURED,))
        if url:
            endpoint = _new(now, realm, CONFIGURED, {"url": url, "enabled_events": ["*"]})
            store.endpoints.add(realm, endpoint | ({"object": DESTINATION, "event_payload": "thin"} if thin else {}))
            keep_secrets(store, CONFIGURED, [Secret(secret) for secret in secrets])


def keep_secrets(store: Store, endpoint_id: str, secrets: list[Secret]) -> None:
    rows = dump([[secret.value, secret.expires] for secret in secrets])
    store.db.execute("UPDATE endpoints SET secrets = ? WHERE id = ?", (rows, endpoint_id))


def secrets_of(store: Store, endpoint_id: str, now: float) -> list[str]:
    """The secrets that sign now, the newest first."""
    row: Any = store.one("SELECT secrets FROM endpoints WHERE id = ?", (endpoint_id,))
    kept = json.loads(row[0]) if row and row[0] else []
    return [value for value, expires in kept if expires is None or expires > now]


def roll(store: Store, endpoint_id: str, secret: str, now: float, expires_in: float) -> None:
    """Add a new secret; the existing ones sign until they expire."""
    old = [Secret(value, now + expires_in) for value in secrets_of(store, endpoint_id, now)]
    keep_secrets(store, endpoint_id, [Secret(secret), *old])
