"""Whose key it is: the account and mode a secret key belongs to, and what it may do (docs.stripe.com/keys).

Any `sk_test_…`, `rk_test_…`, `sk_live_…` or `rk_live_…` is taken for the one default account, unless the sandbox was
started with a key of its own. Three spellings mean something, so that tests need no preparation:
`sk_test_ACCT2_…` belongs to a second account (any digits), `…_NOPERM_…` may do nothing, `…_READONLY_…` may only read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from billings.sandbox.refusals import Refusal

DEFAULT_ACCOUNT = "acct_1SandboxAccount0"

type Permission = Literal["write", "read", "none"]

_SECRET = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_OTHER_ACCOUNT = re.compile(r"_ACCT(\d+)_")


@dataclass(frozen=True, slots=True)
class Realm:
    """One account in one mode: what one key can see."""

    account: str
    livemode: bool

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"


@dataclass(frozen=True, slots=True)
class Key:
    realm: Realm
    permission: Permission = "write"

    def must_allow(self, method: str) -> None:
        if self.permission == "none" or (self.permission == "read" and method != "GET"):
            raise no_permission()


class Keyring:
    def __init__(self, only: str | None = None) -> None:
        self.only = only
        self.registered: dict[str, Key | None] = {}  # None: revoked

    def identify(self, headers: Mapping[str, str]) -> Key:
        """The key of a request, or a 401 (a 403 for a key that is no secret one)."""
        secret = _presented(headers)
        key = self.registered[secret] if secret in self.registered else self._guess(secret)
        if key is None:
            raise Refusal(401, f"Invalid API Key provided: {masked(secret)}")
        account = headers.get("stripe-account")
        if account and account != key.realm.account:
            raise no_access(secret, account)
        return key

    def _guess(self, secret: str) -> Key | None:
        match = _SECRET.fullmatch(secret)
        if secret.startswith("pk_"):
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise Refusal(403, message, "secret_key_required")
        if match is None or self.only not in (None, secret):
            return None
        other = _OTHER_ACCOUNT.search(secret)
        account = f"acct_1SandboxAccount{other[1]}" if other else DEFAULT_ACCOUNT
        permission: Permission = "none" if "_NOPERM_" in secret else "read" if "_READONLY_" in secret else "write"
        return Key(Realm(account, match[1] == "live"), permission)


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
    raise Refusal(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        "details, or we can help at https://support.stripe.com/.",
    )


def masked(secret: str) -> str:
    """`sk_test_…abcd`, as Stripe repeats keys: never a whole one in an answer or in the log."""
    return f"{secret[:8]}{'*' * 8}{secret[-4:]}" if len(secret) > 16 else f"{secret[:3]}****"


def no_permission() -> Refusal:
    """Our reading of docs.stripe.com/keys#limit-access: a restricted key without the permission answers 403."""
    message = "The provided key does not have the required permissions for this endpoint on this account."
    return Refusal(403, message, code="more_permissions_required")


def no_access(secret: str, account: str) -> Refusal:
    message = (
        f"The provided key '{masked(secret)}' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked."
    )
    return Refusal(403, message, "account_invalid")
