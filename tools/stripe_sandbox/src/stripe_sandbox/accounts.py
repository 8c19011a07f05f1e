"""Whose key it is: the account and mode a secret key belongs to, and what it may do (docs.stripe.com/keys).

Any `sk_test_…`, `rk_test_…`, `sk_live_…` or `rk_live_…` is taken for the one default account, unless the sandbox was
started with a key of its own. Three spellings mean something, so that tests need no preparation:
`sk_test_ACCT2_…` belongs to a second account (any digits), `…_NOPERM_…` may do nothing, `…_READONLY_…` may only read.

What a restricted key may do is a set of permissions with the names that Stripe's own refusals use (`permissions.py`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stripe_sandbox.permissions import EVERYTHING, READING, allowing
from stripe_sandbox.refusals import Refusal

DEFAULT_ACCOUNT = "acct_1SandboxAccount0"

_SECRET = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_SHOWN = re.compile(r"(?:(?:sk|rk|pk)_(?:test|live)_)?")  # of a key that is repeated: what kind of key it is
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
    secret: str = ""
    permissions: frozenset[str] = EVERYTHING

    def must_allow(self, needed: Iterable[str]) -> None:
        """Raises Stripe's 403 for the first permission that is missing; writing includes reading."""
        if self.permissions is EVERYTHING:
            return
        granted = allowing(self.permissions)
        for permission in needed:
            if permission not in granted:
                raise no_permission(self.secret, self.realm.account, permission)


class Keyring:
    def __init__(self, only: str | None = None, restricted: frozenset[str] = EVERYTHING) -> None:
        self.only = only
        self.restricted = restricted  # what a restricted key may do that nobody registered
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
    raise Refusal(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        "details, or we can help at https://support.stripe.com/.",
    )


def masked(secret: str) -> str:
    """`sk_test_*****abcd`: never a whole key in an answer or in the log.

    A star for each hidden character, so that its length shows, and the last four: 403 `account_invalid` of 2026-06-24
    (openfoodfoundation/openfoodnetwork, cassettes of Stripe 19.3.1). Short keys hide all but their beginning: our
    reading.
    """
    shown = _SHOWN.match(secret)
    start = shown[0] if shown else ""
    hidden = secret[len(start) :]
    end = hidden[-4:] if len(hidden) > 8 else ""
    return f"{start}{'*' * (len(hidden) - len(end))}{end}"


def no_permission(secret: str, account: str, permission: str) -> Refusal:
    """A restricted key without a permission, in the words seen in 2025 and 2026; the code is Stripe's, too."""
    message = (
        f"The provided key '{masked(secret)}' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{permission}' permission would allow this request to continue."
    )
    return Refusal(403, message, code="more_permissions_required")


def no_access(secret: str, account: str) -> Refusal:
    message = (
        f"The provided key '{masked(secret)}' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked."
    )
    return Refusal(403, message, "account_invalid")
