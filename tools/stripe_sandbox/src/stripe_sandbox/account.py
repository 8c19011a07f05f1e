"""The account of a key (docs.stripe.com/api/accounts/object): enough to identify it."""

from __future__ import annotations

from stripe_sandbox.accounts import no_access
from stripe_sandbox.context import Context
from stripe_sandbox.shapes import Json

CREATED = 1_700_000_000


def retrieve(context: Context, params: Json, account_id: str | None = None) -> Json:
    if account_id not in (None, context.realm.account):
        raise no_access(context.secret, str(account_id))
    profile = (
        "mcc",
        "name",
        "product_description",
        "support_address",
        "support_email",
        "support_phone",
        "support_url",
        "url",
    )
    return {
        "id": context.realm.account,
        "object": "account",
        "business_profile": dict.fromkeys(profile) | {"name": "Stripe sandbox"},
        "business_type": None,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": CREATED,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "school@example.com",
        "external_accounts": _no_external_accounts(context.realm.account),
        "future_requirements": _no_requirements(),
        "metadata": {},
        "payouts_enabled": True,
        "requirements": _no_requirements(),
        "settings": {"dashboard": {"display_name": "Stripe sandbox", "timezone": "Etc/UTC"}},
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }


def list_all(context: Context, params: Json) -> Json:
    """Connected accounts: there are none."""
    for cursor in ("starting_after", "ending_before"):
        if cursor in params:
            raise no_access(context.secret, params[cursor])
    return {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"}


def _no_external_accounts(account_id: str) -> Json:
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/accounts/{account_id}/external_accounts"}


def _no_requirements() -> Json:
    names = ("alternatives", "currently_due", "errors", "eventually_due", "past_due", "pending_verification")
    return {name: [] for name in names} | {"current_deadline": None, "disabled_reason": None}
