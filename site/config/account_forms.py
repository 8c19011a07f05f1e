"""Forms in which an address is typed: none that would be cut, and none that tells whether there is an account."""

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

from config.accounts import OpenedMeanwhile
from config.addresses import accounts_of


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
        # This alone takes long: it is done whether or not there is an account, so that the time tells nobody, and
        # before the database waits for it.
        self.made_password = make_password(self.cleaned_data.pop("password1"))
        saved: tuple[User | None, HttpResponse | None]
        try:
            saved = super().try_save(request)
        except OpenedMeanwhile:
            self.account_already_exists = True
            saved = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> User:
        """The account and its address, or neither: one without any counts as made by those who run the portal."""
        with transaction.atomic():
            user: User = super().save(request)
        return user

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        # The form asks once, and shows what was typed. A client that still sends both must mean the same.
        again = self.data.get("password2")
        if again and again != self.data.get("password1"):
            self.add_error("password1", _("The two passwords differ."))
        return cleaned


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["login"])

    def clean_login(self) -> str:
        return str(get_adapter().clean_email(super().clean_login()))


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """A link goes to an address that is confirmed, or that an account was opened with which has confirmed none."""

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
    """Its sentence names the rule; a `maxlength` would cut a paste, to another address than was meant."""
    field.validators = [one for one in field.validators if not isinstance(one, MaxLengthValidator)]
    field.widget.attrs.pop("maxlength", None)
