"""The ASGI application: Stripe's API on every URL, the control API under `/_sandbox/`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_sandbox.api import Answer, Api
from stripe_sandbox.calls import Call
from stripe_sandbox.control_api import ControlApi
from stripe_sandbox.errors import too_large
from stripe_sandbox.fault_injection import Cut, FaultInjection, Garbage
from stripe_sandbox.server import cut
from stripe_sandbox.store import dump
from stripe_sandbox.world import World

LARGEST_BODY = 1_000_000  # our reading
GARBAGE = b"<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome"


def application(world: World) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        world.webhooks.wake()
        deliveries = asyncio.ensure_future(world.webhooks.run())
        yield
        deliveries.cancel()
        with suppress(asyncio.CancelledError):
            await deliveries
        world.store.close()

    return Starlette(
        routes=[Mount("/_sandbox", app=ControlApi(world).app), Mount("/", app=StripeApi(world))], lifespan=lifespan
    )


class StripeApi:
    def __init__(self, world: World) -> None:
        self.world, self.api = world, Api(world)
        self.fault_injection = FaultInjection(world, self.api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        fitting = body if body and len(body) <= LARGEST_BODY else b""
        call = self.api.open(scope["method"], scope["path"], query, headers, fitting)
        if body is None:
            self.api.note(call, None)
            return
        if len(body) > LARGEST_BODY:
            call.unreadable = too_large(LARGEST_BODY)
        fault = self.world.faults.pick_for_call(call.method, call.path)
        try:
            answer = await self.fault_injection.answer(call, fault, receive) if fault else self.api.perform(call)
        except Cut as ending:
            await cut(scope, receive, reset=ending.reset)
        except Garbage:
            await _send(send, 200, GARBAGE, {"Request-Id": call.request_id})
        except Exception as error:
            await self._answer(call, self.api.broken(call, error), send)
        else:
            await self._answer(call, answer, send)

    async def _answer(self, call: Call, answer: Answer, send: Send) -> None:
        await _send(send, answer.status, dump(answer.body).encode(), self.api.headers(call, answer))


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or more than is accepted; None if the client disconnected."""
    chunks: list[bytes] = []
    size = 0
    message: Message = {"more_body": True}
    while message.get("more_body") and size <= LARGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return b"".join(chunks)


async def _send(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
