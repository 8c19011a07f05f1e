"""Limits on guessing: how allauth's adapter counts, and what those are told who must wait.

The limits themselves are `ACCOUNT_RATE_LIMITS` in the settings. A wrong password counts for the account as typed and
for the address it came from, a right one for neither. In a browser that the account is known in, it counts for that
browser alone: whoever guesses elsewhere closes nothing for its owner.
"""

import math
import time
from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core.internal import ratelimit
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people import second_factor
from people.clients import client_address
from people.devices import device_of
from people.sessions import end_sessions
from web.access import wants_json

APP = "allauth.account"
WRONG, WRONG_HERE = "login_failed", "login_failed_known_device"
TOO_MANY = _("There were too many tries. Wait a few minutes, then try again.")
# Of the forms that say it beside a field.
REFUSALS = {"too_many_login_attempts", "rate_limited"}
MOST_SECONDS = 300
# Of the limits on whole pages, which all count within a minute; a reset's are longer.
PAGE_SECONDS = 60


class LimitedSignIn(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The part of the account adapter that decides whether a password is looked at."""

    error_messages = {**DefaultAccountAdapter.error_messages, **dict.fromkeys(REFUSALS, TOO_MANY)}

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError where there were too many wrong passwords.

        Only wrong ones are counted, after they were looked at: were each counted until it proved right, as allauth
        does, a few right ones at once would be too many. So there can be as many more as are looked at at once.
        """
        action, key = self._counted_as(request, credentials)
        if seconds := seconds_to_wait(request, action, key=key):
            must_wait(request, seconds)
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        action, key = self._counted_as(request, credentials)
        ratelimit.consume(request, app=APP, action=action, key=key)

    def _counted_as(self, request: HttpRequest, credentials: dict[str, Any]) -> tuple[str, str]:
        if known := _known_device_of(request, credentials.get("email", "")):
            return WRONG_HERE, known
        return WRONG, self._get_login_attempts_cache_key(request, **credentials)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Of what was typed alone: allauth adds the Host header, and with each port there one could guess anew."""
        return str(credentials.get("email") or credentials.get("username") or "").casefold()

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        if code in REFUSALS and self.request is not None:
            must_wait(self.request, MOST_SECONDS)
        error: ValidationError = super().validation_error(code, *args)
        return error

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.recognised = user.pk  # type: ignore[attr-defined]  # for PeopleMiddleware

    def post_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse:
        """Who must have a second step and has none is led to set one up."""
        answer: HttpResponse = super().post_login(request, user, **how)
        if second_factor.is_lacking(request):
            return second_factor.ask(request, wanted=getattr(answer, "url", reverse("home")))
        return answer

    def set_password(self, user: User, password: str) -> None:
        """Who may change it, by the old one or by a mail, is the owner: here it is known, elsewhere it ends."""
        super().set_password(user, password)
        self.request.recognised = user.pk
        end_sessions(user.pk, but=self.request.session.session_key)


def known_device(request: HttpRequest, people: Iterable[User]) -> str | None:
    """The key of what is counted for this browser alone, where one of these people has signed in before."""
    device = device_of(request)
    known = next((person for person in people if device and person.pk in device.people), None)
    return f"{device.id}:{known.pk}" if device and known else None


def _known_device_of(request: HttpRequest, email: str) -> str | None:
    """The same of those who may sign in with an address, who are looked for only where some browser is known."""
    return known_device(request, filter_users_by_email(email, for_login=True)) if email and device_of(request) else None


def must_wait(request: HttpRequest, seconds: int) -> None:
    """Whatever the form answers goes out with 429. The first to say so knows the time best."""
    if not hasattr(request, "must_wait"):
        request.must_wait = seconds  # type: ignore[attr-defined]


def seconds_to_wait(request: HttpRequest, action: str, *, key: str) -> int:
    """Until the longest of an action's limits that are used up lets one more through; 0 where none is.

    Reads alone, without the lock that allauth counts under: so many at once would wait for it in vain.
    """
    waits = [0]
    for rate in ratelimit.get_rates(app=APP, action=action):
        used = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)) or []
        if len(used) >= rate.amount:  # the newest first
            left = used[rate.amount - 1] + rate.duration - time.time()
            waits.append(max(0, math.ceil(min(left, rate.duration))))
    return max(waits)


def limited_form(request: HttpRequest, response: HttpResponse, seconds: int) -> HttpResponse:
    """A form's answer, as it is where the form says that it was sent too often; API clients get JSON."""
    answer = _in_json() if wants_json(request) else response
    if response.status_code == 302 and answer is response:
        answer = render(request, "429.html")  # the form led away, to where it would be said
    answer.status_code = 429
    answer.headers["Retry-After"] = str(seconds)
    return answer


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """The answer of a whole page that was sent too often (`handler429`)."""
    seconds = PAGE_SECONDS
    if request.resolver_match and request.resolver_match.url_name == "account_reset_password":
        email = request.POST.get("email", "").lower()
        seconds = seconds_to_wait(request, "reset_password", key=email) or seconds
    answer = _in_json() if wants_json(request) else render(request, "429.html")
    answer.status_code = 429
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _in_json() -> JsonResponse:
    return JsonResponse({"errors": {"__all__": [str(TOO_MANY)]}}, status=429)
