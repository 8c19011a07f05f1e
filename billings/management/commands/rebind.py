"""`manage.py rebind`: move everything to the Stripe account of the present key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billings.operations import rebind
from billings.stripe_api import accounts, gateway


class Command(BaseCommand):
    help = "Move to the Stripe account of the present key: everything is created again there. Says so first, and asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, yes: bool, **options: Any) -> None:
        try:
            account = rebind.present_account()
        except gateway.ReadFailed as failed:
            raise CommandError(f"Stripe could not be asked whose key this is: {failed}") from None
        here = accounts.label(account.id, account.livemode)
        ids = rebind.elsewhere(account)
        if not ids and accounts.bound() in (None, account):
            self.stdout.write(f"Nothing to do: everything that is sold is of {here}.")
            return
        self.stdout.write(
            f"{len(ids)} courses were created in another account or mode. They will be created again in {here}; what "
            "is in the old one stays as it is there, and its ids are kept for the record."
        )
        if not yes and not self._is_told_to_go_on():
            raise CommandError("Nothing was changed.")
        rebind.move(ids, account)
        self.stdout.write(
            "Done. The worker makes them, once it and the web server were started with this key; "
            "`manage.py converge` does it now."
        )

    def _is_told_to_go_on(self) -> bool:
        try:
            return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:  # not interactive
            return False
