"""allauth's forms with an email field: no address is truncated, and none reveals whether an account exists."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from config.accounts import AddressTaken
from config.email_addresses import accounts_of


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]  # allauth ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["email"])
        self.fields["email"].error_messages["required"] = _("Enter your email address.")
        self.fields["password1"].error_messages["required"] = _("Enter a password.")

    def validate_unique_email(self, value: str) -> str:
        self.account_already_exists = bool(accounts_of(value))
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        # The slow part: done whether or not there is an account, so that timing reveals nothing, and outside the
        # transaction.
        self.made_password = make_password(self.cleaned_data.pop("password1"))
        saved: tuple[User | None, HttpResponse | None]
        try:
            saved = super().try_save(request)
        except AddressTaken:
            self.account_already_exists = True
            saved = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> User:
        """Save the account and its address, or neither: an account without an address counts as made by an operator."""
        with transaction.atomic():
            user: User = super().save(request)
        return user

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        # The form asks once, and can show what was typed. A client that still sends both must send the same.
        repeated = self.data.get("password2")
        if repeated and repeated != self.data.get("password1"):
            self.add_error("password1", _("The two passwords differ."))
        return cleaned


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["login"])

    def clean_login(self) -> str:
        return str(get_adapter().clean_email(super().clean_login()))


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Links are sent to confirmed addresses, and to the first address of an account that has confirmed none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["email"])

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = [user for user in accounts_of(email) if user.is_active]
        return email


class AddEmailForm(allauth_forms.AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["email"])
        self.fields["email"].error_messages["required"] = _("Enter an email address.")


def _let_the_adapter_limit(field: forms.Field) -> None:
    """The adapter's message names the rule; a `maxlength` would truncate a pasted address to a different one."""
    field.validators = [one for one in field.validators if not isinstance(one, MaxLengthValidator)]
    field.widget.attrs.pop("maxlength", None)
