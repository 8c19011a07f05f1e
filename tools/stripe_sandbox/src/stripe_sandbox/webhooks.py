# ruff: noqa: S608 - only our own numbers are formatted into the SQL
"""Webhooks (docs.stripe.com/webhooks): signed, retried with backoff until a 2xx, without a guaranteed order.

A delivery is a row: it survives a restart, and is sent again if the sandbox was killed before it got the response. The
time between retries is the sandbox clock's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stripe_sandbox import endpoints, thin_events
from stripe_sandbox.accounts import Realm
from stripe_sandbox.clock import Clock
from stripe_sandbox.faults import Fault, Faults
from stripe_sandbox.sender import Outcome, Parcel, Sender
from stripe_sandbox.settings import Settings
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Store, dump

AT_ONCE = 32  # concurrent deliveries
LONGEST_SLEEP = 3600.0


@dataclass(frozen=True, slots=True)
class Delivery:
    seq: int
    realm: Realm
    event: str
    type: str
    endpoint: str
    attempts: int
    faults: Json


class Webhooks:
    def __init__(self, store: Store, clock: Clock, faults: Faults, settings: Callable[[], Settings]) -> None:
        self.store, self.clock, self.faults, self.settings = store, clock, faults, settings
        self.sender = Sender()
        self.under_way: set[int] = set()
        self.once_more: set[int] = set()  # deliveries in progress that were resent by hand in the meantime
        self.epoch = 0  # raised by a reset: results of earlier deliveries are ignored
        self._due = asyncio.Event()

    def announce(self, realm: Realm, event: Json) -> int:
        """Queue a new event for each endpoint that wants it; returns how many, or -1 for an event that vanishes."""
        wanting = {one["id"]: found for one in self.store.endpoints.find(realm) if (found := _wanted(one, event))}
        if not wanting:
            return 0
        faults = {fault.kind: fault for fault in self.faults.pick_for_event(event["type"])}
        if "vanish" in faults:
            return -1
        for endpoint, names in wanting.items():
            for name in names * (2 if "double" in faults else 1):
                self._queue(realm, event["id"], name, endpoint, faults)
        return len(wanting)

    def _queue(self, realm: Realm, event: str, name: str, endpoint: str, faults: dict[str, Fault]) -> None:
        due: float | None = self.clock.time()
        for kind, fault in faults.items():
            if kind == "delay" and due is not None:
                due += fault.seconds
            if kind == "shuffle" and due is not None:
                due += fault.chance.uniform(0, fault.seconds)
        state = "waiting"
        if "drop" in faults:
            due, state = None, "dropped"
        carried = {kind: faults[kind].seconds for kind in ("forge", "stale") if kind in faults}
        self.store.db.execute(
            "INSERT INTO deliveries (realm, event, type, endpoint, due, state, faults) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.store.number(realm), event, name, endpoint, due, state, dump(carried)),
        )

    def again(self, event_id: str) -> int:
        """Send an event again to every endpoint it was for (the Dashboard's "Resend")."""
        sql = "UPDATE deliveries SET due = ?, state = 'waiting', attempts = 0 WHERE event = ?"
        count = self.store.db.execute(sql, (self.clock.time(), event_id)).rowcount
        rows = self.store.rows("SELECT seq FROM deliveries WHERE event = ?", (event_id,))
        self.once_more |= {row[0] for row in rows} & self.under_way
        self.wake()
        return count

    def hurry(self) -> int:
        """Make everything that waits due now."""
        count = self.store.db.execute("UPDATE deliveries SET due = ? WHERE due > ?", (self.clock.time(),) * 2).rowcount
        self.wake()
        return count

    def forget(self) -> None:
        """Forget deliveries in progress: their numbers start again."""
        self.epoch += 1
        self.sender.drop()
        self.under_way.clear()
        self.once_more.clear()

    def wake(self) -> None:
        self._due.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._due.clear()
            now = self.clock.time()
            for delivery in self._ready(now):
                self._attempt(delivery)
            try:
                await asyncio.wait_for(self._due.wait(), self._pause())
            except TimeoutError:
                continue

    def _ready(self, now: float) -> list[Delivery]:
        rows = self.store.rows(
            "SELECT seq, realm, event, type, endpoint, attempts, faults FROM deliveries"
            " WHERE due <= ? ORDER BY due LIMIT ?",
            (now, AT_ONCE * 2),
        )
        realms = self.store.realms()
        ready = [Delivery(row[0], realms[row[1]], row[2], row[3], row[4], row[5], json.loads(row[6])) for row in rows]
        return [one for one in ready if one.seq not in self.under_way][: AT_ONCE - len(self.under_way)]

    def _pause(self) -> float:
        """Seconds until the next delivery is due; finished deliveries wake the loop themselves."""
        busy = ", ".join(map(str, self.under_way))
        row = self.store.one(f"SELECT min(due) FROM deliveries WHERE due IS NOT NULL AND seq NOT IN ({busy})")
        if row[0] is None or len(self.under_way) >= AT_ONCE:
            return LONGEST_SLEEP
        due: float = row[0]
        return min(max(due - self.clock.time(), 0.0), LONGEST_SLEEP)

    def _attempt(self, delivery: Delivery) -> None:
        """A delivery that cannot even be sent fails alone."""
        try:
            self._send(delivery)
        except Exception as error:
            self._finish(delivery, str(error) or type(error).__name__)

    def _send(self, delivery: Delivery) -> None:
        endpoint = self.store.endpoints.get(delivery.realm, delivery.endpoint)
        event = self.store.events.get(delivery.realm, delivery.event)
        if endpoint is None or event is None or endpoint["status"] != "enabled":
            self._finish(delivery, "the endpoint or the event is gone", for_good=True)
            return
        body = json.dumps(payload(endpoint, event, delivery.type), indent=2).encode()
        loop, epoch = asyncio.get_running_loop(), self.epoch

        def report(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(self._heard, delivery, outcome, epoch)

        signature = self._signature(delivery, body)
        self.under_way.add(delivery.seq)
        self.sender.send(Parcel(endpoint["url"], body, signature, self.settings().webhook_timeout, report))

    def _signature(self, delivery: Delivery, body: bytes) -> str:
        secrets = endpoints.secrets_of(self.store, delivery.endpoint, self.clock.time())
        if "forge" in delivery.faults:
            secrets = ["whsec_forged"]
        return signature_header(body, secrets, int(time.time() - delivery.faults.get("stale", 0)))

    def _heard(self, delivery: Delivery, outcome: Outcome, epoch: int) -> None:
        if epoch != self.epoch:
            return
        self.under_way.discard(delivery.seq)
        if delivery.seq in self.once_more:  # due again, with a new count of attempts
            self.once_more.discard(delivery.seq)
            told = (str(outcome), delivery.seq)
            self.store.db.execute("UPDATE deliveries SET answer = ?, faults = '{}' WHERE seq = ?", told)
            self.wake()
        else:
            self._finish(delivery, outcome)

    def _finish(self, delivery: Delivery, outcome: Outcome, for_good: bool = False) -> None:
        attempts, retries = delivery.attempts + 1, self.settings().webhook_retries
        due = None
        if isinstance(outcome, int) and 200 <= outcome < 300:
            state = "delivered"
        elif for_good or attempts > len(retries):
            state = "failed"
        else:
            state, due = "retrying", self.clock.time() + retries[attempts - 1]
        with self.store.transaction():
            self.store.db.execute(
                "UPDATE deliveries SET attempts = ?, state = ?, due = ?, answer = ?, faults = '{}' WHERE seq = ?",
                (attempts, state, due, str(outcome), delivery.seq),
            )
            self._count(delivery)
        self.wake()

    def _count(self, delivery: Delivery) -> None:
        """Update the event's own fields: `pending_webhooks`, and whether `delivery_success` finds it."""
        sql = "SELECT count(DISTINCT endpoint), count(DISTINCT CASE WHEN due IS NOT NULL THEN endpoint END)"
        undelivered, pending = self.store.one(
            f"{sql} FROM deliveries WHERE event = ? AND state != 'delivered'", (delivery.event,)
        )
        event = self.store.events.get(delivery.realm, delivery.event)
        if event:
            self.store.events.save(delivery.realm, event | {"pending_webhooks": pending})
            self.store.db.execute("UPDATE events SET undelivered = ? WHERE id = ?", (undelivered, delivery.event))

    def as_json(self, limit: int) -> list[Any]:
        names = ("seq", "event", "type", "endpoint", "due", "attempts", "state", "answer")
        rows = self.store.rows(f"SELECT {', '.join(names)} FROM deliveries ORDER BY seq DESC LIMIT ?", (limit,))
        return [dict(zip(names, row, strict=True)) for row in rows]


def _wanted(endpoint: Json, event: Json) -> list[str]:
    """The names under which an endpoint gets an event: one snapshot, or thin events for a thin destination."""
    if endpoint["status"] != "enabled":
        return []
    if endpoints.is_thin(endpoint):
        return list(thin_events.wanted(event, endpoint["enabled_events"]))
    return [event["type"]] if {"*", event["type"]} & set(endpoint["enabled_events"]) else []


def payload(endpoint: Json | None, event: Json, name: str) -> Json:
    """The body sent: a snapshot in the endpoint's version, or a thin event."""
    if endpoint and endpoints.is_thin(endpoint):
        return thin_events.notification(event, name)
    return event | {"api_version": (endpoint or {}).get("api_version") or event["api_version"]}


def signature_header(body: bytes, secrets: list[str], moment: int) -> str:
    """`t=…,v1=…`, one v1 for each secret: HMAC-SHA256 over `t.body` (docs.stripe.com/webhooks#verify-manually)."""
    signed = f"{moment}.".encode() + body
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={moment}", *(f"v1={mark}" for mark in marks)])
