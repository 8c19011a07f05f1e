"""Sign-up and added addresses: one password typed once, and no address that would be cut."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account import views as allauth_views
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]  # allauth ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["email"])
        self.fields["email"].error_messages["required"] = _("Enter your email address.")
        self.fields["password1"].error_messages["required"] = _("Enter a password.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        # The form asks once, and shows what was typed. A client that still sends both must mean the same.
        again = self.data.get("password2")
        if again and again != self.data.get("password1"):
            self.add_error("password1", _("The two passwords differ."))
        return cleaned


class AddEmailForm(allauth_forms.AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _let_the_adapter_limit(self.fields["email"])
        self.fields["email"].error_messages["required"] = _("Enter an email address.")


def _let_the_adapter_limit(field: forms.Field) -> None:
    """Its sentence names the rule; a `maxlength` would cut a paste, to another address than was meant."""
    field.validators = [one for one in field.validators if not isinstance(one, MaxLengthValidator)]
    field.widget.attrs.pop("maxlength", None)


class EmailView(allauth_views.EmailView):  # type: ignore[misc]
    """The page of one's addresses. allauth lets an unconfirmed one become the primary one while none is confirmed."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "action_primary" in request.POST and not self._is_confirmed(request):
            messages.error(request, _("Confirm this address first; then it can become the primary one."))
            return redirect("account_email")
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def _is_confirmed(self, request: HttpRequest) -> bool:
        address = request.POST.get("email", "")
        mine = EmailAddress.objects.filter(user=request.user, email__iexact=address, verified=True)
        return bool(mine.exists())
