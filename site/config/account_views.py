"""allauth's account views with more checks of who owns an address, and more notifications."""

from typing import Any, cast

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.email_verification import get_address_for_user, send_verification_email_at_login
from allauth.account.models import Login
from allauth.account.stages import EmailVerificationStage, LoginStageController
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.email_addresses import has_confirmed, prove_by_reset


class VerificationSentView(allauth_views.EmailVerificationSentView):  # type: ignore[misc]  # allauth ships no types
    """Where sign-up leads, alike for a new address and for one with an account: both can have the email resent."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        login = _signing_up(request)
        if not login:
            return redirect("account_login")
        if send_verification_email_at_login(request, login):
            messages.success(request, _("Sent again."))
        else:
            messages.info(request, _("A message is on its way already. Wait a few minutes before you ask for another."))
        return redirect("account_email_verification_sent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        login = _signing_up(self.request)
        if login:
            address = get_address_for_user(login.user) if login.user else None
            context["email"] = address.email if address else login.email
        return context


class ConfirmEmailView(allauth_views.ConfirmEmailView):  # type: ignore[misc]
    """Confirming proves access to the mailbox; it must also be done by the account's owner.

    An attacker may have opened an account with this address, or added it to theirs, and wait for its owner to confirm.
    """

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if not self._is_theirs():
            form = ReauthenticateForm(self.request.POST, user=self.object.email_address.user)
            if not form.is_valid():
                response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
                return response
        confirmed: HttpResponse = super().post(*args, **kwargs)
        return confirmed

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.object and not self._is_theirs():
            kwargs.setdefault("form", ReauthenticateForm(user=self.object.email_address.user))
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def logout_other_user(self, confirmation: Any) -> None:
        """Opening a link signs nobody out: the account's password is requested instead."""

    def _is_theirs(self) -> bool:
        """Whether the account's owner is signed in, or has just signed up, in this browser."""
        login = _signing_up(self.request)
        here = {self.request.user.pk, login.user.pk if login and login.user else None}
        return self.object.email_address.user_id in here


class PasswordResetFromKeyView(allauth_views.PasswordResetFromKeyView):  # type: ignore[misc]
    """The link came by email, so it also confirms the address; the owner is told what they take over."""

    def form_valid(self, form: Any) -> HttpResponse:
        proof = prove_by_reset(self.reset_user)
        response: HttpResponse = super().form_valid(form)
        if proof:
            facts = {"email": proof.email, "opened": self.reset_user.date_joined, "dropped": proof.dropped}
            get_adapter().send_notification_mail("account/email/address_proved", self.reset_user, facts)
            messages.info(
                self.request,
                _("{email} is confirmed now. Whoever else used this account is signed out.").format(email=proof.email),
            )
        return response


class EmailView(allauth_views.EmailView):  # type: ignore[misc]
    """A user's addresses. allauth would let an unconfirmed one become the primary one while none is confirmed."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        added = {"added_email": form.cleaned_data["email"]}
        get_adapter().send_notification_mail("account/email/email_added", self.request.user, added)
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user, email = cast(User, request.user), request.POST.get("email", "").lower()
        was_confirmed = bool(email) and has_confirmed(user, email)
        if "action_primary" in request.POST and not was_confirmed:
            messages.error(request, _("Confirm this address first; then it can become the primary one."))
            return redirect("account_email")
        response: HttpResponse = super().post(request, *args, **kwargs)
        if was_confirmed and not has_confirmed(user, email):
            # allauth notifies the primary address, which may belong to whoever removed this one.
            removed = {"deleted_email": email}
            get_adapter().send_notification_mail("account/email/email_deleted", user, removed, email=email)
        return response


def _signing_up(request: HttpRequest) -> Login | None:
    """The sign-up in this browser that waits for its address to be confirmed."""
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    return stage.login if stage else None
