"""How people come in: allauth's adapter and the sign-in page, told whether strangers may sign up."""

import logging
from typing import Any

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from config import mails
from config.addresses import accounts_of, has_confirmed
from config.readable_requests import is_address
from courses import lapsed
from people import agents
from people.limits import LimitedSignIn

logger = logging.getLogger(__name__)

EMAIL_LENGTH = app_settings.EMAIL_MAX_LENGTH


class OpenedMeanwhile(Exception):
    """While a sign-up's password was being made, another sign-up opened an account with the same address."""


class AccountAdapter(LimitedSignIn):
    error_messages = {
        **LimitedSignIn.error_messages,
        "email_password_mismatch": _lazy(
            "This email address and password don't match, or the address is not confirmed yet. The link is in our "
            "message; “Forgotten your password?” sends a new one."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """One account for an address, however often "Sign up" is pressed at once.

        Must be called in a transaction. Raises OpenedMeanwhile.
        """
        # Sign-ups wait here for each other, some milliseconds; SQLite has one writer anyway.
        ContentType.objects.select_for_update(no_key=True).get(app_label="auth", model="user")
        super().save_user(request, user, form, commit=False)
        if accounts_of(user.email):
            raise OpenedMeanwhile
        user.password = form.made_password
        user.save()
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        lapsed.forget_others(request)

    def get_http_user_agent(self, request: HttpRequest) -> str:
        """For mails to people, who also need not read there what a stranger's browser calls itself."""
        return agents.name_of(str(super().get_http_user_agent(request)))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth makes links of the Host header, in context variables that end in `_url`.

        What was done stays done where a mail about it cannot be sent; a link can be asked for again.
        """
        links = {name: mails.on_our_site(url) for name, url in context.items() if name.endswith("_url")}
        try:
            super().send_mail(template_prefix, email, {**context, **links, "site_url": settings.SITE_URL})
        except OSError as error:  # smtplib's are of this kind
            logger.error("The mail %s could not be sent: %s", template_prefix, type(error).__name__)

    def is_safe_url(self, url: str) -> bool:
        return is_address(url) and bool(super().is_safe_url(url))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Says beforehand what is taken over where the account's address was never confirmed."""
        opened = None if has_confirmed(user) else user.date_joined
        super().send_password_reset_mail(user, email, {**context, "opened": opened})

    def send_account_already_exists_mail(self, email: str) -> None:
        """To whoever has the mailbox; an account that was opened with it and never confirmed still can be."""
        waiting = EmailAddress.objects.filter(email=email, user__in=accounts_of(email), verified=False)
        for address in waiting:
            address.send_confirmation(self.request, signup=True)
        if not waiting:
            super().send_account_already_exists_mail(email)

    def clean_email(self, email: str) -> str:
        """An address longer than the column is refused: cut, it would be another one."""
        if len(email) > EMAIL_LENGTH:
            facts = {"length": len(email), "most": EMAIL_LENGTH}
            raise ValidationError(_("Enter an address of at most %(most)d characters, not %(length)d."), params=facts)
        return str(super().clean_email(email))


def signup_open(request: HttpRequest) -> dict[str, bool]:
    """For the sign-in page, which offers sign-up only while it is open."""
    return {"signup_open": bool(settings.SIGNUP_OPEN)}
