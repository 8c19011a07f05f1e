"""Rows of billing as converge would leave them, written without it."""

from typing import Any

from django.utils import timezone

from billings.models import BillingProduct, Drift, StripeRequest
from billings.product_fields import Field
from billings.tests.support.sold import Sold


def put(sold: Sold, **columns: Any) -> BillingProduct:
    BillingProduct.objects.filter(pk=sold.row.pk).update(**columns)
    return sold.product


def drift(product: BillingProduct, field: Field, remote_value: Any = "") -> Drift:
    """As converge opens it, and has gone on since."""
    generation = product.generation + 1
    BillingProduct.objects.filter(pk=product.pk).update(generation=generation, observed_generation=generation)
    local: Any = {"default": "price_1", "active": ["price_1"], "words": "$49.00"} if field == Field.PRICE else ""
    return product.drifts.create(field=field, local_value=local, remote_value=remote_value)


def reject(product: BillingProduct, message: str = "Your account cannot make charges in chf.") -> None:
    request = product.requests.create(
        key=str(product.pk),
        path="/v1/prices",
        step="create_price",
        params={},
        livemode=False,
        generation=1,
        resolved_at=timezone.now(),
        outcome=StripeRequest.Outcome.REJECTED,
        error_message=message,
    )
    product.rejections.create(field=Field.PRICE, request=request)
