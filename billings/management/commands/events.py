"""`manage.py events`: Stripe's events, for operators."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from billings.models import StripeEvent
from billings.stripe_api import gateway
from billings.sync import events as webhooks


def _days(text: str) -> int:
    days = int(text)
    if days < 0:
        raise ValueError
    return days


class Command(BaseCommand):
    help = "Counts Stripe's messages by what became of them; fetches missed ones, replays, prunes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fetch-missed", action="store_true", help="store what Stripe could not deliver")
        parser.add_argument("--replay", nargs="+", metavar="evt_…", help="process these again, or `all`")
        parser.add_argument("--prune", type=_days, metavar="DAYS", help="delete processed ones older than this")

    def handle(self, *, fetch_missed: bool, replay: list[str] | None, prune: int | None, **options: Any) -> None:
        if fetch_missed:
            try:
                self.stdout.write(f"{webhooks.fetch_missed()} missed events fetched.")
            except gateway.ReadFailed as failed:
                raise CommandError(f"Stripe could not be asked: {failed}") from None
        if replay:
            events = StripeEvent.objects.all()
            chosen = events if replay == ["all"] else events.filter(event_id__in=replay)
            for event_id in set(replay) - {"all", *chosen.values_list("event_id", flat=True)}:
                self.stderr.write(f"{event_id} is not known here.")
            self.stdout.write(f"{webhooks.replay(chosen)} events will be processed again.")
        if prune is not None:
            self.stdout.write(f"{webhooks.prune(days=prune)} events forgotten.")
        for row in StripeEvent.objects.values("outcome").annotate(count=Count("id")).order_by("outcome"):
            self.stdout.write(f"{row['count']:>8} {row['outcome'] or 'waiting'}")
