"""`manage.py take_off_second_step E-MAIL`: for those who lost their phone and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from people import second_factor


class Command(BaseCommand):
    help = "Takes the second step of signing in off an account, ends its sessions and tells its owner by email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(email__iexact=options["email"])
        if not people:
            raise CommandError(f"Nobody has the address {options['email']}.")
        if not [person for person in people if second_factor.take_off(person, by="manage.py")]:
            raise CommandError(f"{options['email']} has no second step.")
        self.stdout.write(f"Taken off {options['email']}, who was told by email and signs in anew.")
