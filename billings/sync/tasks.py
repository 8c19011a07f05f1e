"""Tasks of the worker, each one line."""

from uuid import UUID

from django.tasks import task

from billings.models import BillingProduct, behind, is_due
from billings.sync.converge import converge


@task
def converge_product(product_id: str) -> str:
    """The safety net of one save, which usually finds nothing to do."""
    is_wanted = BillingProduct.objects.filter(behind(), is_due(), pk=product_id).exists()
    return converge(UUID(product_id)).value if is_wanted else "not due"
