"""`manage.py reconcile`: compare the whole catalogue with Stripe."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billings.drift import wording
from billings.models import BillingProduct
from billings.operations import reconcile, runs
from billings.operations.agreement import disagreements
from billings.stripe_api import gateway


class Command(BaseCommand):
    help = (
        "Compare the whole catalogue with Stripe. "
        "Exit 1: Stripe does not hold what is desired of some course, which is named with the cause."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="restore our value wherever Stripe holds another")
        parser.add_argument("--json", action="store_true", help="for API clients")

    def handle(self, *, repair: bool, json: bool, **options: Any) -> None:
        try:
            found = reconcile.compare()
        except reconcile.WrongAccount as error:
            raise CommandError(str(error)) from None
        except gateway.ReadFailed as failed:
            raise CommandError(f"Stripe could not be read: {failed}") from None
        reconcile.read_suspects(found)
        runs.record(found)
        not_repaired = dict(reconcile.repair()) if repair else {}
        report = _report(found, {drift.pk: why for drift, why in not_repaired.items()})
        self.stdout.write(_as_json(report) if json else "\n".join(_as_lines(report)))
        if not report["agrees"]:
            raise SystemExit(1)


def _report(found: reconcile.Findings, reasons: dict[int, str]) -> dict[str, Any]:
    """`reasons`, by drift, why it could not be repaired."""
    report = {
        "products": found.products,
        "prices": found.prices,
        "foreign": found.foreign,
        "orphans": [{"stripe_id": key, "course_id": value} for key, value in found.orphans.items()],
        "unfinished": [
            one.as_json()
            for one in disagreements(BillingProduct.objects.order_by("desired_name", "pk"))
            if not one.is_drift_alone
        ],
        "drift": [
            {
                "course_id": str(drift.product.course_id),
                "course": drift.product.desired_name,
                "field": drift.field,
                "ours": drift.local_value,
                "theirs": drift.remote_value,
                "words": wording.sentence(drift),
                "not_repaired": reasons.get(drift.pk),
            }
            for drift in reconcile.open_drifts()
        ],
    }
    return {"agrees": not (report["drift"] or report["orphans"] or report["unfinished"])} | report


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
    lines += [
        f"{one['course_id']} {one['course']}: not finished ({one['state']}). {one['words']}"
        for one in report["unfinished"]
    ]
    if report["agrees"]:
        lines.append("Stripe agrees.")
    return lines
