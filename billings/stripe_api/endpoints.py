"""The portal's webhook endpoint as Stripe knows it: whether it exists and gets the needed events, and registering it.

https://docs.stripe.com/api/webhook_endpoints
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import clock
from billings.models import StripeKey, Trouble
from billings.stripe_api import accounts, event_types, gateway
from billings.stripe_api.gateway import API_VERSION, Indeterminate, ReadFailed, Succeeded, Unanswered

CHECK_EVERY = timedelta(hours=24)


class NoPublicAddress(Exception):
    """This machine has no public address that Stripe could call."""

    def __str__(self) -> str:
        return _("Stripe cannot reach %(url)s: set SITE_URL to the public https address of this portal first.") % {
            "url": settings.SITE_URL
        }


class NotRegistered(Exception):
    """Stripe rejected the registration; has Stripe's message."""


@dataclass(frozen=True, slots=True)
class Registered:
    """`secret` is only in the response that created the endpoint; None: it existed before."""

    id: str
    url: str
    secret: str | None
    changed: bool


def url() -> str:
    """The URL that Stripe should send events to."""
    return f"{settings.SITE_URL}{reverse('billings:webhook')}"


def is_ours(endpoint_url: str) -> bool:
    """Whether an endpoint's URL is this portal's, however it is spelled."""
    return _place(endpoint_url) == _place(url())


def _place(address: str) -> tuple[str, str, int | None, str]:
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", address, None, "")
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    return (parts.scheme, host, port, parts.path.rstrip("/"))


def missing_events(events: list[str]) -> list[str]:
    """The needed events that an endpoint does not get."""
    return [] if "*" in events else [name for name in event_types.handled_types() if name not in events]


def check(*, seconds: float) -> StripeKey:
    """List the endpoints Stripe knows, and store the result or the reason for its absence. Raises ReadFailed."""
    row = accounts.row_of_key()
    try:
        found = gateway.webhook_endpoints(seconds=seconds)
    except ReadFailed as failed:
        if failed.unanswered.trouble != Trouble.PERMISSION:
            raise
        row.endpoints, row.endpoints_error = None, failed.unanswered.message
    else:
        row.endpoints, row.endpoints_error = [_kept(endpoint) for endpoint in found], ""
    row.endpoints_checked_at = clock.now()
    row.save(update_fields=["endpoints", "endpoints_error", "endpoints_checked_at"])
    return row


def _kept(endpoint: dict[str, Any]) -> dict[str, Any]:
    return {name: endpoint.get(name) for name in ("id", "url", "status", "enabled_events")}


def is_due() -> bool:
    row = StripeKey.objects.filter(pk=gateway.key_fingerprint()).only("endpoints_checked_at").first()
    if row is None or row.endpoints_checked_at is None:
        return True
    return not timedelta(0) <= clock.now() - row.endpoints_checked_at < CHECK_EVERY


def register(*, seconds: float) -> Registered:
    """Make sure that Stripe has this portal's endpoint, enabled, with the needed events. Idempotent.

    Raises NoPublicAddress, NotRegistered and ReadFailed.
    """
    if not settings.SITE_IS_PUBLIC:
        raise NoPublicAddress
    known = [endpoint for endpoint in gateway.webhook_endpoints(seconds=seconds) if is_ours(endpoint["url"])]
    done = _brought_up_to_date(known[0], seconds) if known else _create(seconds)
    check(seconds=seconds)
    return done


def _create(seconds: float) -> Registered:
    params = {
        "url": url(),
        "enabled_events": event_types.handled_types(),
        "api_version": API_VERSION,
        "description": "Course portal",
    }
    made = _post("/v1/webhook_endpoints", params, seconds)
    return Registered(made["id"], made["url"], made["secret"], changed=True)


def _brought_up_to_date(endpoint: dict[str, Any], seconds: float) -> Registered:
    missing = missing_events(endpoint["enabled_events"])
    if not missing and endpoint["status"] == "enabled":
        return Registered(endpoint["id"], endpoint["url"], None, changed=False)
    params = {"enabled_events": [*endpoint["enabled_events"], *missing], "disabled": False}
    _post(f"/v1/webhook_endpoints/{endpoint['id']}", params, seconds)
    return Registered(endpoint["id"], endpoint["url"], None, changed=True)


def _post(path: str, params: dict[str, Any], seconds: float) -> dict[str, Any]:
    verdict = gateway.post(path, params, key=f"webhook-endpoint-{secrets.token_urlsafe(16)}", seconds=seconds)
    if isinstance(verdict, Succeeded):
        return verdict.data
    if isinstance(verdict, Unanswered):
        raise ReadFailed(verdict)
    if isinstance(verdict, Indeterminate):
        raise ReadFailed(Unanswered(Trouble.FAILING, verdict.message, verdict.status, verdict.request_id))
    raise NotRegistered(verdict.message)
