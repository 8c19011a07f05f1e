"""JSON responses for polling clients: a 304 if nothing changed."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response


def json_answer(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    """`data` as JSON (200) with an ETag of its content, or 304 without a body if `If-None-Match` names it.

    For GET and HEAD only. `config.headers` decides on caching; polling clients keep their own copy.
    """
    response = JsonResponse(data)
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
