"""What cannot be read is refused at the door, in words; what the browser only adds by itself is left out.

Queries, charsets and addresses come from anybody. Readers further in, libraries' among them, take it for granted that a
codec decodes text and that an address has parts, and where it is not so they raise in the middle of their work.
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


class ReadableApplication:
    """Around Django's: it reads the content type before any middleware, so that an odd one would be a bare 500."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        content_type = without_charset(environ.get("CONTENT_TYPE", ""))
        environ["CONTENT_TYPE"] = content_type or ""
        if content_type is None:
            environ[UNREADABLE] = True
        return self.application(environ, start_response)


def without_charset(content_type: str) -> str | None:
    """The content type without a charset that says UTF-8; None where it cannot be read, or names another.

    Forms and JSON are UTF-8 by their standards. Django would decode with whatever codec is named, even one that makes
    no text, and the query too, as it first looks at the request.
    """
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
        if codecs.lookup(charset).name not in ("utf-8", "ascii"):
            return None
        plain = _CHARSET.sub("", content_type)
        return None if "charset" in parse_header_parameters(plain)[1] else plain
    except (LookupError, UnicodeError, ValueError):
        return None


class ReadableRequestsMiddleware:
    """Must stand before everything that reads a request."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            if UNREADABLE in request.META:
                raise UnreadableType
            request.GET  # noqa: B018  parsed here, and kept
        except (BadRequest, SuspiciousOperation) as unreadable:
            return errors.bad_request(request, unreadable)
        _leave_out_unreadable_addresses(request)
        return self.get_response(request)


def _leave_out_unreadable_addresses(request: HttpRequest) -> None:
    """Where the browser is or was says no more than where to go back to."""
    if not {"HTTP_REFERER", "HTTP_HX_CURRENT_URL"} & request.META.keys():
        return
    came_from = {
        "HTTP_REFERER": request.headers.get("Referer", ""),
        "HTTP_HX_CURRENT_URL": HtmxDetails(request).current_url or "",
    }
    broken = [header for header, address in came_from.items() if not is_address(address)]
    if broken:
        for header in broken:
            del request.META[header]
        del request.headers  # made anew from what is left


def is_address(text: str) -> bool:
    """Whether it can be taken apart as an address."""
    try:
        urlsplit(text).port  # noqa: B018  judged when it is asked for
    except ValueError:
        return False
    return True
