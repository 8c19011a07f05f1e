"""Whether a course has fields that plans leave alone, written on its own row: what lists count and filter by.

`BillingProduct.state` is computed by the database from columns of the row alone, and so cannot be older than they are.
These two columns are about other rows, and have one writer, which looks at those rows again: it corrects whatever was
wrong before, and costs a statement only where a drift or a rejection came or went.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from billings.models import BillingProduct, Drift, Rejection

_DRIFT = Exists(Drift.objects.filter(product=OuterRef("pk"), closed_at=None))
_REJECTION = Exists(Rejection.objects.filter(product=OuterRef("pk")))


def look_again(product_ids: Iterable[UUID]) -> None:
    """Write down whether these have an open drift and a rejection; in the transaction that changed one of them."""
    BillingProduct.objects.filter(pk__in=product_ids).update(has_drift=_DRIFT, has_rejection=_REJECTION)


def delete_rejections(rejections: QuerySet[Rejection], product_id: UUID) -> bool:
    """Ask Stripe again about what it rejected of this product; whether there was anything."""
    deleted, _ = rejections.delete()
    if deleted:
        look_again([product_id])
    return bool(deleted)


def wrong() -> QuerySet[BillingProduct]:
    """Rows of which this module was not told. There are none."""
    return BillingProduct.objects.filter(~Q(has_drift=_DRIFT) | ~Q(has_rejection=_REJECTION))
