"""`manage.py stripe_sandbox`: the Stripe stand-in, a program of its own that needs nothing of the portal."""

import os
import sys
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billings.sandbox import cli


class Command(BaseCommand):
    help = "Runs the Stripe sandbox: products, prices, events and webhooks as Stripe has them, on this machine."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_options(parser, os.environ)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(cli.run(Namespace(**options)))
