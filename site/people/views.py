"""The page that shows how an account is protected and where it is signed in."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from people import second_factor, user_agents
from people.models import Session
from people.sessions import end_sessions, open_sessions

MOST_SHOWN = 50


class SignedInRequest(HttpRequest):
    """A request of a signed-in user."""

    user: User


@require_safe
@login_required
def security(request: SignedInRequest) -> HttpResponse:
    user = request.user
    factors: dict[str, list[Any]] = {kind: [] for kind in Authenticator.Type.values}
    for one in Authenticator.objects.filter(user=user).order_by("pk"):
        factors[one.type].append(one)
    codes = next((one.wrap().get_unused_codes() for one in factors["recovery_codes"]), None)
    has_one = bool(factors["totp"] or factors["webauthn"])
    return render(
        request,
        "mfa/index.html",
        {
            "app": next(iter(factors["totp"]), None),
            "passkeys": factors["webauthn"],
            "codes_left": None if codes is None else len(codes),
            "has_one": has_one,
            "must_have_one": second_factor.is_required_of(user),
            "may_add": has_one or second_factor.has_confirmed_address(user),
            "wanted": request.session.get(second_factor.NEXT_URL_KEY) if has_one else None,
            "sessions": [_shown(one, request) for one in open_sessions(user.pk)[:MOST_SHOWN]],
        },
    )


@require_POST
@login_required
def end(request: SignedInRequest) -> HttpResponse:
    """Sign out elsewhere: one session by its public name, or all but this one."""
    mine, here = request.user.pk, request.session.session_key
    name = request.POST.get("session")
    if name is None:
        ended = end_sessions(mine, but=here)
    else:
        others = open_sessions(mine).exclude(session_key=here)
        found = [one.pk for one in others if constant_time_compare(_name(one), name)]
        ended, _rows = open_sessions(mine).filter(pk__in=found).delete()
    message = ngettext("Signed out in %(count)d other browser.", "Signed out in %(count)d other browsers.", ended)
    messages.success(request, message % {"count": ended})
    return redirect("mfa_index")


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    """allauth asks the adapter only about authenticator apps."""

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, str(adapter.error_messages["cannot_delete_authenticator"]))
            return redirect("mfa_index")
        response: HttpResponse = super().form_valid(form)
        return response


remove_passkey = RemovePasskey.as_view()


def _shown(session: Session, request: HttpRequest) -> dict[str, Any]:
    return {
        "name": _name(session),
        "browser": user_agents.name_of(session.agent),
        "address": session.address or _("unknown address"),
        "since": session.since,
        "seen_at": session.seen_at,
        "is_here": session.pk == request.session.session_key,
    }


def _name(session: Session) -> str:
    """A public name for a session: the key itself would let in whoever reads it."""
    return salted_hmac("people.sessions", session.pk, algorithm="sha256").hexdigest()[:32]
