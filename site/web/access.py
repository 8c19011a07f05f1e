"""Who may change prices; and, for every room, where those go who are not signed in, and who is answered in JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure
from django_htmx.middleware import HtmxDetails

MANAGE_PRICES = "billings.manage_prices"


class StaffRequest(HttpRequest):
    """A request of somebody who may change prices."""

    user: User
    htmx: HtmxDetails


def sends_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Whether to answer in JSON: asked for by `Accept`, or left open by somebody who sent JSON."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return True
    return sends_json(request) and "text/html" not in request.headers.get("Accept", "")


def manages_prices(user: Any) -> bool:
    """Whether somebody may, here and now: the second step that staff must pass can be lacking (`people.middleware`)."""
    return bool(user.has_perm(MANAGE_PRICES)) and not getattr(user, "lacks_second_factor", False)


def price_managers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Strangers are sent to sign in and come back to the page they were on; everybody else is refused."""

    @wraps(view)
    def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request, otherwise=reverse("billings:prices"))
        if manages_prices(request.user):
            return view(request, *args, **kwargs)
        if wants_json(request):
            return _refused(_("You may not manage prices."), 403)
        raise PermissionDenied

    return checked


def ask_to_sign_in(request: HttpRequest, *, otherwise: str) -> HttpResponse:
    """Anonymous users sign in and come back to their page, to `otherwise` where none is known; API clients get 401.

    So does htmx, with the sign-in page's address: the page says so where it is, since leading it away would lose what
    is being typed.
    """
    if wants_json(request):
        return _refused(_("Sign in first."), 401)
    to_login = redirect_to_login(_page_of(request) or otherwise, resolve_url("account_login"))
    return HttpResponse(status=401, headers={"X-Sign-In": to_login.url}) if HtmxDetails(request) else to_login


def is_somebody_elses(request: HttpRequest) -> bool:
    """Whether the page that asks by htmx was opened by another person than the one who is signed in now."""
    return request.headers.get("X-Written-By", "") not in ("", str(request.user.pk))


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A request without its CSRF token: API clients get JSON, anonymous ones the 401 they would get with it."""
    if not wants_json(request):
        return csrf_failure(request, reason)
    if not request.user.is_authenticated:
        return _refused(_("Sign in first."), 401)
    return _refused(_("The CSRF token is missing or wrong."), 403)


def _refused(words: str, status: int) -> JsonResponse:
    return JsonResponse({"errors": {"__all__": [words]}}, status=status)


def _page_of(request: HttpRequest) -> str | None:
    """The page to come back to, which must be one that can be looked at: not the address of a button or of a part."""
    if htmx := HtmxDetails(request):
        return htmx.current_url_abs_path
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(referer)._replace(scheme="", netloc="").geturl()
    return None
