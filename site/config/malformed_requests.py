"""Reject requests that cannot be decoded, and drop unreadable headers that browsers add by themselves.

Queries, charsets and URLs come from anyone. Code further in, libraries included, assumes that a codec decodes text and
that a URL can be parsed, and raises in the middle of its work where that is not so.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters
from django_htmx.middleware import HtmxDetails

from config import errors
from config.errors import UnreadableType

type Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
type View = Callable[[HttpRequest], HttpResponse]

_CHARSET = re.compile(r""";\s*charset\s*=\s*("?)[\w-]+\1(?=\s*(;|$))""", re.IGNORECASE)
UNREADABLE = "portal.unreadable_content_type"


class ContentTypeApplication:
    """Wraps Django's application, which reads the content type before any middleware: a bad one would be a bare 500."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        content_type = without_charset(environ.get("CONTENT_TYPE", ""))
        environ["CONTENT_TYPE"] = content_type or ""
        if content_type is None:
            environ[UNREADABLE] = True
        return self.application(environ, start_response)


def without_charset(content_type: str) -> str | None:
    """The content type without a UTF-8 charset; None if it cannot be parsed or names another charset.

    Forms and JSON are UTF-8 by their standards. Django would decode the body, and even the query, with whatever codec
    is named, including ones that do not produce text.
    """
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
        if codecs.lookup(charset).name not in ("utf-8", "ascii"):
            return None
        plain = _CHARSET.sub("", content_type)
        return None if "charset" in parse_header_parameters(plain)[1] else plain
    except (LookupError, UnicodeError, ValueError):
        return None


class MalformedRequestsMiddleware:
    """Must be outside everything that reads a request."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            if UNREADABLE in request.META:
                raise UnreadableType
            request.GET  # noqa: B018  parsed here, then cached
        except (BadRequest, SuspiciousOperation) as unreadable:
            return errors.bad_request(request, unreadable)
        _drop_unreadable_urls(request)
        return self.get_response(request)


def _drop_unreadable_urls(request: HttpRequest) -> None:
    """The referring URL only decides where to go back to, so a broken one can be ignored."""
    if not {"HTTP_REFERER", "HTTP_HX_CURRENT_URL"} & request.META.keys():
        return
    came_from = {
        "HTTP_REFERER": request.headers.get("Referer", ""),
        "HTTP_HX_CURRENT_URL": HtmxDetails(request).current_url or "",
    }
    broken = [header for header, url in came_from.items() if not is_url(url)]
    if broken:
        for header in broken:
            del request.META[header]
        del request.headers  # a cached property: rebuilt from META


def is_url(text: str) -> bool:
    """Whether it can be parsed as a URL."""
    try:
        urlsplit(text).port  # noqa: B018  validated on access
    except ValueError:
        return False
    return True
