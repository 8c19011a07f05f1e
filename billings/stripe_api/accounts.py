"""The Stripe account and mode of the present key, asked for once per key."""

from dataclasses import dataclass

from billings.models import Binding, StripeKey
from billings.stripe_api import gateway


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    livemode: bool


def present(*, seconds: float) -> Account:
    """The account of `STRIPE_SECRET_KEY`, from the database or by one request. Raises gateway.ReadFailed."""
    fingerprint = gateway.key_fingerprint()
    known = StripeKey.objects.filter(fingerprint=fingerprint).first()
    if known is None or not known.account:
        account = gateway.account_id(seconds=seconds)
        learned = {"account": account, "livemode": gateway.key_is_live()}
        known, is_new = StripeKey.objects.get_or_create(fingerprint=fingerprint, defaults=learned)
        if not is_new and not known.account:
            known.account = account
            known.save(update_fields=["account"])
    return Account(known.account, known.livemode)


def known_id() -> str:
    """The account of the present key, if it is known here; otherwise empty."""
    known = StripeKey.objects.filter(pk=gateway.key_fingerprint()).values_list("account", flat=True)
    return known.first() or ""


def row_of_key() -> StripeKey:
    """What is known of the present key; its account may still be empty."""
    defaults = {"account": "", "livemode": gateway.key_is_live()}
    known, _ = StripeKey.objects.get_or_create(fingerprint=gateway.key_fingerprint(), defaults=defaults)
    return known


def bound() -> Account | None:
    """The account in which everything is sold; None if nothing was ever sold."""
    binding = Binding.objects.filter(pk=Binding.ONLY).first()
    return Account(binding.account, binding.livemode) if binding else None


def bind_first(account: Account) -> Account:
    """The account in which everything is sold, which becomes this one if there was none."""
    columns = {"account": account.id, "livemode": account.livemode}
    binding, _ = Binding.objects.get_or_create(pk=Binding.ONLY, defaults=columns)
    return Account(binding.account, binding.livemode)


def rebind(account: Account) -> None:
    """Sell everything in this account from now on; only on request of a person."""
    columns = {"account": account.id, "livemode": account.livemode}
    Binding.objects.update_or_create(pk=Binding.ONLY, defaults=columns)


def label(account: str, livemode: bool) -> str:
    """An account as text."""
    return f"{account} ({'live' if livemode else 'test'})"
