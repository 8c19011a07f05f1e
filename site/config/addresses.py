"""Whose an email address is. Only its mailbox can say so: until then nobody comes in by it, and it takes from nobody.

Whoever opened an account with an address, or added one to theirs, may have typed somebody else's. So an address stands
for the account that confirmed it. While none has, it stands for the account that was opened with it, if that has no
confirmed one at all: there a forgotten password is reset by it, which is the proof.
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
    """The accounts that an address stands for: one, unless two were opened with it and neither has confirmed it."""
    if confirmed := list(User.objects.filter(emailaddress__email=email.lower(), emailaddress__verified=True)):
        return confirmed
    return list(User.objects.filter(~Exists(_CONFIRMED), email__iexact=email))


def has_confirmed(user: User, email: str | None = None) -> bool:
    """Whether `email`, or any address where none is named, is confirmed for this account."""
    mine = EmailAddress.objects.filter(user=user, verified=True)
    return bool((mine.filter(email=email.lower()) if email else mine).exists())


def vouch(user: User) -> None:
    """Take the address of an account without any as confirmed: who runs the portal made it, not sign-up."""
    if user.email and not EmailAddress.objects.filter(user=user).exists():
        taken = EmailAddress.objects.filter(email=user.email.lower(), verified=True).exists()
        EmailAddress.objects.create(user=user, email=user.email.lower(), primary=True, verified=not taken)


@dataclass(frozen=True, slots=True)
class FirstProof:
    """What became of an account whose address nobody had confirmed before."""

    email: str
    dropped: tuple[str, ...]


def prove_by_reset(user: User) -> FirstProof | None:
    """Confirm the address to which the link of a reset went; None where one was confirmed before, here or elsewhere.

    What may be another person's goes: other unconfirmed addresses, by which they could come back. Their sessions end by
    the new password.
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
    """Of links that reset a password: one is void when the account's addresses are others than when it was sent."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        addresses: Iterable[tuple[str, bool]] = EmailAddress.objects.filter(user=user).values_list("email", "verified")
        return f"{super()._make_hash_value(user, timestamp)}{sorted(addresses)}"


class ConfirmedAddresses(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """Signing in takes a confirmed address. Without, a right password is as good as a wrong one, in all that shows.

    Else whoever signs up with an address and then signs in learns whether it had an account before.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            return None
        vouch(user)
        return user if has_confirmed(user, credentials.get("email")) else None
