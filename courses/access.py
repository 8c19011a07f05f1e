"""Who may see which course, and where those go who are not signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from billings.status import PREFETCH
from courses.api import wants_json
from courses.models import Course

MANAGE_PRICES = "billings.manage_prices"


class TeacherRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


type View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Strangers are sent to sign in and come back to the page they were on; programs are told by 401."""

    @wraps(view)
    def checked(request: TeacherRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if wants_json(request):
            return JsonResponse({"errors": {"__all__": ["Sign in first."]}}, status=401)
        to_login = redirect_to_login(_page_of(request, kwargs.get("course_id")), resolve_url("account_login"))
        return HttpResponseClientRedirect(to_login.url) if request.htmx else to_login

    return checked


def with_billing(courses: QuerySet[Course]) -> QuerySet[Course]:
    """Courses with everything that their status is told from, in a constant number of queries."""
    return courses.select_related("billing").prefetch_related(*(f"billing__{name}" for name in PREFETCH))


def own_course_or_404(user: User, course_id: UUID) -> Course:
    """Another teacher's course is as if it were not there."""
    return get_object_or_404(with_billing(Course.objects.all()), pk=course_id, owner=user)


def visible_course_or_404(user: User, course_id: UUID) -> Course:
    """One's own course; price managers see how every course stands with Stripe."""
    whose = Q() if user.has_perm(MANAGE_PRICES) else Q(owner=user)
    return get_object_or_404(with_billing(Course.objects.filter(whose)), pk=course_id)


def _page_of(request: TeacherRequest, course_id: UUID | None) -> str:
    """The page to come back to, which must be one that can be looked at: not the address of a button."""
    if request.htmx and request.htmx.current_url_abs_path:
        return request.htmx.current_url_abs_path
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(referer)._replace(scheme="", netloc="").geturl()
    return reverse("courses:edit", args=[course_id]) if course_id else reverse("courses:teacher_courses")
