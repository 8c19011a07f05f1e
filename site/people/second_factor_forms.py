"""allauth's forms for the second factor, with three more rules.

A code is accepted once while it is valid. Wrong codes are counted per known browser, so that an attacker who has the
password and guesses codes does not lock the owner out. Anything that is not a passkey counts as a wrong one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as theirs
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from people import limits, second_factor

# allauth's own counter of wrong codes.
SHARED_KEY = "mfa-auth-user-{}"
# A code is valid for one period before and after its own.
RIGHT_FOR_SECONDS = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)


class _WithCode(forms.Form):
    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        # Numeric keyboard on phones; recovery codes are digits too.
        field.widget.attrs.update(inputmode="numeric", autocomplete="one-time-code", placeholder="")
        field.error_messages["required"] = _("Type the code.")

    def clean_code(self) -> str:
        with _counted(self.user):
            code: str = super().clean_code()  # type: ignore[misc]  # of allauth's form, the other base
        if not cache.add(f"people.code:{self.user.pk}:{normalize_user_code(code)}", 1, RIGHT_FOR_SECONDS):
            raise get_adapter().validation_error("incorrect_code")
        return code


@contextmanager
def _counted(user: User) -> Iterator[None]:
    """Count a failure in the block, in addition to allauth's own counter."""
    request = context.request
    device = limits.known_device(request, [user])
    action, key = (limits.WRONG_HERE, f"code:{device}") if device else ("wrong_code", str(user.pk))
    usage = ratelimit.consume(request, app=limits.APP, action=action, key=key)
    if not usage:
        limits.must_wait(request, limits.seconds_to_wait(request, action, key=key) or 1)
        raise account_adapter().validation_error("too_many_login_attempts")
    if device:
        # The counter shared by all browsers is for unknown ones.
        ratelimit.clear(request, app=limits.APP, action=limits.WRONG, key=SHARED_KEY.format(user.pk))
    yield
    usage.rollback()


class AuthenticateForm(_WithCode, theirs.AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    pass


class ReauthenticateForm(_WithCode, theirs.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTOTPForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The code that the app shows")
        self.fields["code"].widget.attrs.update(inputmode="numeric", autocomplete="one-time-code", placeholder="")
        self.fields["code"].error_messages["required"] = _("Type the code that the app shows.")

    def clean_code(self) -> str:
        _only_reachable(self.user)
        return str(super().clean_code())


def _only_reachable(user: User) -> None:
    if not second_factor.has_confirmed_address(user):
        raise get_adapter().validation_error("unverified_email")


def _readable[**P, T](clean: Callable[P, T]) -> Callable[P, T]:
    """fido2 raises anything for malformed credentials, and its own error for a wrong signature: report both alike."""

    @wraps(clean)
    def cleaned(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return clean(*args, **kwargs)
        except ValidationError:
            raise
        except Exception as error:
            raise get_adapter().validation_error("incorrect_code") from error

    return cleaned


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field(required=False)
        self.fields["credential"].error_messages["required"] = _("Press the button, and let your device do its part.")

    @_readable
    def clean(self) -> dict[str, Any]:
        _only_reachable(self.user)
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class EditPasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field(required=True)


def _name_field(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("Name"), max_length=60, required=required, error_messages={"required": _("Type a name.")}
    )


class AuthenticatePasskeyForm(webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    clean_credential = _readable(webauthn.AuthenticateWebAuthnForm.clean_credential)


class ReauthenticatePasskeyForm(webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    clean_credential = _readable(webauthn.ReauthenticateWebAuthnForm.clean_credential)
