"""Health checks and Stripe's webhook, answered before sessions, languages, cookies and redirects.

Health checks come by IP address, with a host that is not allowed, over http. Stripe authenticates by a signature over
the body and sends as many messages as it likes; the middleware of pages would be a third of the cost of each.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from billings.views import webhook
from config.health import healthz, readyz
from config.request_bodies import CutOff, TooLarge, UnexpectedFile, receive
from config.unavailable import UNAVAILABLE_REASON

type View = Callable[[HttpRequest], HttpResponse]


class MachineEndpointsMiddleware:
    """Must be outside the middleware of pages, and depends on none of it."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        self.views: dict[str, View] = {
            reverse("healthz"): healthz,
            reverse("readyz"): readyz,
            reverse("billings:webhook"): webhook,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = self.views.get(request.path)
        if view is None:
            return self.get_response(request)
        response = self.respond(view, request)
        response.headers["Content-Length"] = str(len(response.content))  # otherwise it is sent in chunks
        return response

    def respond(self, view: View, request: HttpRequest) -> HttpResponse:
        if reason := request.META.get(UNAVAILABLE_REASON):
            return JsonResponse({"status": reason}, status=503)
        try:
            receive(request)
        except CutOff:
            return HttpResponse("cut off before all of it had arrived", status=400, content_type="text/plain")
        except TooLarge:
            return HttpResponse("too large", status=413, content_type="text/plain")
        except UnexpectedFile:
            return HttpResponse("no files are accepted here", status=415, content_type="text/plain")
        return view(request)
