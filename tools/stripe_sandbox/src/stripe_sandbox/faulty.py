"""Calls that go wrong on purpose: what happens instead of, after, or long after the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Receive

from stripe_sandbox import refusals
from stripe_sandbox.accounts import masked
from stripe_sandbox.api import Answer, Api
from stripe_sandbox.calls import Call
from stripe_sandbox.faults import Fault
from stripe_sandbox.refusals import Refusal
from stripe_sandbox.server import gone
from stripe_sandbox.shapes import Json
from stripe_sandbox.world import World


class Cut(Exception):
    """No answer: the connection ends. `reset`: rudely, so that the client sees a reset and not an end."""

    def __init__(self, *, reset: bool) -> None:
        self.reset = reset


class Garbage(Exception):
    """An answer that is no JSON."""


class Faulty:
    def __init__(self, world: World, api: Api) -> None:
        self.world, self.api = world, api
        self.landing: set[asyncio.Task[None]] = set()

    async def answer(self, call: Call, fault: Fault, receive: Receive) -> Answer:
        """The answer after all, or Cut, or Garbage."""
        call.fault = {"id": fault.id, "kind": fault.kind, "when": fault.when}
        if fault.kind == "late":
            self._later(call, fault.seconds)
            raise Cut(reset=True)
        refusal = self._refusal(fault, call)
        if refusal and fault.stored:
            return self.api.perform(call, _twist(fault, refusal))
        if fault.when == "after":
            return await self._after(call, fault, refusal, receive)
        return await self._before(call, fault, refusal, receive)

    async def _before(self, call: Call, fault: Fault, refusal: Refusal | None, receive: Receive) -> Answer:
        if refusal:
            return self._edge(call, refusal)
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

    async def _after(self, call: Call, fault: Fault, refusal: Refusal | None, receive: Receive) -> Answer:
        answer = self.api.perform(call)
        if refusal:
            return self._edge(call, refusal)
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
        """Until the fault's seconds are over or it is released: True. Until the client goes away: False."""
        epoch, left = self.world.faults.epoch, asyncio.ensure_future(gone(receive))
        waiting = asyncio.ensure_future(self.world.faults.released.wait())
        seconds = None if fault.kind == "block" else fault.seconds
        await asyncio.wait((left, waiting), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stayed = not left.done() and epoch == self.world.faults.epoch
        left.cancel()
        waiting.cancel()
        return stayed

    def _refusal(self, fault: Fault, call: Call) -> Refusal | None:
        """What a fault answers, for those that answer something."""
        livemode = False
        with suppress(Refusal):
            livemode = self.api.identify(call).realm.livemode
        match fault.kind:
            case "500" | "502" | "503":
                return refusals.server_error(int(fault.kind), stored=fault.stored)
            case "429":
                return refusals.rate_limited(fault.reason, livemode=livemode)
            case "lock":
                return refusals.lock_timeout()
            case "409":
                return refusals.key_in_use(call.key or "")
            case "401":
                return Refusal(401, f"Invalid API Key provided: {masked(call.headers.get('authorization', '')[7:])}")
            case "403":
                return self.api.forbidden(call)
            case "refuse":
                return _refused_by_choice(fault.error)
            case _:
                return None

    def _edge(self, call: Call, refusal: Refusal) -> Answer:
        """Said before or behind everything that remembers."""
        answer = self.api.refused(call, refusal)
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


def _twist(fault: Fault, refusal: Refusal) -> Callable[[Callable[[], Json]], Json]:
    def instead(work: Callable[[], Json]) -> Json:
        if fault.when == "after":
            with suppress(Refusal):
                work()
        raise refusal

    return instead


def _refused_by_choice(error: Json) -> Refusal:
    return Refusal(
        error.get("status", 400),
        error.get("message", "This was refused on request."),
        error.get("code"),
        error.get("param"),
        error.get("type", refusals.INVALID_REQUEST),
    )
