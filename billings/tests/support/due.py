"""When the row of a course may be worked on."""

from datetime import timedelta

from django.utils import timezone

from billings.models import BillingProduct
from billings.tests.support.sold import Sold


def wait_until(sold: Sold, seconds: float) -> None:
    BillingProduct.objects.filter(pk=sold.row.pk).update(next_attempt_at=timezone.now() + timedelta(seconds=seconds))


def forget_the_lease(sold: Sold) -> None:
    """As if its expiry had passed."""
    BillingProduct.objects.filter(pk=sold.row.pk).update(lease_expires_at=timezone.now())
