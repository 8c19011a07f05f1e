"""Authentication: the account and mode of a secret key, and its permissions (docs.stripe.com/keys).

Any `sk_test_…`, `rk_test_…`, `sk_live_…` or `rk_live_…` belongs to the one default account, unless the sandbox was
started with a key of its own. Three spellings have a meaning, so that tests need no preparation: `sk_test_ACCT2_…`
belongs to a second account (any digits), `…_NOPERM_…` may do nothing, `…_READONLY_…` may only read.

Permissions of restricted keys have the names that Stripe's own error messages use (`permissions.py`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stripe_sandbox.errors import ApiError
from stripe_sandbox.permissions import EVERYTHING, READING, allowing

DEFAULT_ACCOUNT = "acct_1SandboxAccount0"

_SECRET = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_SHOWN = re.compile(r"(?:(?:sk|rk|pk)_(?:test|live)_)?")  # the part of a key that is never masked
_OTHER_ACCOUNT = re.compile(r"_ACCT(\d+)_")


@dataclass(frozen=True, slots=True)
class Realm:
    """One account in one mode: everything a key can see."""

    account: str
    livemode: bool

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"


@dataclass(frozen=True, slots=True)
class Key:
    realm: Realm
    secret: str = ""
    permissions: frozenset[str] = EVERYTHING

    def must_allow(self, needed: Iterable[str]) -> None:
        """Raises Stripe's 403 for the first missing permission; write includes read."""
        if self.permissions is EVERYTHING:
            return
        granted = allowing(self.permissions)
        for permission in needed:
            if permission not in granted:
                raise no_permission(self.secret, self.realm.account, permission)


class Keyring:
    def __init__(self, only: str | None = None, restricted: frozenset[str] = EVERYTHING) -> None:
        self.only = only
        self.restricted = restricted  # permissions of restricted keys that were not registered
        self.registered: dict[str, Key | None] = {}  # None: revoked

    def identify(self, headers: Mapping[str, str]) -> Key:
        """The key of a request. Raises 401, or 403 for a key that is not secret."""
        secret = _presented(headers)
        key = self.registered[secret] if secret in self.registered else self._guess(secret)
        if key is None:
            raise ApiError(401, f"Invalid API Key provided: {masked(secret)}")
        account = headers.get("stripe-account")
        if account and account != key.realm.account:
            raise no_access(secret, account)
        return key

    def _guess(self, secret: str) -> Key | None:
        match = _SECRET.fullmatch(secret)
        if secret.startswith("pk_"):
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise ApiError(403, message, "secret_key_required")
        if match is None or self.only not in (None, secret):
            return None
        other = _OTHER_ACCOUNT.search(secret)
        account = f"acct_1SandboxAccount{other[1]}" if other else DEFAULT_ACCOUNT
        return Key(Realm(account, match[1] == "live"), secret, self._permissions(secret))

    def _permissions(self, secret: str) -> frozenset[str]:
        if "_NOPERM_" in secret:
            return frozenset()
        if "_READONLY_" in secret:
            return READING
        return self.restricted if secret.startswith("rk_") else EVERYTHING


def _presented(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    secret = value.strip()
    if scheme.lower() == "basic":
        try:
            secret = base64.b64decode(secret, validate=True).decode().split(":")[0]
        except ValueError:
            secret = ""
    elif scheme.lower() != "bearer":
        secret = ""
    if secret:
        return secret
    raise ApiError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        "details, or we can help at https://support.stripe.com/.",
    )


def masked(secret: str) -> str:
    """`sk_test_*****abcd`: responses and the log never hold a whole key.

    A star for each hidden character, then the last four: 403 `account_invalid` of 2026-06-24
    (openfoodfoundation/openfoodnetwork, cassettes of Stripe 19.3.1). Short keys hide all but their beginning: our
    reading.
    """
    shown = _SHOWN.match(secret)
    start = shown[0] if shown else ""
    hidden = secret[len(start) :]
    end = hidden[-4:] if len(hidden) > 8 else ""
    return f"{start}{'*' * (len(hidden) - len(end))}{end}"


def no_permission(secret: str, account: str, permission: str) -> ApiError:
    """The 403 of a restricted key without a permission, worded as seen in 2025 and 2026; the code is Stripe's too."""
    message = (
        f"The provided key '{masked(secret)}' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{permission}' permission would allow this request to continue."
    )
    return ApiError(403, message, code="more_permissions_required")


def no_access(secret: str, account: str) -> ApiError:
    message = (
        f"The provided key '{masked(secret)}' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked."
    )
    return ApiError(403, message, "account_invalid")
