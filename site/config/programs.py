"""What programs ask, answered before anything that is there for people: sessions, languages, cookies, redirects.

Probes come by address, with a host that is not allowed, by http. Stripe proves itself by a signature over the body; it
sends as many messages as it likes, and what the pages need would be a third of the cost of each.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from billings.views import webhook
from config.health import healthz, readyz
from config.unavailable import WAITED_FOR
from config.whole_requests import CutOff, TooLarge, UnexpectedFile, receive

type View = Callable[[HttpRequest], HttpResponse]


class ProgramsMiddleware:
    """Must be the first, and needs nothing of the others."""

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
        response = self.answer(view, request)
        response.headers["Content-Length"] = str(len(response.content))  # else it is sent in chunks
        return response

    def answer(self, view: View, request: HttpRequest) -> HttpResponse:
        if reason := request.META.get(WAITED_FOR):
            return JsonResponse({"status": reason}, status=503)
        try:
            receive(request)
        except CutOff:
            return HttpResponse("cut off before all of it had arrived", status=400, content_type="text/plain")
        except TooLarge:
            return HttpResponse("too large", status=413, content_type="text/plain")
        except UnexpectedFile:
            return HttpResponse("no files are taken here", status=415, content_type="text/plain")
        return view(request)
