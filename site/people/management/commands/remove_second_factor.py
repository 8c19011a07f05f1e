"""`manage.py remove_second_factor EMAIL`: for people who lost their phone and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from people import second_factor


class Command(BaseCommand):
    help = "Removes the second factor of an account, ends its sessions and tells its owner by email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(email__iexact=options["email"])
        if not people:
            raise CommandError(f"No account has the address {options['email']}.")
        if not [person for person in people if second_factor.remove(person, by="manage.py")]:
            raise CommandError(f"{options['email']} has no second factor.")
        self.stdout.write(f"Removed from {options['email']}, who was told by email and must sign in again.")
