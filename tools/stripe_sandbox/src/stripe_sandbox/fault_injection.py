"""Performs the faults of calls: what happens instead of, after, or long after the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Receive

from stripe_sandbox import errors
from stripe_sandbox.accounts import masked
from stripe_sandbox.api import Answer, Api
from stripe_sandbox.calls import Call
from stripe_sandbox.errors import ApiError
from stripe_sandbox.faults import Fault
from stripe_sandbox.server import gone
from stripe_sandbox.shapes import Json
from stripe_sandbox.world import World


class Cut(Exception):
    """No response: the connection ends, with `reset` by a TCP reset."""

    def __init__(self, *, reset: bool) -> None:
        self.reset = reset


class Garbage(Exception):
    """A response that is not JSON."""


class FaultInjection:
    def __init__(self, world: World, api: Api) -> None:
        self.world, self.api = world, api
        self.landing: set[asyncio.Task[None]] = set()

    async def answer(self, call: Call, fault: Fault, receive: Receive) -> Answer:
        """The response, or Cut or Garbage."""
        call.fault = {"id": fault.id, "kind": fault.kind, "when": fault.when}
        if fault.kind == "late":
            self._later(call, fault.seconds)
            raise Cut(reset=True)
        error = self._error(fault, call)
        if error and fault.stored:
            return self.api.perform(call, _twist(fault, error))
        if fault.when == "after":
            return await self._after(call, fault, error, receive)
        return await self._before(call, fault, error, receive)

    async def _before(self, call: Call, fault: Fault, error: ApiError | None, receive: Receive) -> Answer:
        if error:
            return self._edge(call, error)
        if fault.kind == "garbage":
            self.api.note(call, 200)
            raise Garbage
        if fault.kind in ("slow", "block"):
            with self.api.holding(call):
                self.api.note(call, None)
                stayed = await self._wait(fault, receive)
            if not stayed:
                raise Cut(reset=False)
            return self.api.perform(call)
        self.api.note(call, None)
        if fault.kind == "timeout":
            await self._wait(fault, receive)
        raise Cut(reset=fault.kind == "reset")

    async def _after(self, call: Call, fault: Fault, error: ApiError | None, receive: Receive) -> Answer:
        answer = self.api.perform(call)
        if error:
            return self._edge(call, error)
        if fault.kind == "garbage":
            raise Garbage
        self.api.note(call, None)
        if fault.kind in ("slow", "block", "timeout"):
            stayed = await self._wait(fault, receive)
            if stayed and fault.kind != "timeout":
                self.api.note(call, answer.status)
                return answer
        raise Cut(reset=fault.kind == "reset")

    async def _wait(self, fault: Fault, receive: Receive) -> bool:
        """True when the fault's seconds are over or it is released; False when the client disconnects."""
        epoch, left = self.world.faults.epoch, asyncio.ensure_future(gone(receive))
        waiting = asyncio.ensure_future(self.world.faults.released.wait())
        seconds = None if fault.kind == "block" else fault.seconds
        await asyncio.wait((left, waiting), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stayed = not left.done() and epoch == self.world.faults.epoch
        left.cancel()
        waiting.cancel()
        return stayed

    def _error(self, fault: Fault, call: Call) -> ApiError | None:
        """The error of a fault that has one."""
        livemode = False
        with suppress(ApiError):
            livemode = self.api.identify(call).realm.livemode
        match fault.kind:
            case "500" | "502" | "503":
                return errors.server_error(int(fault.kind), stored=fault.stored)
            case "429":
                return errors.rate_limited(fault.reason, livemode=livemode)
            case "lock":
                return errors.lock_timeout()
            case "409":
                return errors.key_in_use(call.key or "")
            case "401":
                return ApiError(401, f"Invalid API Key provided: {masked(call.headers.get('authorization', '')[7:])}")
            case "403":
                return self.api.forbidden(call)
            case "refuse":
                return _chosen_error(fault.error)
            case _:
                return None

    def _edge(self, call: Call, error: ApiError) -> Answer:
        """An error from the edge: bypasses idempotency."""
        answer = self.api.rejected(call, error)
        self.api.note(call, answer.status)
        return answer

    def _later(self, call: Call, seconds: float) -> None:
        task = asyncio.ensure_future(self._land(call, seconds))
        self.landing.add(task)
        task.add_done_callback(self.landing.discard)

    async def _land(self, call: Call, seconds: float) -> None:
        epoch, released = self.world.faults.epoch, self.world.faults.released
        with self.api.holding(call):
            self.api.note(call, None)
            with suppress(TimeoutError):
                await asyncio.wait_for(released.wait(), seconds)
        if epoch == self.world.faults.epoch:
            call.late = True
            try:
                self.api.perform(call)
            except Exception as error:
                self.api.broken(call, error)
            self.api.note(call, None)


def _twist(fault: Fault, error: ApiError) -> Callable[[Callable[[], Json]], Json]:
    def instead(work: Callable[[], Json]) -> Json:
        if fault.when == "after":
            with suppress(ApiError):
                work()
        raise error

    return instead


def _chosen_error(error: Json) -> ApiError:
    return ApiError(
        error.get("status", 400),
        error.get("message", "This was rejected on request."),
        error.get("code"),
        error.get("param"),
        error.get("type", errors.INVALID_REQUEST),
    )
