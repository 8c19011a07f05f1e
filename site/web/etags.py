"""Answers in JSON for clients that ask again and again: who has it already is told so in a few bytes."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response


def json_answer(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    """`data` as JSON (200) with an ETag of what it says, or 304 without a body where `If-None-Match` names that one.

    For GET and HEAD alone. What may be kept of it `config.headers` says: the client that asks keeps its own copy.
    """
    response = JsonResponse(data)
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
