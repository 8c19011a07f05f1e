"""The control API under `/_sandbox/`: JSON for tests and scripts, pages for people. README.md documents the bodies.

A form posted by a page is treated like the same JSON, and answered with the page.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import fields
from pathlib import Path
from sqlite3 import ProgrammingError
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from stripe_sandbox import control_bodies as bodies
from stripe_sandbox import dashboard, endpoints, forms, ids, pages, permissions
from stripe_sandbox.accounts import Key, Realm
from stripe_sandbox.control_bodies import BadBody, counted
from stripe_sandbox.errors import ApiError
from stripe_sandbox.faults import BadFault
from stripe_sandbox.schema import shape_of
from stripe_sandbox.seed import seed
from stripe_sandbox.selection import Selection
from stripe_sandbox.settings import BadSetting, Settings
from stripe_sandbox.shapes import Json
from stripe_sandbox.templating import TEMPLATES
from stripe_sandbox.validation import check
from stripe_sandbox.world import World

STYLE = Path(__file__).with_name("style.css")
SCRIPT = Path(__file__).with_name("live.js")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
CLOSED = "The control API is open to pages of this machine only."
# Exceptions that an unforeseen value in a body may cause; nothing is stored then.
UNUSABLE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, ProgrammingError)
PERMISSIONS: dict[str, frozenset[str] | None] = {
    "write": permissions.EVERYTHING,
    "read": permissions.READING,
    "none": frozenset(),
    "revoked": None,
}
LOCAL = ("localhost", "127.0.0.1", "::1")

# Form fields that are not text, by the first path segment. Those of the Dashboard stay as typed: the API's own form
# parsing validates them.
NOT_TEXT: dict[str, tuple[str, ...]] = {
    "faults": ("times", "every", "skip", "probability", "seed", "seconds", "stored", "status"),
    "clock": ("advance", "now", "offset"),
    "settings": tuple(one.name for one in fields(Settings)),
    "seed": ("products", "first", "active", "unit_amount", "archived_prices"),
}

type Handler = Callable[[Request, Json], Json]


class ControlApi:
    def __init__(self, world: World) -> None:
        self.world = world
        self.app: ASGIApp = Router(routes=self._routes())

    def _routes(self) -> list[BaseRoute]:
        readings: dict[str, Handler] = {
            "/calls": self.calls,
            "/faults": self.faults,
            "/state": self.state,
            "/clock": self.clock,
            "/settings": self.settings,
            "/webhooks": self.webhooks,
        }
        actions: dict[str, Handler] = {
            "/faults": self.add_fault,
            "/faults/release": self.release,
            "/seed": self.seed,
            "/reset": self.reset,
            "/clock": self.move_clock,
            "/settings": self.change_settings,
            "/keys": self.register_key,
            "/events": self.make_event,
            "/webhooks/resend": self.resend,
            "/webhooks/hurry": self.hurry,
            "/dashboard/webhook_endpoints": self.make_endpoint,
            "/dashboard/{steps:path}": self.dashboard,
        }
        # HTML forms cannot send DELETE.
        actions |= {"/faults/remove": self.remove_faults, "/faults/{id:int}/remove": self.remove_faults}
        removals: dict[str, Handler] = {"/faults": self.remove_faults, "/faults/{id:int}": self.remove_faults}
        return [
            Route("/", self.show("catalogue.html", pages.catalogue)),
            Route("/pages/calls", self.show("calls.html", pages.calls)),
            Route("/pages/faults", self.show("faults.html", pages.faults)),
            Route("/pages/webhooks", self.show("webhooks.html", pages.webhooks)),
            Route("/pages/clock", self.show("clock.html", pages.clock)),
            Route("/style.css", lambda request: FileResponse(STYLE)),
            Route("/live.js", lambda request: FileResponse(SCRIPT)),
            *(Route(path, self._answering(handler), methods=["GET"]) for path, handler in readings.items()),
            *(Route(path, self._answering(handler), methods=["POST"]) for path, handler in actions.items()),
            *(Route(path, self._answering(handler), methods=["DELETE"]) for path, handler in removals.items()),
        ]

    def show(
        self, template: str, page: Callable[[Selection, pages.Query], pages.Context]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not _from_here(request):
                return _html(request, "closed.html", {"sentence": CLOSED}, 403)
            shown = self._shown(request)
            return _html(request, template, {"shown": shown} | page(shown, dict(request.query_params)))

        return answer

    def _answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not _from_here(request):
                return JSONResponse({"error": CLOSED}, 403)
            try:
                body = await _body(request)
                with self.world.store.transaction():
                    found = handler(request, body)
            except (BadBody, BadFault, BadSetting) as error:
                return self._rejected(request, 400, str(error), {"error": str(error)})
            except ApiError as error:
                told = error.body(ids.request_id(), account=self._realm(request).account)
                return self._rejected(request, error.status, error.message, told)
            except UNUSABLE as error:
                sentence = f"This body cannot be used: {error}."
                return self._rejected(request, 400, sentence, {"error": sentence})
            self.world.webhooks.wake()
            if _by_a_person(request):
                return RedirectResponse(self._landing(request, found), 303)
            return JSONResponse(found)

        return answer

    def _rejected(self, request: Request, status: int, sentence: str, body: Json) -> Response:
        if _by_a_person(request):
            told = {"shown": self._shown(request), "sentence": sentence, "back": self._back(request)}
            return _html(request, "rejected.html", told, status)
        return JSONResponse(body, status)

    def _back(self, request: Request) -> str:
        """The page that the form is on."""
        page = urlsplit(request.headers.get("referer", ""))
        if page.netloc != request.headers.get("host"):
            return self._shown(request).at("")
        return f"{page.path}?{page.query}" if page.query else page.path

    def _landing(self, request: Request, found: Json) -> str:
        """The page to show next; for a new secret, with its endpoint unfolded."""
        if "secret" in found:
            return self._shown(request).at("pages/webhooks", secret=found["id"])
        return self._back(request)

    def _shown(self, request: Request) -> Selection:
        return Selection(self.world, self._realm(request))

    def _realm(self, request: Request) -> Realm:
        """Chosen by `?account=acct_…&livemode=true`; by default those of the key the sandbox was started with."""
        default, query = self.world.default, request.query_params
        livemode = query["livemode"] == "true" if "livemode" in query else default.livemode
        return Realm(query.get("account", default.account), livemode)

    def calls(self, request: Request, body: Json) -> Json:
        query = request.query_params
        return {"calls": self.world.calls.since(counted(query, "since") or 0, counted(query, "limit"))}

    def faults(self, request: Request, body: Json) -> Json:
        return self.world.faults.as_json()

    def add_fault(self, request: Request, body: Json) -> Json:
        return self.world.faults.add(body).as_json()

    def remove_faults(self, request: Request, body: Json) -> Json:
        self.world.faults.clear(request.path_params.get("id"))
        return self.world.faults.as_json()

    def release(self, request: Request, body: Json) -> Json:
        self.world.faults.release()
        return self.world.faults.as_json()

    def state(self, request: Request, body: Json) -> Json:
        realm, store = self._realm(request), self.world.store
        return {
            "account": realm.account,
            "livemode": realm.livemode,
            "products": store.products.find(realm, oldest_first=True),
            "prices": store.prices.find(realm, oldest_first=True),
        }

    def seed(self, request: Request, body: Json) -> Json:
        started = time.perf_counter()
        made = seed(self.world.context(self._realm(request)), body)
        return made | {"seconds": round(time.perf_counter() - started, 2)}

    def reset(self, request: Request, body: Json) -> Json:
        self.world.reset()
        return {"reset": True}

    def clock(self, request: Request, body: Json) -> Json:
        return {"now": self.world.clock.now(), "offset": round(self.world.clock.offset, 3)}

    def move_clock(self, request: Request, body: Json) -> Json:
        clock = self.world.clock
        match body:
            case {"advance": int() | float() as seconds}:
                clock.advance(seconds)
            case {"now": int() | float() as moment}:
                clock.set(moment)
            case {"offset": int() | float() as offset}:
                clock.move(float(offset))
            case _:
                raise BadBody('Send {"advance": seconds}, {"now": moment} or {"offset": 0}.')
        self.world.move_clock()
        return self.clock(request, body)

    def settings(self, request: Request, body: Json) -> Json:
        return self.world.settings.as_json()

    def change_settings(self, request: Request, body: Json) -> Json:
        self.world.change_settings(self.world.settings.changed(body))
        return self.world.settings.as_json()

    def register_key(self, request: Request, body: Json) -> Json:
        """`permission` applies to all resources, `permissions` lists them by name."""
        secret, permission = body.get("key"), body.get("permission", "write")
        account = body.get("account", self.world.default.account)
        if not isinstance(secret, str) or not isinstance(account, str) or permission not in PERMISSIONS:
            raise BadBody('Send {"key": "sk_test_…", "account": "acct_…", "permission": "write|read|none|revoked"}.')
        realm = Realm(account, "_live_" in secret)
        granted = PERMISSIONS[permission]
        if granted is not None and "permissions" in body:
            granted = _granted(body["permissions"])
        self.world.keyring.registered[secret] = None if granted is None else Key(realm, secret, granted)
        names = None if granted is None else sorted(granted)
        return {"account": realm.account, "livemode": realm.livemode, "permission": permission, "permissions": names}

    def webhooks(self, request: Request, body: Json) -> Json:
        endpoints = self.world.store.endpoints.find(self._realm(request))
        return {
            "endpoints": endpoints,
            "deliveries": self.world.webhooks.as_json(counted(request.query_params, "limit") or 100),
        }

    def make_event(self, request: Request, body: Json) -> Json:
        """Any event at all, including types that Stripe may add later."""
        name, about, previous = body.get("type"), body.get("object"), body.get("previous_attributes")
        if not isinstance(name, str) or not isinstance(about, dict) or not isinstance(previous, dict | None):
            raise BadBody('Send {"type": "customer.created", "object": {…}}, and previous_attributes if you like.')
        self.world.context(self._realm(request)).emit(name, about, previous)
        newest = self.world.store.events.find(self._realm(request), limit=1)
        return newest[0] if newest else {}

    def make_endpoint(self, request: Request, body: Json) -> Json:
        """By the API's rules; the events may be a string, separated by commas or spaces."""
        if isinstance(events := body.get("enabled_events"), str):
            body = body | {"enabled_events": events.replace(",", " ").split()}
        context, thin = self.world.context(self._realm(request)), _is_thin(body.pop("payload", "snapshot"))
        wanted = body.get("enabled_events")
        if thin:  # there are more kinds of thin events than of snapshots
            body["enabled_events"] = ["*"]
        params = check(shape_of("WebhookEndpointCreateParams"), dashboard.as_form(body))
        endpoints.examine(params)
        if thin:
            return endpoints.create_thin(context, params | {"enabled_events": [str(name) for name in wanted or ()]})
        return endpoints.create(context, params)

    def resend(self, request: Request, body: Json) -> Json:
        return {"deliveries": self.world.webhooks.again(str(body.get("event", "")))}

    def hurry(self, request: Request, body: Json) -> Json:
        return {"deliveries": self.world.webhooks.hurry()}

    def dashboard(self, request: Request, body: Json) -> Json:
        steps = request.path_params["steps"].strip("/").split("/")
        return dashboard.act(self.world.context(self._realm(request)), steps, body)


def _is_thin(payload: object) -> bool:
    if payload not in ("snapshot", "thin"):
        raise BadBody('payload is "snapshot" or "thin".')
    return payload == "thin"


def _granted(value: object) -> frozenset[str]:
    try:
        return permissions.read(value)
    except ValueError:
        raise BadBody('permissions is a list of names like "rak_product_write" and "rak_plan_read".') from None


def _html(request: Request, template: str, context: pages.Context, status: int = 200) -> Response:
    return TEMPLATES.TemplateResponse(request, template, context, status, {"Content-Security-Policy": POLICY})


async def _body(request: Request) -> Json:
    """JSON, whatever the content type says, or a form of the pages."""
    try:
        raw = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise BadBody("The body is not UTF-8.") from error
    if _is_form(request) and not raw.lstrip().startswith("{"):
        given = forms.decode(urlencode(parse_qsl(raw)))  # drops empty fields
        step = request.url.path.removeprefix("/_sandbox/").partition("/")[0]
        return _read(given, NOT_TEXT.get(step, ()))
    try:
        body: Any = bodies.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise BadBody("The body is not JSON, or has numbers or characters that cannot be kept.") from error
    if not isinstance(body, dict):
        raise BadBody("The body must be a JSON object.")
    return body


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _by_a_person(request: Request) -> bool:
    return _is_form(request) and "text/html" in request.headers.get("accept", "")


def _read(given: Json, not_text: tuple[str, ...]) -> Json:
    return {
        name: _read(value, not_text) if isinstance(value, dict) else _value(value) if name in not_text else value
        for name, value in given.items()
    }


def _value(text: str) -> Any:
    """A number, true, false, null or a list if a field may hold one; otherwise the string, to be validated as such."""
    try:
        return bodies.loads(text)
    except ValueError:
        return text


def _from_here(request: Request) -> bool:
    """Not from another site in a browser: both Origin and Host must name this machine."""
    origin = request.headers.get("origin")
    try:
        own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
        return own and request.url.hostname in LOCAL
    except ValueError:  # not a URL
        return False
