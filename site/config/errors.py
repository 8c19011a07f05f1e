"""Error responses, as pages and as JSON: not found, bad request, forbidden, CSRF failure, unavailable."""

import logging
import sys
from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from config.unavailable import UNAVAILABLE_REASON, in_one_line, is_unavailable
from courses import saved_forms
from web import access
from web.access import wants_json

RETRY_AFTER_SECONDS = 10

log = logging.getLogger(__name__)
type View = Callable[[HttpRequest], HttpResponse]


class UnreadableType(BadRequest):
    """The content type cannot be parsed, or names a charset that is not UTF-8."""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page, or JSON for API clients."""
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("There is nothing here.")]}}, status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say why the request could not be read. The page is rendered without the request, any part of which may be
    broken."""
    status, message = 400, ""
    match exception:
        case RequestDataTooBig():
            status, message = 413, _("What was sent is too large, and nothing was saved. Go back and send less.")
        case TooManyFieldsSent() | TooManyFilesSent():
            status, message = (
                413,
                _("What was sent has too many fields or files, and nothing was saved. Go back and send fewer."),
            )
        case UnreadableType():
            message = _("The content type cannot be read, or the text is not in UTF-8. Nothing was saved.")
    if wants_json(request):
        message = message or _("Part of the address or of what was sent is broken. Nothing was saved.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=status)
    return HttpResponse(render_to_string("400.html", {"status": status, "message": message}), status=status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("This is not for your account.")]}}, status=403)
    return defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Handles exceptions from middleware too, such as a session or an upload that could not be written."""
    if is_unavailable(sys.exc_info()[1]):
        return unavailable(request)
    if wants_json(request):
        message = _("Something went wrong on our side. Nothing that was saved is lost; try again in a minute.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=500)
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's `CSRF_FAILURE_VIEW`, called before any view: nothing is saved, and what was typed is shown again."""
    page = None if wants_json(request) else saved_forms.save_without_token(request)
    return redirect(page) if page else access.csrf_failure(request, reason)


class UnavailableMiddleware:
    """Answers 503 and logs one line where data cannot be read or written, or no thread is free.

    Inside the middleware that sets headers, outside everything that uses the database. Nothing acknowledged is lost:
    what could not be written is not reported as saved.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if reason := request.META.get(UNAVAILABLE_REASON):
            return self._respond(request, reason)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_unavailable(error):
            return None
        return self._respond(request, in_one_line(error))

    def _respond(self, request: HttpRequest, reason: str) -> HttpResponse:
        log.error("%s %s: %s", request.method, request.path, reason)
        response = unavailable(request)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's: else it logs a second line
        return response


def unavailable(request: HttpRequest) -> HttpResponse:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()  # the next request reconnects to whatever file or server is there by then
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "no-store"}
    if wants_json(request):
        message = _("The portal cannot read or write its data now. Nothing was saved; send it again in a minute.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=503, headers=headers)
    # Rendered without the request: looking up the user needs the database.
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
