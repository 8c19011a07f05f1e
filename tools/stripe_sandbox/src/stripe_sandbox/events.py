# ruff: noqa: S608 - the tables in the SQL are named here
"""Events: one for each change, limited to the last 100,000, each with a delivery for every endpoint that wants it.

Deliveries, and responses of expired idempotency keys, are trimmed along with them.

docs.stripe.com/api/events: `request` names the call that caused it and is empty for the Dashboard;
`previous_attributes` has what an update changed, of metadata only the keys that did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stripe_sandbox import ids
from stripe_sandbox.accounts import Realm
from stripe_sandbox.clock import Clock
from stripe_sandbox.idempotency import LIFETIME
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import KEPT, Store
from stripe_sandbox.versions import NEWEST

TRIM_EVERY = 1_000

type Announce = Callable[[Realm, Json], int]
"""Queues an event's deliveries and says how many there are; -1: this event never was."""


class Events:
    def __init__(self, store: Store, clock: Clock, announce: Announce) -> None:
        self.store, self.clock, self.announce = store, clock, announce
        self._trim()

    def emit(self, realm: Realm, name: str, about: Json, *, previous: Json | None = None, request: Json) -> None:
        event: Json = {
            "id": ids.event_id(),
            "object": "event",
            "api_version": NEWEST,
            "created": self.clock.now(),
            "data": {"object": about} | ({"previous_attributes": previous} if previous is not None else {}),
            "livemode": realm.livemode,
            "pending_webhooks": 0,
            "request": request,
            "type": name,
        }
        waiting = self.announce(realm, event)
        if waiting < 0:
            return
        seq = self.store.events.add(realm, event | {"pending_webhooks": waiting})
        if waiting:
            self.store.db.execute("UPDATE events SET undelivered = ? WHERE id = ?", (waiting, event["id"]))
        if seq % TRIM_EVERY == 0:
            self._trim()

    def _trim(self) -> None:
        for table in ("events", "deliveries"):
            oldest = f"(SELECT max(seq) FROM {table}) - ?"
            self.store.db.execute(f"DELETE FROM {table} WHERE seq <= {oldest}", (KEPT,))
        self.store.db.execute("DELETE FROM answers WHERE created <= ?", (self.clock.now() - LIFETIME,))


def differences(before: Any, after: Any) -> Json:
    """What `previous_attributes` holds: the old value of each top-level field that changed.

    Of nested objects only the keys that changed; a key that was not there before is null.
    """
    changed: Json = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old != new:
            nested = isinstance(old, dict) and isinstance(new, dict)
            changed[key] = differences(old, new) if nested else old
    return changed
