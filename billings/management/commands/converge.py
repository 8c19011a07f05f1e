"""`manage.py converge`: bring Stripe to what is desired, now."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from billings.converge import Result, converge
from billings.models import BillingProduct, behind
from billings.status import PREFETCH, annotate_state, describe

LEASE_WAIT_SECONDS = 180.0
LEASE_POLL_SECONDS = 0.2
CHUNK = 500


class Command(BaseCommand):
    help = "Bring Stripe to what is desired, now: what is pending, one course, or all. Exit 1: something is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--course", type=UUID, help="only this course")
        group.add_argument("--all", action="store_true", help="every course, pending or not")

    def handle(self, *, course: UUID | None, all: bool, **options: Any) -> None:  # noqa: A002  # the contract's name
        scope = BillingProduct.objects.order_by("created_at")
        if course:
            scope = scope.filter(course_id=course)
            if not scope.exists():
                raise CommandError(f"There is no course {course}.")
        products = scope if course or all else scope.filter(behind())
        ids = list(products.values_list("pk", flat=True))
        left = [product_id for product_id in ids if _patiently(product_id) is not Result.DONE]
        self._list(scope)
        self.stdout.write(f"{len(ids) - len(left)} of {len(ids)} have nothing left to do in Stripe.")
        if left:
            raise SystemExit(1)

    def _list(self, scope: QuerySet[BillingProduct]) -> None:
        """A line for everything that a person should know: what is left, drifted or refused."""
        notable = annotate_state(scope, prefix="").filter(
            behind() | Q(billing_state__in=("attention", "drift", "retrying"))
        )
        for product in notable.prefetch_related(*PREFETCH).iterator(chunk_size=CHUNK):
            status = describe(product, staff=True)
            self.stdout.write(f"{product.course_id} {product}: {status.state}. {status.sentence}")


def _patiently(product_id: UUID) -> Result:
    """Converge whatever the backoff says; another process's lease is waited out."""
    give_up_at = time.monotonic() + LEASE_WAIT_SECONDS
    while (result := converge(product_id)) is Result.BUSY and time.monotonic() < give_up_at:
        time.sleep(LEASE_POLL_SECONDS)
    return result
