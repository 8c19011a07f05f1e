"""Puts the results of sign-in into the response: rate limits, known devices, the required second factor."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from people import devices, limits, second_factor

type View = Callable[[HttpRequest], HttpResponse]

# URL namespaces for staff only. In shared ones staff see more than teachers: `web.access.manages_prices` checks there.
STAFF_NAMESPACES = {"billings", "admin"}
SHARED_NAMESPACES = {"courses"}
# Signing out needs no second factor.
OPEN = {"admin:logout", "admin:login"}


class PeopleMiddleware:
    """Must be inside sessions and authentication, and outside allauth's."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if seconds := getattr(request, "must_wait", None):
            response = limits.limited_form(request, response, seconds)
        if person := getattr(request, "recognised", None):
            devices.remember(request, response, person)
        return response

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        """With `REQUIRE_MFA`, a session opens nothing of staff before its second factor."""
        match = request.resolver_match
        if settings.REQUIRE_MFA == "none" or match is None or match.view_name in OPEN:
            return None
        namespace = match.namespace
        if namespace not in STAFF_NAMESPACES | SHARED_NAMESPACES or not second_factor.is_lacking(request):
            return None
        request.user.lacks_second_factor = True  # type: ignore[union-attr]
        if namespace in SHARED_NAMESPACES:
            return None
        return second_factor.ask(request, next_url=_page(request))


def _page(request: HttpRequest) -> str:
    """Where to continue: this page, unless it is only the target of a button."""
    is_page = request.method == "GET" and not HtmxDetails(request)
    return request.get_full_path() if is_page else reverse("home")
