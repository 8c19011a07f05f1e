"""The log: every call in order of arrival, limited to the last 100,000."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from stripe_sandbox import ids
from stripe_sandbox.clock import Clock
from stripe_sandbox.errors import ApiError
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import KEPT, Store, dump
from stripe_sandbox.versions import NEWEST

TRIM_EVERY = 1_000


@dataclass(slots=True)
class Call:
    seq: int
    at: float
    method: str
    path: str
    headers: dict[str, str]
    params: Json = field(default_factory=dict)
    unreadable: ApiError | None = None  # the body is not form-encoded
    request_id: str = field(default_factory=ids.request_id)
    account: str | None = None
    livemode: bool | None = None
    status: int | None = None  # of the response; None: no response (yet)
    error: str | None = None  # the response's error code, or its type
    done: bool = False  # the operation succeeded in this very call
    replayed: bool = False
    fault: Json | None = None
    late: bool = False  # performed after the client was cut off
    started: float = field(default_factory=time.perf_counter)

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key") if self.method == "POST" else None

    @property
    def version(self) -> str:
        """The API version the request asked for."""
        return self.headers.get("stripe-version", NEWEST)

    def as_json(self) -> Json:
        return {
            "seq": self.seq,
            "at": round(self.at, 3),
            "method": self.method,
            "path": self.path,
            "params": self.params,
            "idempotency_key": self.key,
            "status": self.status,
            "error": self.error,
            "done": self.done,
            "replayed": self.replayed,
            "fault": self.fault,
            "late": self.late,
            "request_id": self.request_id,
            "account": self.account,
            "livemode": self.livemode,
            "milliseconds": round((time.perf_counter() - self.started) * 1000, 1),
        }


class Calls:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self._last: int = store.one("SELECT coalesce(max(seq), 0) FROM calls")[0]

    def open(self, method: str, path: str, headers: dict[str, str]) -> Call:
        self._last += 1
        return Call(self._last, self.clock.time(), method, path, headers)

    def save(self, call: Call) -> None:
        self.store.db.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (call.seq, dump(call.as_json())))
        if call.seq % TRIM_EVERY == 0:
            self.store.db.execute("DELETE FROM calls WHERE seq <= ?", (call.seq - KEPT,))

    def since(self, seq: int, limit: int | None = None) -> list[Any]:
        """Calls after number `seq`, in order of arrival."""
        most = -1 if limit is None else limit
        rows = self.store.rows("SELECT body FROM calls WHERE seq > ? ORDER BY seq LIMIT ?", (seq, most))
        return [json.loads(row[0]) for row in rows]

    def newest(self, limit: int) -> list[Any]:
        return [
            json.loads(row[0]) for row in self.store.rows("SELECT body FROM calls ORDER BY seq DESC LIMIT ?", (limit,))
        ]
