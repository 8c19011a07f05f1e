"""Which account an email address belongs to. Only its mailbox can prove that; until then nobody signs in with it.

Whoever opened an account with an address, or added one to theirs, may have typed another person's. So an address
belongs to the account that confirmed it. While none has, it belongs to the account that was opened with it, provided
that account has no confirmed address at all; there a password reset sent to the address is the proof.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest

_CONFIRMED = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)


def accounts_of(email: str) -> list[User]:
    """The accounts an address belongs to: one, unless two were opened with it and neither has confirmed it."""
    if confirmed := list(User.objects.filter(emailaddress__email=email.lower(), emailaddress__verified=True)):
        return confirmed
    return list(User.objects.filter(~Exists(_CONFIRMED), email__iexact=email))


def has_confirmed(user: User, email: str | None = None) -> bool:
    """Whether `email` (any address if None) is confirmed for this account."""
    mine = EmailAddress.objects.filter(user=user, verified=True)
    return bool((mine.filter(email=email.lower()) if email else mine).exists())


def trust_address(user: User) -> None:
    """Treat the address of an account without EmailAddress rows as confirmed: an operator made it, not sign-up."""
    if user.email and not EmailAddress.objects.filter(user=user).exists():
        taken = EmailAddress.objects.filter(email=user.email.lower(), verified=True).exists()
        EmailAddress.objects.create(user=user, email=user.email.lower(), primary=True, verified=not taken)


@dataclass(frozen=True, slots=True)
class FirstProof:
    """The result of confirming an account's address for the first time."""

    email: str
    dropped: tuple[str, ...]


def prove_by_reset(user: User) -> FirstProof | None:
    """Confirm the address that a reset link was sent to; None if an address was confirmed before, here or elsewhere.

    Other unconfirmed addresses may be another person's way back in, so they are removed. The new password ends the
    sessions.
    """
    with transaction.atomic():
        if user not in accounts_of(user.email) or has_confirmed(user):
            return None
        addresses = EmailAddress.objects.filter(user=user)
        others = addresses.exclude(email=user.email.lower())
        dropped = tuple(others.values_list("email", flat=True))
        others.delete()
        proved, _made = addresses.get_or_create(user=user, email=user.email.lower())
        proved.verified = proved.primary = True
        proved.save(update_fields=["verified", "primary"])
    return FirstProof(proved.email, dropped)


class ResetTokens(PasswordResetTokenGenerator):
    """Tokens of reset links: void once the account's addresses differ from those at the time of sending."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        addresses: Iterable[tuple[str, bool]] = EmailAddress.objects.filter(user=user).values_list("email", "verified")
        return f"{super()._make_hash_value(user, timestamp)}{sorted(addresses)}"


class ConfirmedAddresses(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """Signing in requires a confirmed address. Without one, a right password looks exactly like a wrong one.

    Otherwise signing up with an address and then signing in would reveal whether it already had an account.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            return None
        trust_address(user)
        return user if has_confirmed(user, credentials.get("email")) else None
