"""The key's permissions in Stripe, tested without changing anything, and stored with the time of the test.

A POST that lacks a required parameter gets 403 if the key lacks the permission, and 400 if it has it: Stripe checks
permissions first. https://docs.stripe.com/keys#limit-access
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billings import clock
from billings.models import StripeKey
from billings.stripe_api import accounts, gateway

CHECK_EVERY = timedelta(hours=24)
# Missing permissions are tested again soon: someone may be granting them right now.
CHECK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Permission:
    """`label` is its name in the Dashboard; `purpose` what does not work without it."""

    name: str
    label: str
    method: str
    path: str
    is_required: bool
    purpose: str | Promise


PERMISSIONS = (
    Permission("products", "Core > Products: Write", "post", "/v1/products", True, _("Nothing is sold without it.")),
    Permission("prices", "Billing > Prices: Write", "post", "/v1/prices", True, _("Nothing is sold without it.")),
    Permission(
        "events",
        "Core > Events: Read",
        "get",
        "/v1/events",
        True,
        _("Without it, changes made in Stripe are found only by webhooks and by the full compare."),
    ),
    Permission(
        "account",
        "Connect > Accounts: Read",
        "get",
        "/v1/account",
        False,
        _("Optional: Stripe names the account where it can be learned otherwise."),
    ),
    Permission(
        "webhooks_read",
        "Webhook > Webhook Endpoints: Read",
        "get",
        "/v1/webhook_endpoints",
        False,
        _("Optional: shows whether Stripe knows this portal's webhook endpoint."),
    ),
    Permission(
        "webhooks_write",
        "Webhook > Webhook Endpoints: Write",
        "post",
        "/v1/webhook_endpoints",
        False,
        _("Optional: registers that endpoint from here."),
    ),
)


def is_restricted() -> bool:
    """Secret keys have all permissions."""
    return str(settings.STRIPE_SECRET_KEY).startswith("rk_")


def check(*, seconds: float) -> StripeKey:
    """Test each permission by one request, and store the results. Raises gateway.ReadFailed."""
    row = accounts.row_of_key()
    row.permissions = {one.name: _tested(one, seconds) for one in PERMISSIONS}
    row.permissions_checked_at = clock.now()
    row.save(update_fields=["permissions", "permissions_checked_at"])
    return row


def _tested(permission: Permission, seconds: float) -> dict[str, str | bool]:
    params = {"limit": 1} if permission.method == "get" and permission.name != "account" else {}
    granted, why = gateway.permits(permission.method, permission.path, params, seconds=seconds)
    return {"granted": granted, "why": why}


def is_due() -> bool:
    """Whether a restricted key should be tested (again); other keys need no test (and no query)."""
    if not is_restricted():
        return False
    row = StripeKey.objects.filter(pk=gateway.key_fingerprint()).first()
    if row is None or row.permissions_checked_at is None:
        return True
    lacks = any(one.is_required and not is_granted(row, one) for one in PERMISSIONS)
    age = clock.now() - row.permissions_checked_at
    return not timedelta(0) <= age < (CHECK_AGAIN if lacks else CHECK_EVERY)


def is_granted(row: StripeKey, permission: Permission) -> bool | None:
    """None: not tested yet."""
    tested = row.permissions.get(permission.name)
    return tested["granted"] if tested else None
