"""Headers for every response: pages, errors, JSON, files."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.csp import CSP, build_policy

type View = Callable[[HttpRequest], HttpResponse]


class HeadersMiddleware:
    """Must be among the first, so that no response bypasses it.

    Browsers take an answer for what it says it is; and what a person sees who is signed in is kept nowhere: neither the
    next one at this computer nor a cache on the way shows it again. What it may load is the same for every page, so the
    policy is built once: Django's middleware builds it for each answer, each of Stripe's messages included.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        allowed: Mapping[str, Any] = settings.SECURE_CSP
        self.policy = build_policy(allowed)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(CSP.HEADER_ENFORCE.value, self.policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        # A response with its own Cache-Control needs no look at the session, which may be what could not be read.
        if "Cache-Control" not in response.headers and _is_private(request):
            response.headers["Cache-Control"] = "no-store"
        return response


def _is_private(request: HttpRequest) -> bool:
    """Whether the response may reveal something about the signed-in user. No query: the session is loaded already."""
    session = getattr(request, "session", None)
    return session is not None and session.accessed and SESSION_KEY in session
