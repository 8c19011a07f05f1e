"""How people come in: allauth's adapter and the sign-in page, told whether strangers may sign up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)


def signup_open(request: HttpRequest) -> dict[str, bool]:
    """For the sign-in page, which offers sign-up only while it is open."""
    return {"signup_open": bool(settings.SIGNUP_OPEN)}
