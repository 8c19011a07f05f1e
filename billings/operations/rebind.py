"""Moves to another Stripe account or mode: sandbox to test, test to live. Only on request, never automatically."""

from itertools import batched
from uuid import UUID

from django.conf import settings
from django.db import transaction

from billings import clock
from billings.models import BillingPrice, BillingProduct, Drift, FormerProduct, Rejection, StripeRequest
from billings.product_fields import FIELDS
from billings.stripe_api import accounts
from billings.stripe_api.accounts import Account
from billings.sync import excluded

CHUNK = 200


def present_account() -> Account:
    """The account of the present key. Raises gateway.ReadFailed."""
    return accounts.present(seconds=float(settings.STRIPE_TIMEOUT_SECONDS))


def elsewhere(account: Account) -> list[UUID]:
    """Rows whose mirror belongs to another account or mode."""
    rows = BillingProduct.objects.exclude(account="").exclude(account=account.id, livemode=account.livemode)
    return list(rows.values_list("pk", flat=True))


def move(product_ids: list[UUID], account: Account) -> None:
    """Archive the old mirrors and reset them, so that everything is created again in `account`.

    The binding changes first, so that a worker that still has the old key creates nothing there.

    A response still on its way belongs to the old account: its request is resolved as indeterminate, and the holder of
    the lease finds its token outdated.
    """
    accounts.rebind(account)
    for chunk in batched(product_ids, CHUNK):
        with transaction.atomic():
            rows = list(BillingProduct.objects.select_for_update().filter(pk__in=chunk).prefetch_related("prices"))
            FormerProduct.objects.bulk_create(_record(row) for row in rows)
            _forget(rows)


def _record(row: BillingProduct) -> FormerProduct:
    terms = [entry.mirror_column for entry in FIELDS if entry.on_price]
    columns = ("stripe_id", "unit_amount", "currency", "interval", "currency_options", *terms, "active", "gone")
    prices = row.prices.values(*columns)
    return FormerProduct(
        product=row,
        account=row.account,
        livemode=row.livemode,
        stripe_id=row.stripe_id,
        default_price=row.observed_default_price,
        prices=list(prices),
    )


def _forget(rows: list[BillingProduct]) -> None:
    now = clock.now()
    BillingPrice.objects.filter(product__in=rows).delete()
    Rejection.objects.filter(product__in=rows).delete()
    open_drifts = Drift.objects.filter(product__in=rows, closed_at=None)
    open_drifts.update(closed_at=now, decision=Drift.Decision.REPLACED)
    left_open = StripeRequest.objects.filter(product__in=rows, resolved_at=None)
    left_open.update(resolved_at=now, outcome=StripeRequest.Outcome.INDETERMINATE)
    StripeRequest.objects.filter(product__in=rows).update(read_back=True)
    blank = BillingProduct()
    for row in rows:
        for column in FORGOTTEN:
            setattr(row, column, getattr(blank, column))
        row.generation += 1
        row.lease_token += 1
        row.reads_done = row.reads_requested
        row.next_attempt_at = row.behind_since = now
    columns = [*FORGOTTEN, "generation", "lease_token", "reads_done", "next_attempt_at", "behind_since"]
    BillingProduct.objects.bulk_update(rows, columns)
    excluded.look_again([row.pk for row in rows])


FORGOTTEN = (
    "stripe_id",
    "stripe_id_number",
    "account",
    "livemode",
    "exists",
    *(entry.mirror_column for entry in FIELDS if not entry.on_price),
    "observed_active",
    "observed_default_price",
    "sent_generation",
    "metadata_generation",
    "confirmed_at",
    "lease_expires_at",
    "attempts",
    "trouble",
    "trouble_message",
)
