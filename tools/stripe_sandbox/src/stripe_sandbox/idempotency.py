"""Idempotency keys (docs.stripe.com/api/idempotent_requests, docs.stripe.com/error-low-level).

The first response for a key is stored for 24 hours of the sandbox's clock and replayed, including errors of the
operation and 500s. Not stored: failed validation, 401, 403, 409 and 429.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from stripe_sandbox.accounts import Realm
from stripe_sandbox.clock import Clock
from stripe_sandbox.errors import ApiError, key_in_use
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Store, dump

LIFETIME = 24 * 3600
LONGEST_KEY = 255
ERROR = "idempotency_error"


@dataclass(frozen=True, slots=True)
class Remembered:
    status: int
    body: Json
    request_id: str


class Keys:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.held: set[tuple[Realm, str]] = set()  # keys whose first request is in progress

    def recall(self, realm: Realm, key: str, request: str) -> Remembered | None:
        """The stored response for this key; None: it is new. `request` is method, path and parameters as one string.

        Sentences about the key itself: crvouga/mockingbird, compared with Stripe's test mode (2026-08-26).
        """
        if not key:
            raise ApiError(400, "Idempotency Key must be a non-empty string.")
        if len(key) > LONGEST_KEY:
            raise ApiError(400, f"Idempotency keys can be up to {LONGEST_KEY} characters long.", type=ERROR)
        if (realm, key) in self.held:
            raise key_in_use(key)
        row = self.store.one(
            "SELECT request, status, body, request_id, created FROM answers WHERE realm = ? AND key = ?",
            (self.store.number(realm), key),
        )
        if row is None or row[4] <= self.clock.now() - LIFETIME:
            return None
        if row[0] != request:
            raise _reused(key, row[0], request)
        return Remembered(row[1], json.loads(row[2]), row[3])

    def remember(self, realm: Realm, key: str, request: str, answer: Remembered) -> None:
        row = (
            self.store.number(realm),
            key,
            request,
            answer.status,
            dump(answer.body),
            answer.request_id,
            self.clock.now(),
        )
        self.store.db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def knows(self, realm: Realm, key: str) -> bool:
        """Whether this key has a first request, in progress or answered."""
        where = (self.store.number(realm), key, self.clock.now() - LIFETIME)
        row = self.store.one("SELECT 1 FROM answers WHERE realm = ? AND key = ? AND created > ?", where)
        return (realm, key) in self.held or row is not None


def _reused(key: str, first: str, now: str) -> ApiError:
    """Same parameters: Kiln-AI/stripe_world (2026-08-26). Same endpoint: logs of 2019, the present one first."""
    method, place = now.split(" ")[:2]
    before = first.split(" ")[1]
    what = "with the same parameters they were first used with"
    if [method, place] != first.split(" ")[:2]:
        what = f"for the same endpoint they were first used for ('{place}' vs '{before}')"
    return ApiError(
        400,
        f"Keys for idempotent requests can only be used {what}. Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        type=ERROR,
    )
