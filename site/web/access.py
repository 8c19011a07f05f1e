"""Who may manage prices; what anonymous users get; and whether to answer in JSON."""

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
from django.views.csrf import csrf_failure as django_csrf_failure
from django_htmx.middleware import HtmxDetails

MANAGE_PRICES = "billings.manage_prices"


class StaffRequest(HttpRequest):
    """A request of a user who may manage prices."""

    user: User
    htmx: HtmxDetails


def sends_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Whether to answer in JSON: requested by `Accept`, or JSON was sent and `Accept` leaves it open."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return True
    return sends_json(request) and "text/html" not in request.headers.get("Accept", "")


def manages_prices(user: Any) -> bool:
    """Whether the user may, in this session: the second factor that staff need may be missing (`people.middleware`)."""
    return bool(user.has_perm(MANAGE_PRICES)) and not getattr(user, "lacks_second_factor", False)


def price_managers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Anonymous users sign in and come back to their page; everyone else gets 403."""

    @wraps(view)
    def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request, otherwise=reverse("billings:prices"))
        if manages_prices(request.user):
            return view(request, *args, **kwargs)
        if wants_json(request):
            return _json_error(_("You may not manage prices."), 403)
        raise PermissionDenied

    return checked


def ask_to_sign_in(request: HttpRequest, *, otherwise: str) -> HttpResponse:
    """Anonymous users sign in and come back to their page, or to `otherwise` if that is unknown; API clients get 401.

    So does htmx, with the sign-in page's URL in a header: the page itself tells the user, because a redirect would lose
    what is being typed.
    """
    if wants_json(request):
        return _json_error(_("Sign in first."), 401)
    to_login = redirect_to_login(_page_of(request) or otherwise, resolve_url("account_login"))
    return HttpResponse(status=401, headers={"X-Sign-In": to_login.url}) if HtmxDetails(request) else to_login


def is_from_another_user(request: HttpRequest) -> bool:
    """Whether the page behind this htmx request was opened by a user other than the one signed in now."""
    return request.headers.get("X-Written-By", "") not in ("", str(request.user.pk))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A request without its CSRF token: API clients get JSON; anonymous ones the 401 they would get with it."""
    if not wants_json(request):
        return django_csrf_failure(request, reason)
    if not request.user.is_authenticated:
        return _json_error(_("Sign in first."), 401)
    return _json_error(_("The CSRF token is missing or wrong."), 403)


def _json_error(message: str, status: int) -> JsonResponse:
    return JsonResponse({"errors": {"__all__": [message]}}, status=status)


def _page_of(request: HttpRequest) -> str | None:
    """The page to come back to, which must work with GET: not the target of a button or a part of a page."""
    if htmx := HtmxDetails(request):
        return htmx.current_url_abs_path
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(referer)._replace(scheme="", netloc="").geturl()
    return None
