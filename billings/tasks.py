"""What the worker runs, one line each into the modules that know how."""

from uuid import UUID

from django.tasks import task

from billings.converge import converge


@task
def converge_product(product_id: str) -> str:
    """The safety net of one save; finding nothing to do is its usual fate."""
    return converge(UUID(product_id)).value
