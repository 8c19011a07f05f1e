"""What is not there, and what came without its token, said to people and to API clients."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import defaults

from billings import access
from billings.access import wants_json
from courses import lapsed


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Our page, or JSON for those who asked for it."""
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("There is nothing here.")]}}, status=404)
    return defaults.page_not_found(request, exception)


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django comes here (`CSRF_FAILURE_VIEW`) before any view: nothing is saved, and what was typed is shown again."""
    page = None if wants_json(request) else lapsed.keep_without_token(request)
    return redirect(page) if page else access.token_refused(request, reason)
