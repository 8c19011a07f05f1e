"""The only way to Stripe: a function for each kind of request, and a distinct result for each kind of error.

Nothing is retried here: that is for `converge` to decide, since only the committed request may be repeated. Errors:
https://docs.stripe.com/error-low-level and https://docs.stripe.com/api/errors
"""

import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Never, TypeGuard

import requests
import stripe
from django.conf import settings

from billings import clock
from billings.horizons import CONNECT_SECONDS
from billings.models import TROUBLE_FOR_PEOPLE, Trouble
from billings.stripe_api import event_types

# The shape of responses, whatever the account's default; raise it together with the library.
API_VERSION = "2026-10-28.endive"
PAGE = 100
# Seconds before a page of a long list is requested again; Stripe counts rate limits per second.
PAUSES = (1.0, 2.0, 4.0)
CURSORS_TRIED = 4
# Lists omit a price's further currencies unless expanded (https://docs.stripe.com/api/prices/list).
CURRENCY_OPTIONS = ["data.currency_options"]


_QUOTED_KEY = re.compile(r" '(?:sk|rk|pk)_[^'\s]*'")
_KEY = re.compile(r"\b(?:sk|rk|pk)_(?:test|live)_[\w*]+")


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Stripe did it; `data` is the object right after."""

    data: dict[str, Any]
    status: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Stripe processed the operation and did nothing (400, 402, 404): the same request would be rejected again."""

    status: int
    code: str
    param: str
    message: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """A 5xx replayed from Stripe's memory: this key will never tell more, and the work may be done or not."""

    status: int | None
    message: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No verdict: the request may be repeated with the same key, and must be before anything else is planned."""

    trouble: Trouble
    message: str
    status: int | None = None
    request_id: str = ""
    should_retry: bool | None = None
    """Stripe's own advice (`Stripe-Should-Retry`): soon, or not soon; None: it gave none."""


type Get = Callable[[str, Mapping[str, Any], float], dict[str, Any] | None]
# What resolves a request, and what may come back instead.
type Answer = Succeeded | Rejected | Indeterminate
type Verdict = Answer | Unanswered


class ReadFailed(Exception):
    """A GET that failed; nothing was changed."""

    def __init__(self, unanswered: Unanswered) -> None:
        # One line: the library writes paragraphs about the network.
        super().__init__(" ".join(unanswered.message.split()))
        self.unanswered = unanswered


class BadSignature(Exception):
    """A message that is not proven to be Stripe's, is too old, or cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A product as Stripe holds it now; `product` is None if it was deleted."""

    product: dict[str, Any] | None
    prices: tuple[dict[str, Any], ...]


# A requests.Session keeps connections alive; it must not be shared between threads or across a fork.
_threads = threading.local()


def key_fingerprint() -> str:
    """Identifies the key without storing it."""
    return hashlib.sha256(settings.STRIPE_SECRET_KEY.encode()).hexdigest()


def key_is_live() -> bool:
    return str(settings.STRIPE_SECRET_KEY).startswith(("sk_live_", "rk_live_"))


def _client(seconds: float) -> stripe.StripeClient:
    if getattr(_threads, "session", None) is None:
        _threads.session = requests.Session()
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        stripe_version=API_VERSION,
        base_addresses={"api": settings.STRIPE_API_BASE},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(min(CONNECT_SECONDS, seconds), seconds), session=_threads.session),
    )


def post(path: str, params: Mapping[str, Any], *, key: str, seconds: float) -> Verdict:
    """Send a request with its idempotency `key`, waiting at most `seconds` for the response."""
    answer = _request("post", path, dict(params) | {"idempotency_key": key}, seconds)
    if not isinstance(answer, stripe.StripeResponse):
        return answer
    if not _is_an_object(answer.data):
        return _unreadable(answer.code)
    return Succeeded(answer.data, answer.code, str(answer.headers.get("request-id", "")))


def _request(
    method: str, path: str, params: Mapping[str, Any], seconds: float
) -> stripe.StripeResponse | Rejected | Indeterminate | Unanswered:
    began = clock.moment()
    try:
        answer: stripe.StripeResponse = _client(seconds).raw_request(method, path, **params)
    except stripe.StripeError as error:
        clock.note_answer(error.headers or {}, began)
        return _classify(error)
    except UnicodeDecodeError:  # the library decodes every body as UTF-8 before it checks it
        return _unreadable(None)
    clock.note_answer(answer.headers, began)
    return answer


def _unreadable(status: int | None, request_id: str = "") -> Unanswered:
    """Not from Stripe itself: a proxy's response, or a truncated body."""
    return Unanswered(Trouble.FAILING, "Stripe's answer could not be read.", status, request_id)


def _classify(error: stripe.StripeError) -> Rejected | Indeterminate | Unanswered:
    """The verdict of an error. https://docs.stripe.com/api/idempotent_requests says what Stripe remembers."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    request_id = str(headers.get("request-id", ""))
    status = error.http_status
    message = _without_keys(error.user_message or str(error))
    if isinstance(error, stripe.APIConnectionError) or status is None:
        if isinstance(error.__cause__, requests.Timeout):
            return Unanswered(Trouble.SLOW, f"No answer in time from {settings.STRIPE_API_BASE}.")
        return Unanswered(Trouble.UNREACHABLE, f"No connection to {settings.STRIPE_API_BASE}, or it was cut off.")
    if status >= 500 and headers.get("idempotent-replayed") == "true":
        return Indeterminate(status, message, request_id)
    if error.error is None:
        return _unreadable(status, request_id)
    if isinstance(error, stripe.IdempotencyError):
        return Indeterminate(status, message, request_id)
    code = str(getattr(error.error, "code", None) or "")  # most of the library's errors lack it themselves
    if trouble := _trouble(status, code):
        advice = {"true": True, "false": False}.get(str(headers.get("stripe-should-retry")))
        return Unanswered(trouble, message, status, request_id, advice)
    return Rejected(status, code, str(getattr(error, "param", None) or ""), message, request_id)


def _without_keys(message: str) -> str:
    """Stripe's messages repeat a part of a rejected key, which belongs neither on a page nor in the log."""
    return _KEY.sub("…", _QUOTED_KEY.sub("", message))


def _trouble(status: int, code: str) -> Trouble | None:
    if status == 401:
        return Trouble.KEY
    if status == 403:
        return Trouble.PERMISSION
    if status == 409 or code == "lock_timeout":
        return Trouble.BUSY
    if status == 429 or code == "rate_limit":
        return Trouble.RATE_LIMITED
    return None if status in {400, 402, 404} else Trouble.FAILING


def _get(path: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
    """One GET; None if the object does not exist. Raises ReadFailed."""
    answer = _request("get", path, params, seconds)
    if isinstance(answer, Rejected) and answer.code == "resource_missing":
        return None
    if isinstance(answer, Unanswered):
        raise ReadFailed(answer)
    if isinstance(answer, Rejected | Indeterminate):
        raise ReadFailed(Unanswered(Trouble.FAILING, answer.message, answer.status, answer.request_id))
    if not _is_an_object(answer.data):
        raise ReadFailed(_unreadable(answer.code))
    return answer.data


def _get_patiently(path: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
    """As `_get`, with retries, so that one failure among thousands of requests does not discard the rest."""
    for pause in PAUSES:
        try:
            return _get(path, params, seconds)
        except ReadFailed as failed:
            if failed.unanswered.trouble in TROUBLE_FOR_PEOPLE:
                raise
            time.sleep(random.uniform(0.5, 1) * pause)
    return _get(path, params, seconds)


def _is_an_object(data: Any) -> TypeGuard[dict[str, Any]]:
    """Every response of Stripe's names its kind of object; a proxy's page or JSON does not."""
    return isinstance(data, dict) and "object" in data


# Where the account can be learned, best first: most keys may read their own account, restricted ones often not.
_TELLS_ACCOUNT = ("/v1/account", "/v1/events", "/v1/products")
# Stripe's error for a restricted key; the error that names another account is worded differently.
_ACCOUNT_OF_KEY = re.compile(r"required permissions for this endpoint on account '(acct_\w+)'")
_CANNOT_TELL = (
    "The key may not read its own account, and nothing else that Stripe answers names it. Give the key Connect > "
    "Accounts: Read in the Dashboard."
)


def account_id(*, seconds: float) -> str:
    """The account of the present key (https://docs.stripe.com/api/accounts/retrieve). Raises ReadFailed.

    If the key may not read it, it is taken from Stripe's error, or from an object that names it.
    """
    for path in _TELLS_ACCOUNT:
        try:
            answer = _get(path, {} if path == "/v1/account" else {"limit": 1}, seconds)
        except ReadFailed as failed:
            if failed.unanswered.trouble != Trouble.PERMISSION:
                raise
            named = _ACCOUNT_OF_KEY.search(failed.unanswered.message)
            if named:
                return named[1]
            continue
        if answer is None:
            raise ReadFailed(Unanswered(Trouble.FAILING, "Stripe knows no account for this key."))
        if path == "/v1/account":
            return str(answer["id"])
        for data in answer.get("data", []):
            if data.get("account"):
                return str(data["account"])
    raise ReadFailed(Unanswered(Trouble.PERMISSION, _CANNOT_TELL, 403))


def permits(method: str, path: str, params: Mapping[str, Any], *, seconds: float) -> tuple[bool, str]:
    """Whether the key permits this request, and Stripe's message if not. Raises ReadFailed.

    Stripe checks permissions before parameters, so a POST without a required one tells, and changes nothing.
    """
    answer = _request(method, path, params, seconds)
    if isinstance(answer, Unanswered) and answer.trouble == Trouble.PERMISSION:
        return False, answer.message
    if isinstance(answer, Unanswered):
        raise ReadFailed(answer)
    return True, ""


def webhook_endpoints(*, seconds: float) -> list[dict[str, Any]]:
    """The endpoints Stripe knows (https://docs.stripe.com/api/webhook_endpoints/list). Raises ReadFailed."""
    return [endpoint for page in _pages("/v1/webhook_endpoints", {}, lambda: seconds) for endpoint in page]


def price(price_id: str, *, seconds: float) -> dict[str, Any] | None:
    """A price by its id; None if it does not exist. Raises ReadFailed."""
    return _get(f"/v1/prices/{price_id}", {}, seconds)


def ask_the_time(*, seconds: float) -> None:
    """Any response tells Stripe's time, including an error; see `clock`."""
    _request("get", "/v1/account", {}, seconds)


def read(product_id: str, *, seconds: Callable[[], float]) -> Snapshot:
    """The product, its active prices, then its archived ones: three requests, more only beyond 100 prices of a kind.

    A list without `active` holds only active ones (https://docs.stripe.com/api/prices/list). `seconds` is called before
    each request for its time-out. Raises ReadFailed.
    """
    product = _get(f"/v1/products/{product_id}", {}, seconds())
    if product is None or product.get("deleted"):
        return Snapshot(None, ())
    prices = [*_prices(product_id, active=True, seconds=seconds), *_prices(product_id, active=False, seconds=seconds)]
    # A price archived between the two lists is in both; the later state is archived.
    return Snapshot(product, tuple({price["id"]: price for price in prices}.values()))


def _prices(product_id: str, *, active: bool, seconds: Callable[[], float]) -> Iterator[dict[str, Any]]:
    params = {"product": product_id, "active": active, "expand": CURRENCY_OPTIONS}
    for page in _pages("/v1/prices", params, seconds):
        yield from page


def products(ids: Collection[str], *, seconds: float) -> list[dict[str, Any]]:
    """Those of at most 100 products that exist, active or not, in one request. Raises ReadFailed.

    https://docs.stripe.com/api/products/list (`ids`)
    """
    page = _get("/v1/products", {"ids": list(ids), "limit": PAGE}, seconds)
    found: list[dict[str, Any]] = page["data"] if page else []
    return found


def product_pages(*, seconds: float) -> Iterator[list[dict[str, Any]]]:
    """Every product of the account, active or not, in pages of 100. Raises ReadFailed."""
    return _pages("/v1/products", {}, lambda: seconds, get=_get_patiently)


def price_pages(*, seconds: float) -> Iterator[list[dict[str, Any]]]:
    """Every price of the account, active ones first (two passes: a list holds only one kind). Raises ReadFailed."""
    for active in (True, False):
        params = {"active": active, "expand": CURRENCY_OPTIONS}
        yield from _pages("/v1/prices", params, lambda: seconds, get=_get_patiently)


def event_pages(*, since: int, seconds: Callable[[], float], patiently: bool = False) -> Iterator[list[dict[str, Any]]]:
    """Events of the handled types since a moment (seconds since 1970), newest first. Raises ReadFailed.

    https://docs.stripe.com/api/events/list: the last 30 days. `patiently`: failed pages are requested again.
    """
    params = {"types": event_types.handled_types(), "created": {"gte": since}}
    return _pages("/v1/events", params, seconds, get=_get_patiently if patiently else _get)


def missed_event_pages(*, since: int, seconds: float) -> Iterator[list[dict[str, Any]]]:
    """Events since a moment that did not reach every endpoint of the account, newest first. Raises ReadFailed.

    https://docs.stripe.com/webhooks/process-undelivered-events
    """
    params = {"delivery_success": False, "created": {"gte": since}}
    return _pages("/v1/events", params, lambda: seconds)


def _pages(
    path: str, params: Mapping[str, Any], seconds: Callable[[], float], get: Get | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Pages by Stripe's cursor (https://docs.stripe.com/api/pagination)."""
    last: list[str] = []
    while True:
        cursor = {"starting_after": last[-1]} if last else {}
        page = (get or _get)(path, {**params, "limit": PAGE, **cursor}, seconds())
        if page is None and len(last) > 1:  # the cursor was deleted meanwhile: continue from the object before it
            last = last[-CURSORS_TRIED:-1]
            continue
        if page is None and last:
            raise ReadFailed(Unanswered(Trouble.FAILING, "The list changed while it was read."))
        if page is None:  # the product was deleted
            return
        yield page["data"]
        if not page.get("has_more"):
            return
        last = [data["id"] for data in page["data"]]


def verified_event(payload: bytes, signature: str) -> dict[str, Any]:
    """The event in a webhook's raw body, verified by any of the secrets (two during rotation). Raises BadSignature.

    https://docs.stripe.com/webhooks#verify-official-libraries; the tolerance is the library's, 300 seconds.
    """
    if not _is_recent(payload, signature):
        raise BadSignature
    try:
        event = json.loads(payload, parse_constant=_no_number)
    except (RecursionError, ValueError) as error:
        raise BadSignature from error
    if not isinstance(event, dict) or not isinstance(event.get("id"), str):
        raise BadSignature
    return event


def _no_number(name: str) -> Never:
    """NaN and Infinity are not JSON, and no database accepts them."""
    raise ValueError(name)


def _is_recent(payload: bytes, signature: str) -> bool:
    """Signed with one of the secrets, recently, by our clock or by Stripe's."""
    if not any(_signed_with(secret, payload, signature) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        return False
    age, tolerance = time.time() - _signed_at(signature), stripe.Webhook.DEFAULT_TOLERANCE
    if abs(age) <= tolerance:
        return True
    if clock.stripe_ahead() is None:
        ask_the_time(seconds=CONNECT_SECONDS)
    ahead = clock.stripe_ahead() or 0.0
    return abs(ahead) > clock.TOLERATED_SECONDS and abs(age + ahead) <= tolerance


def _signed_at(signature: str) -> int:
    """In seconds since 1970, from a header known to be well-formed."""
    return int(next(value for name, _, value in (part.partition("=") for part in signature.split(",")) if name == "t"))


def _signed_with(secret: str, payload: bytes, signature: str) -> bool:
    """Regardless of its time, which the library checks by our clock, and only for age."""
    try:
        return bool(stripe.WebhookSignature.verify_header(payload, signature, secret, None))
    except (TypeError, UnicodeDecodeError, stripe.SignatureVerificationError):  # TypeError: not even ASCII
        return False
