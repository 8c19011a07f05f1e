from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Sign-in: limits on guessing, known devices, sessions, the second factor."""

    name = "people"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from people import second_factor

        authenticator_added.connect(second_factor.on_added)
