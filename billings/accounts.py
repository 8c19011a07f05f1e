"""Which Stripe account and mode the present key belongs to; asked once for each key."""

from dataclasses import dataclass

from billings import gateway
from billings.models import StripeKey


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    livemode: bool


def present(*, seconds: float) -> Account:
    """The account of `STRIPE_SECRET_KEY`, from memory or by one call. Raises gateway.ReadFailed."""
    fingerprint = gateway.key_fingerprint()
    known = StripeKey.objects.filter(fingerprint=fingerprint).first()
    if known is None:
        known, _ = StripeKey.objects.get_or_create(
            fingerprint=fingerprint,
            defaults={"account": gateway.account_id(seconds=seconds), "livemode": gateway.key_is_live()},
        )
    return Account(known.account, known.livemode)


def words(account: str, livemode: bool) -> str:
    """An account as people read it."""
    return f"{account} ({'live' if livemode else 'test'})"
