"""Who may see which course, and what anonymous users get."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from billings import status
from courses import saved_forms
from courses.models import Course
from web.access import ask_to_sign_in, is_from_another_user, manages_prices, wants_json


class TeacherRequest(HttpRequest):
    """A request of a signed-in user."""

    user: User
    htmx: HtmxDetails


type View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Anonymous users sign in and come back to their page; API clients get 401."""

    @wraps(view)
    def checked(request: TeacherRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not is_from_another_user(request):
            return view(request, *args, **kwargs)
        course_id = kwargs.get("course_id")
        if request.method == "POST" and not request.htmx and not wants_json(request):
            saved_forms.save(request, saved_forms.page_of(course_id))
        course = reverse("courses:edit", args=[course_id]) if course_id else reverse("courses:teacher_courses")
        return ask_to_sign_in(request, otherwise=course)

    return checked


def by_button(view: View) -> View:
    """POST only. A browser that follows a link here is redirected to the editor; API clients get 405."""

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


def one_with_billing(courses: QuerySet[Course], course_id: UUID) -> Course:
    """With everything that determines its status and plan, in two queries where nothing is drifted or rejected.

    Raises Course.DoesNotExist.
    """
    course = courses.select_related("billing").get(pk=course_id)
    status.prefetch(course.billing)
    return course


def own_course_or_404(user: User, course_id: UUID) -> Course:
    """Another teacher's course is reported as not found."""
    return _or_404(Course.objects.filter(owner=user), course_id)


def visible_course_or_404(user: User, course_id: UUID) -> Course:
    """The user's own course; price managers can see every course."""
    whose = Q() if manages_prices(user) else Q(owner=user)
    return _or_404(Course.objects.filter(whose), course_id)


def _or_404(courses: QuerySet[Course], course_id: UUID) -> Course:
    try:
        return one_with_billing(courses, course_id)
    except Course.DoesNotExist:
        raise Http404 from None
