"""An edit in the Dashboard, the read that finds it, and the drift."""

from typing import Any

from django.db.models import F

from billings.models import BillingProduct, Drift
from billings.sync.converge import Result
from billings.tests.support.sold import Sold
from tools.testing.sandbox import Sandbox


def edit(sandbox: Sandbox, sold: Sold, **body: Any) -> None:
    sandbox.dashboard(f"products/{sold.product.stripe_id}", **body)


def edit_price(sandbox: Sandbox, sold: Sold, unit_amount: int) -> str:
    """As the Dashboard does: a new price becomes the default, the old one is archived."""
    return sandbox.dashboard(f"products/{sold.product.stripe_id}/price", unit_amount=unit_amount)["id"]


def add_price(sandbox: Sandbox, sold: Sold, **terms: Any) -> str:
    terms = {"unit_amount": 3900, "currency": "usd"} | terms
    return sandbox.dashboard("prices", product=sold.product.stripe_id, **terms)["id"]


def ask_for_a_read(sold: Sold) -> None:
    BillingProduct.objects.filter(pk=sold.row.pk).update(reads_requested=F("reads_requested") + 1)


def read(sold: Sold) -> None:
    ask_for_a_read(sold)
    assert sold.converge() is Result.DONE


def open_drift(sold: Sold) -> Drift:
    return sold.product.drifts.get(closed_at=None)


def no_drift(sold: Sold) -> bool:
    return not sold.product.drifts.exists()
