"""`manage.py reconcile`: compare the whole catalogue with Stripe."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import batched
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from billings import drifts, gateway, reconcile, sync_runs
from billings.models import BillingProduct, behind
from billings.reconcile import CHUNK
from billings.status import PREFETCH, annotate_state, describe


class Command(BaseCommand):
    help = "Compare the whole catalogue with Stripe. Exit 1: drift was found and not repaired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="restore ours wherever Stripe holds something else")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, repair: bool, json: bool, **options: Any) -> None:
        try:
            found = reconcile.compare()
        except reconcile.WrongAccount as error:
            raise CommandError(str(error)) from None
        except gateway.ReadFailed as failed:
            raise CommandError(f"Stripe could not be read: {failed}") from None
        reconcile.read_suspects(found)
        sync_runs.record(found)
        looked_at = set(found.suspects)
        if repair:
            looked_at.update(drift.product_id for drift in reconcile.open_drifts())
        not_repaired = dict(reconcile.repair()) if repair else {}
        report = _report(found, looked_at, {drift.pk: why for drift, why in not_repaired.items()})
        self.stdout.write(_as_json(report) if json else "\n".join(_as_lines(report)))
        if not _agrees(report):
            raise SystemExit(1)


def _report(found: reconcile.Findings, looked_at: set[UUID], reasons: dict[int, str]) -> dict[str, Any]:
    """`looked_at`: the rows that were read or repaired; `reasons`, by drift, why it could not be repaired."""
    return {
        "products": found.products,
        "prices": found.prices,
        "foreign": found.foreign,
        "orphans": [{"stripe_id": key, "course_id": value} for key, value in found.orphans.items()],
        "unfinished": [
            {"course_id": str(row.course_id), "course": row.desired_name, "words": describe(row, staff=True).sentence}
            for row in _unfinished(looked_at)
        ],
        "drift": [
            {
                "course_id": str(drift.product.course_id),
                "course": drift.product.desired_name,
                "field": drift.field,
                "ours": drift.ours,
                "theirs": drift.theirs,
                "words": drifts.in_words(drift),
                "not_repaired": reasons.get(drift.pk),
            }
            for drift in reconcile.open_drifts()
        ],
    }


def _unfinished(looked_at: set[UUID]) -> Iterator[BillingProduct]:
    """Rows that Stripe has not heard of, or that it refused; those that merely drifted are told of as drift."""
    for some in batched(looked_at, CHUNK):
        rows = annotate_state(BillingProduct.objects.filter(pk__in=some), prefix="")
        yield from rows.filter(behind() | Q(billing_state="attention")).prefetch_related(*PREFETCH)


def _agrees(report: dict[str, Any]) -> bool:
    return not (report["drift"] or report["orphans"] or report["unfinished"])


def _as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False)


def _as_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"{report['products']} products and {report['prices']} prices in Stripe compared."]
    for drift in report["drift"]:
        why = f" Not repaired: {drift['not_repaired']}" if drift["not_repaired"] else ""
        lines.append(f"{drift['course_id']} {drift['course']}: {drift['words']}{why}")
    lines += [
        f"{one['stripe_id']}: names course {one['course_id']}, which is not sold by it." for one in report["orphans"]
    ]
    if report["foreign"]:
        lines.append(f"Products that have nothing to do with courses: {report['foreign']}.")
    lines += [f"{one['course_id']} {one['course']}: not finished. {one['words']}" for one in report["unfinished"]]
    if _agrees(report):
        lines.append("Stripe agrees.")
    return lines
