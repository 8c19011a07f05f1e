"""The second factor: who must have one, whether this session passed it, and how a lost one is removed.

allauth asks for it at sign-in if there is one. `REQUIRE_MFA=staff` adds: a session of a user who can change other
people's prices, or use the admin site, opens neither before it has passed a second factor.
"""

import logging
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails

from people.sessions import end_sessions
from web.access import MANAGE_PRICES, wants_json

logger = logging.getLogger(__name__)

STAFF = "staff"
# Session key: the page the user was on the way to before setting one up.
NEXT_URL_KEY = "next_url_after_second_factor"


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong, too old or was used already. Type the newest one."),
        "cannot_delete_authenticator": _("Your account must have a second step. Add another one first."),
        "unverified_email": _("Confirm your email address first: without it nobody could help you back in."),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Those who must have a second factor keep the last one."""
        others = factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return not is_required_of(authenticator.user) or others.exists()

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002  allauth's name
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)d") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey is bound to the public address, whatever the Host header says."""
        here: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {"id": settings.SITE_HOST if settings.SITE_IS_PUBLIC else here["id"], "name": settings.MFA_TOTP_ISSUER}


def factors_of(user: User | AnonymousUser) -> Any:
    """A user's second factors; recovery codes alone are none."""
    return Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)


def is_required_of(user: User) -> bool:
    if settings.REQUIRE_MFA != STAFF or not user.is_active:
        return False
    return user.is_superuser or user.is_staff or user.has_perm(MANAGE_PRICES)


def is_lacking(request: HttpRequest) -> bool:
    """Whether this session must pass a second factor before it opens anything of staff. No query: the session knows."""
    user = request.user
    return isinstance(user, User) and is_required_of(user) and not _was_passed(request)


def _was_passed(request: HttpRequest) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def ask(request: HttpRequest, *, next_url: str) -> HttpResponse:
    """Lead to setting one up, and from there to `next_url`; API clients get 403."""
    if wants_json(request):
        message = gettext("Set up a second step for signing in first: your account, Security.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=403)
    if factors_of(request.user).exists():
        # There is one, but this session was opened without it: sign in again.
        logout(request)
        response = redirect_to_login(next_url, resolve_url("account_login"))
    else:
        request.session[NEXT_URL_KEY] = next_url
        message = gettext("Set up a second step for signing in, to go on to prices and the admin site.")
        messages.warning(request, message)
        response = redirect("mfa_index")
    return HttpResponse(status=204, headers={"HX-Redirect": response.url}) if HtmxDetails(request) else response


def has_confirmed_address(user: User) -> bool:
    """Whether the owner can be reached: otherwise signing up with another person's address could lock them out."""
    addresses = EmailAddress.objects.filter(user=user).values_list("verified", flat=True)
    return not addresses or any(addresses)


def on_added(*, request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """Setting one up counts as passing it. Sessions opened without it end: they may be a thief's."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
        end_sessions(user.pk, but=request.session.session_key)


def remove(user: User, *, by: str) -> bool:
    """Remove a user's lost second factor, end all their sessions and tell them by email; False if there was none.

    `by` is who does it, for the log.
    """
    removed, _rows = Authenticator.objects.filter(user=user).delete()
    if not removed:
        return False
    end_sessions(user.pk)
    logger.warning("The second factor of %s was removed by %s", user.email, by)
    context = {"site_url": settings.SITE_URL, "security_url": settings.SITE_URL + reverse("mfa_index")}
    subject = render_to_string("mfa/email/second_factor_removed_subject.txt").strip()
    send_mail(
        settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + subject,
        render_to_string("mfa/email/second_factor_removed_message.txt", context),
        settings.DEFAULT_FROM_EMAIL,
        [EmailAddress.objects.get_primary_email(user) or user.email],
    )
    return True
