"""What sign-in has decided on the way, put into the answer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from people import devices, limits

type View = Callable[[HttpRequest], HttpResponse]


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
