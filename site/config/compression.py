"""Brotli compression for browsers that accept it: a tenth smaller than gzip, in the same time."""

import re
import secrets
from collections.abc import Callable

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

QUALITY = 5
SHORTEST = 200
MOST_PADDING = 100
TAKES_BROTLI = re.compile(r"(?:^|,)\s*br\s*(?:,|$|;\s*q=(?:1|0\.0*[1-9]))", re.IGNORECASE)

type View = Callable[[HttpRequest], HttpResponse]


class BrotliMiddleware:
    """Goes inside Django's gzip, which skips responses that are compressed already and handles the rest.

    The compressed length reveals repetition in a text (the BREACH attack), so the length is padded at random, as in
    Django's gzip.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.streaming or len(response.content) < SHORTEST or "Content-Encoding" in response.headers:
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if TAKES_BROTLI.search(request.headers.get("Accept-Encoding", "")):
            _compress(response)
        return response


def _compress(response: HttpResponse) -> None:
    compressed = brotli.compress(response.content, quality=QUALITY)
    if len(compressed) >= len(response.content):
        return
    response.content = compressed
    response.headers["Content-Encoding"] = "br"
    response.headers["Content-Length"] = str(len(compressed))
    response.headers["X-Padding"] = "a" * secrets.randbelow(MOST_PADDING)
    # A weak ETag: other bytes, same meaning (RFC 9110, 8.8.1).
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"
