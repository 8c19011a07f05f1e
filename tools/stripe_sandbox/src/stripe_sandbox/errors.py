"""Errors in Stripe's words and shapes (docs.stripe.com/api/errors, docs.stripe.com/error-codes)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stripe_sandbox.shapes import Json

INVALID_REQUEST = "invalid_request_error"
WITHOUT_PAGE = ("property_expansion_max_depth",)  # codes that Stripe links to no page: crvouga/mockingbird


@dataclass
class ApiError(Exception):
    """A response that is not 2xx. It is stored for its idempotency key if the operation itself raised it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str = INVALID_REQUEST
    headers: Mapping[str, str] = field(default_factory=dict)
    logged: bool = True  # whether the Dashboard has a page about the request

    @property
    def anonymous(self) -> bool:
        """Rejected during authentication: 401 and 403 `account_invalid` have no Request-Id and no page.

        pay-rails/pay (17 of 17, 2025-03-31) and openfoodfoundation/openfoodnetwork (2026-06-24).
        """
        return self.status == 401 or self.code == "account_invalid"

    @property
    def remembered(self) -> bool:
        """Whether it is stored for the key, as `Stripe-Should-Retry: false` tells.

        Not for errors before the operation: 401, 403, 409, 429, and an unknown id in a parameter, which never has that
        header in 94 responses of antiwork/gumroad.
        """
        return self.status not in (401, 403, 409, 429) and self.code != "resource_missing"

    def body(self, request_id: str, *, account: str | None = None, livemode: bool = False) -> Json:
        """Its fields in alphabetical order, as Stripe writes them. `account`: whose request it was."""
        error: Json = {"message": self.message, "type": self.type}
        if self.code:
            error["code"] = self.code
            if self.code not in WITHOUT_PAGE:
                error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        if account and self.logged and not self.anonymous:
            error["request_log_url"] = log_page(account, request_id, livemode=livemode)
        return {"error": dict(sorted(error.items()))}


def log_page(account: str, request_id: str, *, livemode: bool) -> str:
    """As recorded by openfoodfoundation/openfoodnetwork (2026-06-24); until 2025 it was `…/test/logs/req_…`."""
    mode = "" if livemode else "/test"
    return f"https://dashboard.stripe.com/{account}{mode}/workbench/logs?object={request_id}"


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, code, param)


def missing(param: str) -> ApiError:
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unknown(params: Iterable[str]) -> ApiError:
    names = sorted(params)
    plural = "s" if len(names) > 1 else ""
    return invalid(f"Received unknown parameter{plural}: {', '.join(names)}", names[0], "parameter_unknown")


def exclusive(params: Sequence[str]) -> ApiError:
    """Without a code, and naming the first of them: Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26)."""
    return invalid(f"You may only specify one of these parameters: {', '.join(params)}.", params[0])


def empty(param: str) -> ApiError:
    return invalid(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty "
        "value.",
        param,
        "parameter_invalid_empty",
    )


def too_long(param: str, value: str, most: int) -> ApiError:
    """Messages by crvouga/mockingbird, which is compared with Stripe's test mode (2026-08-26)."""
    if re.search(r"(^|\[)unit_label\]?$", param):
        return invalid(f"Invalid string length: {value} must be at most {most} characters", param)
    shown = value if len(value) <= 8 else f"{value[:4]}...{value[-4:]}"
    return invalid(f"Invalid string: {shown}; must be at most {most} characters", param)


def no_such(
    kind: str, object_id: str, param: str = "id", *, status: int = 404, elsewhere: str | None = None
) -> ApiError:
    """An unknown id: 404 in the path, 400 in a parameter. `elsewhere`: the mode in which it exists, if any."""
    message = f"No such {kind}: '{_quoted(object_id)}'{_hint(object_id)}"
    if elsewhere:
        used = "test" if elsewhere == "live" else "live"
        message += (
            f"; a similar object exists in {elsewhere} mode, but a {used} mode key was used to make this request."
        )
    return ApiError(status, message, "resource_missing", param)


def _quoted(object_id: str) -> str:
    """As Stripe quotes an id: crvouga/mockingbird, compared with test mode (2026-08-26)."""
    short = object_id if len(object_id) <= 998 else f"{object_id[:490]}...(truncated)...{object_id[-490:]}"
    return re.sub(r"[\\'\"]", r"\\\g<0>", short).translate({ord(sign): f"\\u{ord(sign):04X}" for sign in "<>&"})


def _hint(object_id: str) -> str:
    odd = re.search(r"^[\s'\"]|[\s'\"]$", object_id)
    return ". Make sure you use the exact id without extra whitespace or quotes" if odd else ""


def too_large(most: int) -> ApiError:
    return ApiError(413, f"The body of the request is too large: at most {most} bytes are taken.")


def no_such_address(method: str, path: str) -> ApiError:
    """Without a page: Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26)."""
    advice = ""
    if path.endswith("/"):  # crvouga/mockingbird
        advice = (
            "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, "
            "make sure you passed a valid (non-empty) identifier in your code. "
        )
    return ApiError(
        404,
        f"Unrecognized request URL ({method}: {path}). {advice}Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
        logged=False,
    )


def server_error(status: int, *, stored: bool) -> ApiError:
    """A 5xx. If it is stored for the key, a retry is useless, and `Stripe-Should-Retry` says so.

    Source of the header's meaning: the comments in stripe-python's `_should_retry`.
    """
    message = "An unknown error occurred. Please try again, or contact us at https://support.stripe.com/."
    headers = {"Stripe-Should-Retry": "false"} if stored else {}
    return ApiError(status, message, type="api_error", headers=headers)


def rate_limited(reason: str, *, livemode: bool) -> ApiError:
    """docs.stripe.com/rate-limits: 429 with the limiter's name, and no promise of a Retry-After.

    Test mode's message is from logs quoted in issues of franckverrot/terraform-provider-stripe.
    """
    page = "here https://stripe.com/docs/rate-limits."
    of_test_mode = (
        "Testmode request rate limit exceeded, the rate limits in testmode are lower than livemode. You can learn more "
        f"about rate limits {page}"
    )
    return ApiError(
        429,
        f"Request rate limit exceeded. Learn more about rate limits {page}" if livemode else of_test_mode,
        "rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> ApiError:
    """docs.stripe.com/rate-limits#object-lock-timeouts: 429 without the limiter's header, can be retried."""
    return ApiError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request. If you see this error frequently and are making "
        "multiple concurrent requests to a single object, make your requests serially or at a lower rate. For more "
        "details, see https://stripe.com/docs/rate-limits#object-lock-timeouts.",
        "lock_timeout",
        headers={"Stripe-Should-Retry": "true"},
    )


def key_in_use(key: str) -> ApiError:
    """docs.stripe.com/error-low-level: the first request with this key is still in progress.

    Its type: crvouga/mockingbird (2026-08-26) and openedx/commerce-coordinator; the sentence: logs of 2025.
    """
    return ApiError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later.",
        "idempotency_key_in_use",
    )
