"""`manage.py webhook_endpoint`: registers this portal's webhook endpoint with Stripe."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billings.stripe_api import endpoints, gateway


class Command(BaseCommand):
    help = "Registers this portal's webhook endpoint with Stripe, with the events it needs. Does nothing twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--list", action="store_true", help="only list the endpoints that Stripe knows")

    def handle(self, *, list: bool, **options: Any) -> None:  # noqa: A002  # the option's name
        try:
            if list:
                self._list()
            else:
                self._register()
        except (endpoints.NoPublicAddress, endpoints.NotRegistered) as error:
            raise CommandError(str(error)) from None
        except gateway.ReadFailed as failed:
            raise CommandError(f"Stripe could not be asked: {failed}") from None

    def _list(self) -> None:
        for endpoint in gateway.webhook_endpoints(seconds=float(settings.STRIPE_TIMEOUT_SECONDS)):
            missing = endpoints.missing_events(endpoint["enabled_events"])
            lacks = f"; lacks {', '.join(missing)}" if missing else ""
            mark = "* " if endpoints.is_ours(endpoint["url"]) else "  "
            self.stdout.write(f"{mark}{endpoint['id']} {endpoint['url']} ({endpoint['status']}){lacks}")

    def _register(self) -> None:
        done = endpoints.register(seconds=float(settings.STRIPE_TIMEOUT_SECONDS))
        if done.secret:
            self.stdout.write(
                f"Registered {done.url} as {done.id}. Its signing secret is told only this once:\n"
                f"STRIPE_WEBHOOK_SECRET={done.secret}\n"
                "Put this line into .env or the environment and restart web and worker. While an older secret is still "
                "in use, keep both, with a comma between them."
            )
        elif done.changed:
            self.stdout.write(f"{done.url} was registered as {done.id}; it is now enabled with the events it needs.")
        else:
            self.stdout.write(f"Nothing to do: {done.url} is registered as {done.id} with the events it needs.")
