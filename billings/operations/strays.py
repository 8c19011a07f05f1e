"""Products in Stripe that no course sells by: recorded by comparisons, and what staff do about each."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.utils.translation import gettext as _

from billings import clock
from billings.models import StrayProduct, StripeRequest
from billings.stripe_api import accounts, gateway, rate_limit, requests
from billings.stripe_api.accounts import Account

Handled = StrayProduct.Handled
SHOWN = 50


class NotDone(Exception):
    """It could not be archived; says why in one sentence."""


def keep(products: Iterable[Mapping[str, Any]], *, account: Account, at: datetime) -> dict[str, StrayProduct]:
    """Record a page of products that belong to no course (two queries); returns those nobody has handled, by id."""
    rows = [
        StrayProduct(
            account=account.id,
            livemode=account.livemode,
            stripe_id=data["id"],
            name=str(data.get("name") or ""),
            course_id=str((data.get("metadata") or {}).get("course_id", "")),
            active=bool(data.get("active")),
            seen_at=at,
        )
        for data in products
    ]
    if not rows:
        return {}
    StrayProduct.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account", "livemode", "stripe_id"],
        update_fields=["name", "course_id", "active", "seen_at"],
    )
    known = _of(account).filter(stripe_id__in=[row.stripe_id for row in rows])
    # Archived by us and active again: someone changed it in Stripe.
    known.filter(handled=Handled.ARCHIVED, active=True).update(handled=Handled.NO)
    return {row.stripe_id: row for row in known.filter(handled=Handled.NO)}


def forget_unseen(*, account: Account, since: datetime) -> None:
    """After a complete comparison: delete rows it did not see, which are gone or belong to a course by now."""
    _of(account).filter(seen_at__lt=since).delete()


def unhandled() -> list[StrayProduct]:
    """Orphans first; one more than are shown."""
    return list(StrayProduct.objects.filter(handled=Handled.NO).order_by("-course_id", "name", "pk")[: SHOWN + 1])


def set_aside(stray: StrayProduct, *, actor: User) -> None:
    """Mark as not ours: no longer listed, and left as it is in Stripe."""
    _close(stray, Handled.NOT_OURS, actor)


def archive(stray: StrayProduct, *, actor: User) -> None:
    """Take it off sale in Stripe (`active=false`, which can be undone there). Raises NotDone.

    The request is committed before it is sent, and repeated with its key until Stripe answers.
    """
    seconds = float(settings.STRIPE_TIMEOUT_SECONDS)
    _check_account(stray, seconds)
    request = _open_request(stray)
    rate_limit.wait_for_turn()
    StripeRequest.objects.filter(pk=request.pk).update(last_sent_at=clock.now(), sends=F("sends") + 1)
    verdict = gateway.post(request.path, request.params, key=request.key, seconds=seconds)
    if isinstance(verdict, gateway.Unanswered):
        raise NotDone(_("Stripe did not answer. Try again; nothing is done twice."))
    requests.resolve(request, verdict)
    if isinstance(verdict, gateway.Succeeded):
        StrayProduct.objects.filter(pk=stray.pk).update(active=False)
        _close(stray, Handled.ARCHIVED, actor)
    elif isinstance(verdict, gateway.Rejected) and verdict.code == "resource_missing":
        StrayProduct.objects.filter(pk=stray.pk).delete()
    else:
        raise NotDone(_("Stripe rejected this: %(why)s") % {"why": verdict.message})


def _open_request(stray: StrayProduct) -> StripeRequest:
    """The open request, or a new one; two people who press at once get the same."""
    request, _made = StripeRequest.objects.get_or_create(
        stray=stray,
        resolved_at=None,
        defaults={
            "key": f"stray-{stray.pk}-{secrets.token_urlsafe(16)}",
            "step": "archive_stray",
            "path": f"/v1/products/{stray.stripe_id}",
            "params": {"active": False},
            "account": stray.account,
            "livemode": stray.livemode,
            "key_made_at": clock.stripe_now(),
        },
    )
    return request


def _check_account(stray: StrayProduct, seconds: float) -> None:
    try:
        present = accounts.present(seconds=seconds)
    except gateway.ReadFailed as failed:
        raise NotDone(_("Stripe could not be asked: %(why)s") % {"why": failed}) from None
    if present != Account(stray.account, stray.livemode):
        raise NotDone(_("The key is of another Stripe account by now. Compare again first."))


def _of(account: Account) -> Any:
    return StrayProduct.objects.filter(account=account.id, livemode=account.livemode)


def _close(stray: StrayProduct, handled: StrayProduct.Handled, actor: User) -> None:
    StrayProduct.objects.filter(pk=stray.pk).update(handled=handled, handled_by=actor)
