"""How people sign in: allauth's adapter, and the context of the sign-in page (whether sign-up is open)."""

import logging
from typing import Any

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import mail
from config.email_addresses import accounts_of, has_confirmed
from config.malformed_requests import is_url
from courses import saved_forms
from people import user_agents
from people.limits import LimitedSignIn

logger = logging.getLogger(__name__)

EMAIL_LENGTH = app_settings.EMAIL_MAX_LENGTH


class AddressTaken(Exception):
    """A concurrent sign-up opened an account with the same address while this one hashed its password."""


class AccountAdapter(LimitedSignIn):
    error_messages = {
        **LimitedSignIn.error_messages,
        "email_password_mismatch": _(
            "This email address and password don't match, or the address is not confirmed yet. The link is in our "
            "message; “Forgotten your password?” sends a new one."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Create one account for an address, even where "Sign up" is pressed several times at once.

        Must be called in a transaction. Raises AddressTaken.
        """
        # Serialises concurrent sign-ups for a few milliseconds; SQLite has one writer anyway.
        ContentType.objects.select_for_update(no_key=True).get(app_label="auth", model="user")
        super().save_user(request, user, form, commit=False)
        if accounts_of(user.email):
            raise AddressTaken
        user.password = form.made_password
        user.save(force_insert=True)
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        saved_forms.delete_others(request)

    def get_http_user_agent(self, request: HttpRequest) -> str:
        """For emails to people: the browser's usual name instead of the header that a client sent."""
        return user_agents.name_of(str(super().get_http_user_agent(request)))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Build links from SITE_URL; allauth builds them from the Host header (context variables ending in `_url`).

        A failure to send is logged, not raised: what was done stays done, and a link can be requested again.

        """
        links = {name: mail.on_our_site(url) for name, url in context.items() if name.endswith("_url")}
        try:
            super().send_mail(template_prefix, email, {**context, **links, "site_url": settings.SITE_URL})
        except OSError as error:  # the base class of smtplib's errors
            logger.error("The mail %s could not be sent: %s", template_prefix, type(error).__name__)

    def is_safe_url(self, url: str) -> bool:
        return is_url(url) and bool(super().is_safe_url(url))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Warn in the email what a reset takes over where the account's address was never confirmed."""
        opened = None if has_confirmed(user) else user.date_joined
        super().send_password_reset_mail(user, email, {**context, "opened": opened})

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of the mailbox; an account that never confirmed the address can still do so."""
        waiting = EmailAddress.objects.filter(email=email, user__in=accounts_of(email), verified=False)
        for address in waiting:
            address.send_confirmation(self.request, signup=True)
        if not waiting:
            super().send_account_already_exists_mail(email)

    def clean_email(self, email: str) -> str:
        """Reject an address longer than the column: truncated, it would be a different one."""
        if len(email) > EMAIL_LENGTH:
            facts = {"length": len(email), "most": EMAIL_LENGTH}
            raise ValidationError(
                gettext("Enter an address of at most %(most)d characters, not %(length)d."), params=facts
            )
        return str(super().clean_email(email))


def signup_open(request: HttpRequest) -> dict[str, bool]:
    """Context processor: the sign-in page offers sign-up only while it is open."""
    return {"signup_open": bool(settings.SIGNUP_OPEN)}
