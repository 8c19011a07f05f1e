"""What sign-in has decided on the way, put into the answer."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from people import devices, limits, second_factor

type View = Callable[[HttpRequest], HttpResponse]

# Rooms that are staff's alone. Of a teacher's, staff see more: there `billings.access.manages_prices` looks.
STAFF_ROOMS = {"billings", "admin"}
SHARED_ROOMS = {"courses"}
# Going out needs nothing.
OPEN = {"admin:logout", "admin:login"}


class PeopleMiddleware:
    """Must stand behind sessions and authentication, and before allauth's."""

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
        """With `REQUIRE_MFA` no session opens anything of staff before its second step."""
        match = request.resolver_match
        if settings.REQUIRE_MFA == "none" or match is None or match.view_name in OPEN:
            return None
        room = match.namespace
        if room not in STAFF_ROOMS | SHARED_ROOMS or not second_factor.is_lacking(request):
            return None
        request.user.lacks_second_factor = True  # type: ignore[union-attr]
        if room in SHARED_ROOMS:
            return None
        return second_factor.ask(request, wanted=_page(request))


def _page(request: HttpRequest) -> str:
    """Where to go on: the address of a button is none."""
    is_page = request.method == "GET" and not HtmxDetails(request)
    return request.get_full_path() if is_page else reverse("home")
