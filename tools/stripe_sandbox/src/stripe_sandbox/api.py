"""An API request from arrival to response, checked in Stripe's order: key, rate, URL, idempotency, parameters, work.

Everything here is synchronous and in one transaction, so that requests never see half-done work.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from stripe_sandbox import expand, forms, operations, permissions, versions
from stripe_sandbox.accounts import Key, Realm, no_permission
from stripe_sandbox.calls import Call
from stripe_sandbox.errors import ApiError, invalid, server_error
from stripe_sandbox.idempotency import Remembered
from stripe_sandbox.schema import shape_of
from stripe_sandbox.shapes import Json
from stripe_sandbox.validation import check
from stripe_sandbox.world import World

FORM = "application/x-www-form-urlencoded"

type Twist = Callable[[Callable[[], Json]], Json]
"""What a stored fault does with the work: instead of it, or after it."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False  # without a Request-Id


class Api:
    def __init__(self, world: World) -> None:
        self.world = world

    def open(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Call:
        """Log a request on arrival, before any check."""
        call = self.world.calls.open(method, path, headers)
        try:
            call.params = _parameters(method, query, headers, body)
        except ApiError as error:
            call.unreadable = error
        return call

    def perform(self, call: Call, twist: Twist | None = None) -> Answer:
        """The response to a request. When this returns, its effects are committed."""
        with self.world.store.transaction():
            try:
                answer = self._answer(call, twist)
            except ApiError as error:
                answer = self.rejected(call, error)
            call.status = answer.status
            self.world.calls.save(call)
        self.world.webhooks.wake()
        return answer

    def identify(self, call: Call) -> Key:
        key = self.world.keyring.identify(call.headers)
        call.account, call.livemode = key.realm.account, key.realm.livemode
        return key

    def forbidden(self, call: Call) -> ApiError:
        """The 403 of a key that lacks the one permission this request needs."""
        try:
            key = self.identify(call)
            operation, _ = operations.find(call.method, call.path)
        except ApiError as error:
            return error
        return no_permission(key.secret, key.realm.account, permissions.needed(call.method, operation.kind))

    @contextmanager
    def holding(self, call: Call) -> Iterator[None]:
        """Meanwhile, other requests with the same idempotency key get 409."""
        realm = None
        with suppress(ApiError):
            realm = self.identify(call).realm
        if realm is None or call.key is None or self.world.keys.knows(realm, call.key):
            yield
            return
        place = (realm, call.key)
        self.world.keys.held.add(place)
        try:
            yield
        finally:
            self.world.keys.held.discard(place)

    def broken(self, call: Call, error: Exception) -> Answer:
        """An unexpected exception: a defect of the sandbox, reported like one of Stripe's own."""
        logging.getLogger(__name__).error("%s %s", call.method, call.path, exc_info=error)
        call.done = False
        answer = self.rejected(call, server_error(500, stored=False))
        self.note(call, answer.status)
        return answer

    def note(self, call: Call, status: int | None) -> None:
        """Log the response's status; None: no response (yet)."""
        call.status = status
        with self.world.store.transaction():
            self.world.calls.save(call)

    def rejected(self, call: Call, error: ApiError) -> Answer:
        body = error.body(call.request_id, account=call.account, livemode=bool(call.livemode))
        call.error = error.code or error.type
        return Answer(error.status, body, dict(error.headers), error.anonymous)

    def _answer(self, call: Call, twist: Twist | None) -> Answer:
        world = self.world
        versions.must_be_known(call.headers.get("stripe-version"))
        key = self.identify(call)
        realm = key.realm
        world.limits.count(world.settings, realm, call.method, call.path)
        operation, names = operations.find(call.method, call.path)
        key.must_allow([permissions.needed(call.method, operation.kind)])
        request = f"{call.method} {call.path} {json.dumps(call.params, sort_keys=True)}"
        if call.key is not None and (kept := world.keys.recall(realm, call.key, request)):
            return self._replayed(call, kept)
        params = self._checked(call, operation)
        paths = params.get("expand", [])
        tree = expand.plan(operation.returns, paths) if paths else {}
        key.must_allow(_needed_besides(operation, params, tree))
        context = world.context(realm, call.request_id, call.key, key.secret, call.version)

        def work() -> Json:
            with world.store.transaction():
                answer: Json = operation.run(context, params, *names)
            call.done = True
            return expand.expanded(world.store, realm, answer, tree)

        return self._worked(call, realm, request, lambda: twist(work) if twist else work())

    def _checked(self, call: Call, operation: operations.Operation) -> Json:
        if call.unreadable:
            raise call.unreadable
        params = check(shape_of(operation.params), call.params)
        if operation.examine:
            operation.examine(params)
        return params

    def _worked(self, call: Call, realm: Realm, request: str, work: Callable[[], Json]) -> Answer:
        """A request that began to work is final, and says so, as 9,171 of 9,171 POSTs in public code do."""
        final = {"Stripe-Should-Retry": "false"} if call.method == "POST" else {}
        try:
            answer = Answer(200, work(), final)
        except ApiError as error:
            answer = self.rejected(call, error)
            if not error.remembered:
                return answer
            answer.headers.update(final)
        if call.key:
            self.world.keys.remember(realm, call.key, request, Remembered(answer.status, answer.body, call.request_id))
        return answer

    def _replayed(self, call: Call, kept: Remembered) -> Answer:
        call.replayed = True
        call.error = kept.body.get("error", {}).get("code") if kept.status >= 400 else None
        headers = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id, "Stripe-Should-Retry": "false"}
        return Answer(kept.status, kept.body, headers)

    def headers(self, call: Call, answer: Answer) -> dict[str, str]:
        if answer.anonymous:
            kept = {} if answer.status == 401 else {"Stripe-Version": call.version}
            return kept | answer.headers
        headers = {"Request-Id": call.request_id, "Stripe-Version": call.version} | answer.headers
        if call.key:
            headers = {"Idempotency-Key": call.key, "Original-Request": call.request_id} | headers
        return headers


def _needed_besides(operation: operations.Operation, params: Json, tree: expand.Tree) -> Iterator[str]:
    """Permissions for expanded objects and for objects created by the same request: our reading."""
    yield from map(permissions.reading, sorted(expand.reached(operation.returns, tree)))
    for name, kind in (("default_price_data", "price"), ("product_data", "product")):
        if name in params:
            yield permissions.writing(kind)


def _parameters(method: str, query: str, headers: dict[str, str], body: bytes) -> Json:
    if method == "POST" and body:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise invalid(
                "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have "
                "any questions, we can help at https://support.stripe.com/."
            )
        try:
            query = "&".join(filter(None, (query, body.decode())))
        except UnicodeDecodeError:
            raise invalid("Invalid request: the body is not UTF-8.") from None
    return forms.decode(query)
