"""The teacher's pages: permissions, input and responses; the actions themselves are in `lifecycle`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from billings import pricing
from billings.drift.wording import open_drifts
from billings.prices import row_polling
from billings.prices.forms import PRICE_FIELDS
from billings.prices.unusual_changes import Unconfirmed
from billings.status import describe
from courses import covers, last_list, lifecycle, markdown, saved_forms, versions
from courses.access import (
    TeacherRequest,
    by_button,
    own_course_or_404,
    signed_in,
    visible_course_or_404,
)
from courses.api import course_json, status_json
from courses.cards import Card
from courses.forms import CourseForm
from courses.lifecycle import Conflict, Done, NotReady
from courses.listing import COURSES, SORT_LABELS, listed, listing
from courses.models import Course
from courses.plan_line import KEEPS_OFF_SALE, button_lines, changes, plan_line
from courses.responses import (
    conflicted,
    editor,
    form_sent,
    invalid,
    is_staff,
    saved,
    status_part,
)
from web.access import wants_json
from web.bodies import reports_unreadable_body
from web.body_limits import MEGABYTE, takes_up_to
from web.etags import json_answer

# One URL serves pages, parts and JSON: caches must keep them apart.
vary = vary_on_headers("Accept", "HX-Request")
# The editor's largest form: a cover, and all fields at their longest, percent-encoded.
takes_the_form = takes_up_to(covers.MAX_BYTES + MEGABYTE, files=True)


@takes_the_form
@require_http_methods(["GET", "HEAD", "POST"])
@vary
@signed_in
@reports_unreadable_body
def teacher_courses(request: TeacherRequest) -> HttpResponse:
    """The teacher's own courses; POST creates one."""
    if request.method == "POST":
        return _create(request)
    in_json = wants_json(request)
    found = listing(request.user, COURSES.query(request.GET.dict()), with_description=in_json)
    if in_json:
        results = [course_json(course) for course in found.page]
        return json_answer(request, {"results": results, "count": found.count, "next": found.next_url})
    staff = is_staff(request)
    cards = [Card.of(course, staff=staff) for course in found.page]
    part = "#found" if request.htmx and not request.htmx.history_restore_request else ""
    context = {
        "listing": found,
        "cards": cards,
        "sorts": SORT_LABELS,
        "watch_seconds": row_polling.seconds(card.watched for card in cards),
    }
    page = render(request, f"courses/list.html{part}", context)
    return last_list.remember(page, request.user, found)


def _create(request: TeacherRequest) -> HttpResponse:
    form = form_sent(request)
    if not form.is_valid():
        return invalid(request, form)
    publish = form.cleaned_data["publish"]
    status = Course.Status.PUBLISHED if publish else Course.Status.DRAFT
    try:
        course = lifecycle.create_once(form.new_id(), owner=request.user, content=form.content(), status=status)
    except NotReady:
        message = _(
            "Nothing is saved yet. Write a summary, which buyers see at checkout, or press Save to keep a draft."
        )
        return invalid(request, form.reject({"summary": [message]}))
    message = _("Saved and published.") if publish else _("Saved.")
    return saved(request, Done(course), message, notes=form.left_out(), created=True)


@require_safe
@signed_in
def new(request: TeacherRequest) -> HttpResponse:
    """An empty form; reloaded with a `version` whose course exists by now, that course."""
    course_id = versions.read_fresh(request.GET.get("version", ""))
    if course_id and Course.objects.filter(pk=course_id, owner=request.user).exists():
        return redirect("courses:edit", course_id)
    return _open_editor(request, None)


@takes_the_form
@require_http_methods(["GET", "HEAD", "POST"])
@vary
@signed_in
@reports_unreadable_body
def edit(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    if request.method == "POST":
        course = own_course_or_404(request.user, course_id)
        return _change(request, course, lifecycle.save, lambda course: _("Saved."))
    course = visible_course_or_404(request.user, course_id)
    if wants_json(request):
        return json_answer(request, course_json(course))
    if course.owner_id != request.user.pk:
        return _show(request, course)
    return _open_editor(request, course)


def _show(request: TeacherRequest, course: Course) -> HttpResponse:
    """Another teacher's course, read-only for price managers, except for its status in Stripe."""
    context = {
        "course": course,
        "status": describe(course.billing, staff=True),
        "description": markdown.render(course.description),
    }
    return render(request, "courses/read_only.html", context)


def _open_editor(request: TeacherRequest, course: Course | None) -> HttpResponse:
    """The form with the course's values; or, after signing in again, as it was typed when the session had expired."""
    if typed := saved_forms.take(request):
        form = CourseForm.sent(typed, {}, course=course)
        return editor(request, form, restored=True, picture_lost=saved_forms.PICTURE_LOST in typed)
    if course:
        return editor(request, CourseForm.showing(course))
    version, currency = request.GET.get("version", ""), pricing.last_currency(request.user)
    return editor(request, CourseForm.blank(version, request.user.pk, currency=currency))


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def publish(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    return _change(request, course, lifecycle.publish, lambda course: _("Published."))


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def unpublish(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    return _change(request, course, lifecycle.unpublish, lambda course: _("Back to a draft."))


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def archive(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    return _change(request, course, lifecycle.archive, lambda course: _("Archived. People who bought it keep it."))


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def restore(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    return _change(request, course, lifecycle.restore, _restored)


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def retry(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    return _change(request, course, lifecycle.retry, lambda course: _("Asked Stripe again."))


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def duplicate(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    course = own_course_or_404(request.user, course_id)
    message = _("Copied. This is the copy, a draft; the original was not saved.")
    return _change(request, course, lifecycle.duplicate, lambda course: message, created=True)


def _restored(course: Course) -> str:
    if course.status != Course.Status.PUBLISHED:
        return _("Restored as a draft.")
    price = course.billing.price
    if KEEPS_OFF_SALE & {drift.field for drift in open_drifts(course.billing)}:
        return _("Restored. It is on sale once staff decide about the change made in Stripe.")
    if price is None:
        return _("Restored and published. It costs nothing.")
    return _("Restored: the course goes back on sale at %(price)s.") % {"price": price}


def _change(
    request: TeacherRequest,
    course: Course,
    action: Callable[..., Done],
    message: Callable[[Course], str],
    *,
    created: bool = False,
) -> HttpResponse:
    """Save the form's fields, if there are any, and perform `action`, in one step; or say why not."""
    form = form_sent(request, course)
    if not form.is_valid():
        return invalid(request, form)
    edit = form.edit(told=request.POST.get(f"told_{action.__name__}"))
    try:
        done = action(course.pk, actor=request.user, edit=edit)
    except NotReady as not_ready:
        return invalid(request, form.reject(not_ready.errors))
    except Unconfirmed as unconfirmed:
        return invalid(request, form.ask(unconfirmed.unusual_change, address=request.path))
    except Conflict as conflict:
        return conflicted(request, course, form, conflict)
    return saved(request, done, message(done.course), notes=form.left_out(), created=created)


@require_safe
@vary
@signed_in
def status(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    """How the course stands with Stripe; polled while something is pending."""
    course = visible_course_or_404(request.user, course_id)
    if wants_json(request):
        return json_answer(request, status_json(course))
    if not request.htmx:
        return status_part(request, course, "")
    return status_part(request, course, "#status")


@require_safe
@vary
@signed_in
def statuses(request: TeacherRequest) -> HttpResponse:
    """The listed courses that are pending: those that have changed, and when the page should ask again."""
    if not request.htmx:
        return redirect("courses:teacher_courses")
    sent = row_polling.sent(request.GET.getlist(row_polling.PARAM))
    courses = listed(request.user, sent) if sent else []
    staff = is_staff(request)
    cards = [Card.of(course, staff=staff) for course in courses]
    changed = [card for card in cards if card.mark != sent[card.course.pk]]
    context = {
        "changed": changed,
        "watch_seconds": row_polling.seconds(card.watched for card in cards),
        "news": row_polling.news([(card.course.title, card.status) for card in changed]),
    }
    return render(request, "courses/list.html#watched", context)


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def plan_new(request: TeacherRequest) -> HttpResponse:
    return _plan(request, None)


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def plan(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    return _plan(request, own_course_or_404(request.user, course_id))


def _plan(request: TeacherRequest, course: Course | None) -> HttpResponse:
    """What saving would do, and how the field just left is understood. Saves nothing."""
    form = form_sent(request, course)
    line = plan_line(form)
    if not request.htmx:
        return editor(request, form, plan=line, code=200 if form.is_valid() else 422)
    left = request.htmx.trigger_name or ""
    validated = PRICE_FIELDS if left in PRICE_FIELDS else {left} & form.fields.keys()
    context: dict[str, Any] = {"plan": line, "course": course, "oob": True, "lines": button_lines(form)}
    context["validated"] = [form[name] for name in sorted(validated)]
    answer = render(request, "courses/edit.html#validated", context)
    answer["X-Changes"] = " ".join(changes(form))
    return answer


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def preview_new(request: TeacherRequest) -> HttpResponse:
    return _preview(request, None)


@takes_the_form
@by_button
@signed_in
@reports_unreadable_body
def preview(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    return _preview(request, own_course_or_404(request.user, course_id))


def _preview(request: TeacherRequest, course: Course | None) -> HttpResponse:
    """The description as it will look, within `ACCOUNT_RATE_LIMITS`. Saves nothing."""
    form = form_sent(request, course)
    allowed = ratelimit.consume(request, action="preview", user=request.user)
    preview = markdown.render(str(form["description"].value() or "")) if allowed else None
    code = 200 if allowed else 429
    if request.htmx:
        context = {"form": form, "preview": preview, "too_often": not allowed}
        context["language"] = form["language"].value()
        return render(request, "courses/edit.html#preview", context, status=code)
    return editor(request, form, plan=plan_line(form), preview=preview, too_often=not allowed, code=code)


@require_safe
@signed_in
def prices(request: TeacherRequest, course_id: UUID) -> HttpResponse:
    """The course's price history."""
    course = visible_course_or_404(request.user, course_id)
    staff = is_staff(request)
    context = {"course": course, "periods": pricing.history(course.billing), "staff": staff}
    return render(request, "courses/prices.html", context | {"status": describe(course.billing, staff=staff)})
