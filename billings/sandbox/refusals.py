"""Refusals in Stripe's words and shapes (docs.stripe.com/api/errors, docs.stripe.com/error-codes)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from billings.sandbox.shapes import Json

INVALID_REQUEST = "invalid_request_error"


@dataclass
class Refusal(Exception):
    """An answer that is not 2xx. It is remembered for its idempotency key when the operation itself raised it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str = INVALID_REQUEST
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str, *, livemode: bool = False) -> Json:
        error: Json = {"message": self.message, "type": self.type}
        if self.code:
            error |= {
                "code": self.code,
                "doc_url": f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
            }
        if self.param:
            error["param"] = self.param
        mode = "" if livemode else "test/"
        return {"error": error | {"request_log_url": f"https://dashboard.stripe.com/{mode}logs/{request_id}"}}


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    return Refusal(400, message, code, param)


def missing(param: str) -> Refusal:
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unknown(params: Iterable[str]) -> Refusal:
    names = sorted(params)
    plural = "s" if len(names) > 1 else ""
    return invalid(f"Received unknown parameter{plural}: {', '.join(names)}", names[0], "parameter_unknown")


def exclusive(params: Iterable[str]) -> Refusal:
    names = sorted(params)
    return invalid(
        f"You may only specify one of these parameters: {', '.join(names)}.", names[0], "parameters_exclusive"
    )


def too_long(param: str, value: str, most: int) -> Refusal:
    return invalid(f"Invalid string: {value[:8]}...{value[-8:]}; must be at most {most} characters", param)


def no_such(
    kind: str, object_id: str, param: str = "id", *, status: int = 404, elsewhere: str | None = None
) -> Refusal:
    """An unknown id: 404 in the path, 400 in a parameter. `elsewhere` is the other mode, when it is known there."""
    message = f"No such {kind}: '{object_id}'"
    if elsewhere:
        used = "test" if elsewhere == "live" else "live"
        message += (
            f"; a similar object exists in {elsewhere} mode, but a {used} mode key was used to make this request."
        )
    return Refusal(status, message, "resource_missing", param)


def too_large(most: int) -> Refusal:
    return Refusal(413, f"The body of the request is too large: at most {most} bytes are taken.")


def no_such_address(method: str, path: str) -> Refusal:
    return Refusal(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
    )


def server_error(status: int, *, stored: bool) -> Refusal:
    """A 5xx. When the key remembers it, trying again is no use, and `Stripe-Should-Retry` says so.

    Source of the header's meaning: the comments in stripe-python's `_should_retry`.
    """
    message = "An unknown error occurred. Please try again, or contact us at https://support.stripe.com/."
    headers = {"Stripe-Should-Retry": "false"} if stored else {}
    return Refusal(status, message, type="api_error", headers=headers)


def rate_limited(reason: str) -> Refusal:
    """docs.stripe.com/rate-limits: 429 with the limiter's name, and no promise of a Retry-After."""
    return Refusal(
        429,
        "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        "rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> Refusal:
    """docs.stripe.com/rate-limits#object-lock-timeouts: 429 without the limiter's header, worth another try."""
    return Refusal(
        429,
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request. If you see this error frequently and are making "
        "multiple concurrent requests to a single object, make your requests serially or at a lower rate. For more "
        "details, see https://stripe.com/docs/rate-limits#object-lock-timeouts.",
        "lock_timeout",
        headers={"Stripe-Should-Retry": "true"},
    )


def key_in_use(key: str) -> Refusal:
    """docs.stripe.com/error-low-level: the first request of this key is still at work."""
    return Refusal(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Try again later.",
        "idempotency_key_in_use",
        type="idempotency_error",
    )
