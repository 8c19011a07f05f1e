"""Who may see which course, and where those go who are not signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from billings.status import PREFETCH
from courses import lapsed
from courses.models import Course
from web.access import ask_to_sign_in, is_somebody_elses, manages_prices, wants_json


class TeacherRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


type View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Strangers are sent to sign in and come back to the page they were on; programs are told by 401."""

    @wraps(view)
    def checked(request: TeacherRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not is_somebody_elses(request):
            return view(request, *args, **kwargs)
        course_id = kwargs.get("course_id")
        if request.method == "POST" and not request.htmx and not wants_json(request):
            lapsed.keep(request, lapsed.page_of(course_id))
        course = reverse("courses:edit", args=[course_id]) if course_id else reverse("courses:teacher_courses")
        return ask_to_sign_in(request, otherwise=course)

    return checked


def by_button(view: View) -> View:
    """POST alone. Who follows a link to a button's address comes to the editor; API clients are told by 405."""

    @wraps(view)
    def pressed(request: TeacherRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            return view(request, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or wants_json(request):
            return HttpResponseNotAllowed(["POST"])
        return _to_editor(request, *args, **kwargs)

    return pressed


@signed_in
def _to_editor(request: TeacherRequest, course_id: UUID | None = None) -> HttpResponse:
    if course_id is None:
        return redirect("courses:new")
    return redirect(own_course_or_404(request.user, course_id))


def with_billing(courses: QuerySet[Course]) -> QuerySet[Course]:
    """Courses with everything that their status is told from, in a constant number of queries."""
    return courses.select_related("billing").prefetch_related(*(f"billing__{name}" for name in PREFETCH))


def own_course_or_404(user: User, course_id: UUID) -> Course:
    """Another teacher's course is as if it were not there."""
    return get_object_or_404(with_billing(Course.objects.all()), pk=course_id, owner=user)


def visible_course_or_404(user: User, course_id: UUID) -> Course:
    """One's own course; price managers see how every course stands with Stripe."""
    whose = Q() if manages_prices(user) else Q(owner=user)
    return get_object_or_404(with_billing(Course.objects.filter(whose)), pk=course_id)
