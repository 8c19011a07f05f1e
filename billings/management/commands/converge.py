"""`manage.py converge`: bring Stripe to the desired state, now."""

import json
import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from billings.models import BillingProduct, behind
from billings.operations.agreement import Disagreement, disagreements
from billings.sync.converge import Result, converge

LEASE_WAIT_SECONDS = 180.0
LEASE_POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = (
        "Bring Stripe to what is desired, now: what is pending, one course, or all. "
        "Exit 1: Stripe does not hold what is desired of some course, which is named with the cause."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--course", type=UUID, help="only this course")
        group.add_argument("--all", action="store_true", help="every course, pending or not")
        parser.add_argument("--json", action="store_true", help="for API clients")

    def handle(self, *, course: UUID | None, all: bool, json: bool, **options: Any) -> None:  # noqa: A002  # the option's name
        scope = BillingProduct.objects.order_by("created_at")
        if course:
            scope = scope.filter(course_id=course)
            if not scope.exists():
                raise CommandError(f"There is no course {course}.")
        products = scope if course or all else scope.filter(behind())
        ids = list(products.values_list("pk", flat=True))
        left = [product_id for product_id in ids if _patiently(product_id) is not Result.DONE]
        found = list(disagreements(scope))
        if json:
            self.stdout.write(_as_json(found, tried=len(ids), left=len(left)))
        else:
            self.stdout.write("\n".join([*map(str, found), _sum(tried=len(ids), left=len(left))]))
        if left or found:
            raise SystemExit(1)


def _sum(*, tried: int, left: int) -> str:
    return f"{tried - left} of {tried} have nothing left to do in Stripe."


def _as_json(found: list[Disagreement], *, tried: int, left: int) -> str:
    report = {
        "agrees": not (found or left),
        "tried": tried,
        "done": tried - left,
        "unfinished": [one.as_json() for one in found],
    }
    return json.dumps(report, ensure_ascii=False)


def _patiently(product_id: UUID) -> Result:
    """Converge regardless of the backoff, and wait for another process's lease."""
    give_up_at = time.monotonic() + LEASE_WAIT_SECONDS
    while (result := converge(product_id)) is Result.BUSY and time.monotonic() < give_up_at:
        time.sleep(LEASE_POLL_SECONDS)
    return result
