"""What is not there, said to people and to programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

from billings.access import wants_json


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Our page, or JSON for those who asked for it."""
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [_("There is nothing here.")]}}, status=404)
    return defaults.page_not_found(request, exception)
