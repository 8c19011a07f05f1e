"""Limits on guessing: how allauth's adapter counts, and the responses to those who must wait.

The limits are `ACCOUNT_RATE_LIMITS` in the settings. A wrong password counts for the account as typed and for the IP
address, a right one for neither. In a known browser it counts for that browser alone, so that an attacker elsewhere
locks nobody out.
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
from people.client_ip import client_ip
from people.devices import device_of
from people.sessions import end_sessions
from web.access import wants_json

APP = "allauth.account"
WRONG, WRONG_HERE = "login_failed", "login_failed_known_device"
TOO_MANY = _("There were too many tries. Wait a few minutes, then try again.")
# allauth's error codes that forms show beside a field.
REJECTIONS = {"too_many_login_attempts", "rate_limited"}
MOST_SECONDS = 300
# The wait for limits on whole pages, which count within a minute; a reset's are longer.
PAGE_SECONDS = 60


class LimitedSignIn(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The part of the account adapter that decides whether a password is checked."""

    error_messages = {**DefaultAccountAdapter.error_messages, **dict.fromkeys(REJECTIONS, TOO_MANY)}

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError after too many wrong passwords.

        Wrong passwords are counted after the check. allauth counts each attempt until it proves right, so a few right
        ones at once would be too many. In return, as many more can pass as are checked at the same time.
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
        """The address typed alone: allauth adds the Host header, which would give each port a new set of attempts."""
        return str(credentials.get("email") or credentials.get("username") or "").casefold()

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        if code in REJECTIONS and self.request is not None:
            must_wait(self.request, MOST_SECONDS)
        error: ValidationError = super().validation_error(code, *args)
        return error

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.recognised = user.pk  # type: ignore[attr-defined]  # for PeopleMiddleware

    def post_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse:
        """Users who must have a second factor and have none are led to set one up."""
        response: HttpResponse = super().post_login(request, user, **how)
        if second_factor.is_lacking(request):
            return second_factor.ask(request, next_url=getattr(response, "url", reverse("home")))
        return response

    def set_password(self, user: User, password: str) -> None:
        """Only the owner can change it (by the old one or by email): this browser is known, other sessions end."""
        super().set_password(user, password)
        self.request.recognised = user.pk
        end_sessions(user.pk, but=self.request.session.session_key)


def known_device(request: HttpRequest, people: Iterable[User]) -> str | None:
    """The key for counting in this browser alone, if one of these people has signed in with it before."""
    device = device_of(request)
    known = next((person for person in people if device and person.pk in device.people), None)
    return f"{device.id}:{known.pk}" if device and known else None


def _known_device_of(request: HttpRequest, email: str) -> str | None:
    """The same by email address; users are looked up only if the browser is known at all."""
    return known_device(request, filter_users_by_email(email, for_login=True)) if email and device_of(request) else None


def must_wait(request: HttpRequest, seconds: int) -> None:
    """Send the response with 429. The first caller knows the time best."""
    if not hasattr(request, "must_wait"):
        request.must_wait = seconds  # type: ignore[attr-defined]


def seconds_to_wait(request: HttpRequest, action: str, *, key: str) -> int:
    """Seconds until the longest exhausted limit of an action allows one more; 0 if none is exhausted.

    Only reads, without the lock under which allauth counts: many requests at once would wait for it in vain.
    """
    waits = [0]
    for rate in ratelimit.get_rates(app=APP, action=action):
        used = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)) or []
        if len(used) >= rate.amount:  # newest first
            left = used[rate.amount - 1] + rate.duration - time.time()
            waits.append(max(0, math.ceil(min(left, rate.duration))))
    return max(waits)


def limited_form(request: HttpRequest, response: HttpResponse, seconds: int) -> HttpResponse:
    """The response to a form that was sent too often; API clients get JSON."""
    limited = _in_json() if wants_json(request) else response
    if response.status_code == 302 and limited is response:
        limited = render(request, "429.html")  # the form redirected away from the page that would say it
    limited.status_code = 429
    limited.headers["Retry-After"] = str(seconds)
    return limited


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """The response to a page that was requested too often (`handler429`)."""
    seconds = PAGE_SECONDS
    if request.resolver_match and request.resolver_match.url_name == "account_reset_password":
        email = request.POST.get("email", "").lower()
        seconds = seconds_to_wait(request, "reset_password", key=email) or seconds
    response = _in_json() if wants_json(request) else render(request, "429.html")
    response.status_code = 429
    response.headers["Retry-After"] = str(seconds)
    return response


def _in_json() -> JsonResponse:
    return JsonResponse({"errors": {"__all__": [str(TOO_MANY)]}}, status=429)
