"""`manage.py stripe_key`: tests the permissions of the present key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billings.stripe_api import gateway, permissions
from billings.stripe_api.permissions import PERMISSIONS, is_granted


class Command(BaseCommand):
    help = "Tests what the Stripe key may do; changes nothing there. Exit 1: a required permission is missing."

    def handle(self, **options: Any) -> None:
        try:
            row = permissions.check(seconds=float(settings.STRIPE_TIMEOUT_SECONDS))
        except gateway.ReadFailed as failed:
            raise CommandError(f"Stripe could not be asked: {failed}") from None
        for one in PERMISSIONS:
            word = "allowed" if is_granted(row, one) else "MISSING" if one.is_required else "not allowed"
            self.stdout.write(f"{one.label}: {word}. {row.permissions[one.name]['why'] or ''}".rstrip())
        if not all(is_granted(row, one) for one in PERMISSIONS if one.is_required):
            raise SystemExit(1)
