"""Covers, served by the portal itself: few, small, and cached by browsers for ever."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve


@require_safe
def cover(request: HttpRequest, name: str) -> HttpResponseBase:
    """Serve a picture by its unguessable, never reused name; nothing else in the folder can be reached."""
    response = serve(request, name, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
