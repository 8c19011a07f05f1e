"""What is not there, what cannot be read, and what came without its token, said to people and to API clients."""

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from billings import access
from billings.access import wants_json
from courses import lapsed


class UnreadableType(BadRequest):
    """The content type cannot be parsed, or names a charset that is not UTF-8."""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Our page, or JSON for those who asked for it."""
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("There is nothing here.")]}}, status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Why it could not be read. The page knows nothing of the request, in which whatever is asked for may be broken."""
    status, words = 400, ""
    match exception:
        case RequestDataTooBig():
            status, words = 413, _("What was sent is too large, and nothing was saved. Go back and send less.")
        case TooManyFieldsSent() | TooManyFilesSent():
            status, words = (
                413,
                _("What was sent has too many fields or files, and nothing was saved. Go back and send fewer."),
            )
        case UnreadableType():
            words = _("The content type cannot be read, or the text is not in UTF-8. Nothing was saved.")
    if wants_json(request):
        said = words or _("Part of the address or of what was sent is broken. Nothing was saved.")
        return JsonResponse({"errors": {"__all__": [said]}}, status=status)
    return HttpResponse(render_to_string("400.html", {"status": status, "words": words}), status=status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("This is not for your account.")]}}, status=403)
    return defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        words = _("Something went wrong on our side. Nothing that was saved is lost; try again in a minute.")
        return JsonResponse({"errors": {"__all__": [words]}}, status=500)
    return defaults.server_error(request)


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django comes here (`CSRF_FAILURE_VIEW`) before any view: nothing is saved, and what was typed is shown again."""
    page = None if wants_json(request) else lapsed.keep_without_token(request)
    return redirect(page) if page else access.token_refused(request, reason)
