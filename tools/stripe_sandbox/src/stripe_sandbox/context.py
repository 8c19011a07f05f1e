"""The context of an operation: who makes the request, and where objects are stored."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_sandbox.accounts import Realm
from stripe_sandbox.clock import Clock
from stripe_sandbox.events import Events
from stripe_sandbox.settings import Settings
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Store
from stripe_sandbox.versions import NEWEST


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    clock: Clock
    settings: Settings
    events: Events
    realm: Realm
    request_id: str | None = None  # None: an action in the Dashboard
    idempotency_key: str | None = None
    secret: str = ""  # the key of the request
    version: str = NEWEST  # of the API

    def emit(self, name: str, about: Json, previous: Json | None = None) -> None:
        request: Json = {"id": self.request_id, "idempotency_key": self.idempotency_key}
        self.events.emit(self.realm, name, about, previous=previous, request=request)
