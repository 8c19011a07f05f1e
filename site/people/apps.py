from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Who comes in: limits on guessing, known devices, sessions, the second factor."""

    name = "people"
