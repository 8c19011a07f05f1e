"""The responses of the teacher's views, one function for each outcome, for pages, htmx and API clients."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.http import push_url

from billings import status
from billings.models import PriceChange
from billings.money import UNKNOWN_LOCALE
from billings.prices.forms import PRICE_FIELDS
from billings.product_fields import BY_FIELD, Field
from courses import last_list, plan_line, versions
from courses.access import TeacherRequest, one_with_billing
from courses.api import conflict_json, course_json, read_body
from courses.content import Content, NewCover
from courses.differences import Piece, differences, whole
from courses.forms import WRITTEN_FIELDS, CourseForm, label_of
from courses.lifecycle import Conflict, Done
from courses.models import Course
from web import times
from web.access import StaffRequest, manages_prices, sends_json, wants_json


class SeeOther(HttpResponseRedirect):
    status_code = 303


def form_sent(request: TeacherRequest, course: Course | None = None) -> CourseForm:
    """The course form as it was sent. Numbers in JSON are not in any locale's format."""
    data, files = read_body(request)
    return CourseForm.sent(data, files, course=course, locale=UNKNOWN_LOCALE if sends_json(request) else None)


def editor(
    request: TeacherRequest,
    form: CourseForm,
    *,
    plan: str = "",
    preview: SafeString | None = None,
    too_often: bool = False,
    code: int = 200,
    restored: bool = False,
    picture_lost: bool = False,
) -> HttpResponse:
    """The editor page; for htmx only the part that changes.

    `restored`: the form is as it was typed when the session had expired, and its author has just signed in again.
    `too_often`: there is no preview, because of the rate limit.
    """
    course = form.course
    context = {
        "form": form,
        "course": course,
        "status": status.describe(course.billing, staff=is_staff(request)) if course else None,
        "plan": plan,
        "lines": plan_line.button_lines(form),
        "preview": preview,
        "too_often": too_often,
        "language": form["language"].value(),
        "list_url": last_list.url_for(request, request.user),
        "restored": restored,
        "picture_lost": picture_lost or bool(form.files),
    }
    part = "#answer" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"courses/edit.html{part}", context, status=code)


def status_part(
    request: TeacherRequest | StaffRequest, course: Course, part: str, *, focus: bool = False
) -> HttpResponse:
    context = {"course": course, "status": status.describe(course.billing, staff=is_staff(request)), "focus": focus}
    return render(request, f"courses/status.html{part}", context)


def saved(
    request: TeacherRequest, done: Done, message: str, *, notes: tuple[str, ...] = (), created: bool = False
) -> HttpResponse:
    """The course was saved; the message says so and how it stands with Stripe."""
    course = one_with_billing(Course.objects.all(), done.course.pk)
    if wants_json(request):
        response = JsonResponse(course_json(course), status=201 if created else 200)
        if created:
            response["Location"] = course.get_absolute_url()
        return response
    messages.add_message(request, *_with_outcome(message, course))
    for note in (*(_came_in(course, name) for name in done.came_in), *notes):
        messages.info(request, note)
    if not request.htmx:
        return SeeOther(course.get_absolute_url())
    if request.htmx.target == "status":
        return status_part(request, course, "#answer")
    return push_url(editor(request, CourseForm.showing(course)), course.get_absolute_url())


def invalid(request: TeacherRequest, form: CourseForm) -> HttpResponse:
    """Nothing was saved; each error is beside its field, and what was typed is still there."""
    if wants_json(request):
        return JsonResponse(form.errors_as_json(), status=422)
    if form.course and request.htmx and request.htmx.target == "status":
        messages.error(request, " ".join(str(reason) for reasons in form.errors.values() for reason in reasons))
        return status_part(request, form.course, "#answer")
    return editor(request, form, code=422)


def conflicted(request: TeacherRequest, course: Course, form: CourseForm, conflict: Conflict) -> HttpResponse:
    """Nothing was saved; the page shows both versions, and one press saves the choice."""
    yours, merged = form.content(), conflict.merge
    if wants_json(request):
        return JsonResponse(conflict_json(course, merged.conflicts, yours, conflict.theirs), status=409)
    sent = merged.changed + merged.conflicts
    context = {
        "course": course,
        "rows": [Row.of(name, yours, conflict.theirs, _saved_last(course, name)) for name in merged.conflicts],
        "kept": [label_of(name) for name in merged.changed],
        "hidden": _hidden(form, sent),
        "version": versions.token(course.id, conflict.theirs),
        "picture_again": "cover" in sent and isinstance(yours.cover, NewCover),
        "cover_field": form["cover"],
        "action": request.path,
    }
    part = "#answer" if request.htmx else ""
    return render(request, f"courses/conflict.html{part}", context, status=409)


@dataclass(frozen=True, slots=True)
class Row:
    """A field that both sides changed, as texts."""

    name: str
    label: str
    yours: list[Piece]
    theirs: list[Piece]
    saved: "SavedLast"

    @classmethod
    def of(cls, name: str, yours: Content, theirs: Content, saved: "SavedLast") -> "Row":
        sides = _as_text(name, yours), _as_text(name, theirs)
        mine, his = differences(*sides) if name in WRITTEN_FIELDS else (whole(sides[0]), whole(sides[1]))
        return cls(name, label_of(name), mine, his, saved)


@dataclass(frozen=True, slots=True)
class SavedLast:
    """Who saved the current version, and when; `who` is None if unknown."""

    who: str | None
    at: datetime

    @property
    def clock(self) -> str:
        return times.clock(self.at)


def _saved_last(course: Course, name: str) -> SavedLast:
    """From the price history for a price, otherwise from the course's last save."""
    change = course.billing.price_changes.select_related("actor").first() if name == "price" else None
    if change:
        return SavedLast(change.actor.email if change.actor else None, change.created_at)
    last = Course.objects.select_related("updated_by").get(pk=course.pk)
    return SavedLast(last.updated_by.email if last.updated_by else None, last.updated_at)


def is_staff(request: TeacherRequest | StaffRequest) -> bool:
    return manages_prices(request.user)


def _as_text(name: str, content: Content) -> str:
    value = content.value(name)
    if name in content.selling:
        return BY_FIELD[Field(name)].shown(value)
    if name == "price":
        return str(value) if value else _("Free")
    if name == "cover":
        return (
            _("A new picture")
            if isinstance(value, NewCover)
            else _("The current picture")
            if value
            else _("No picture")
        )
    return str(value)


def _hidden(form: CourseForm, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """All fields this form changed, as typed, to be sent again with the choice."""
    inputs: list[str] = []
    for name in names:
        if name == "price":
            inputs += sorted(PRICE_FIELDS)
        elif name != "cover":
            inputs.append(name)
        elif form.cleaned_data["remove_cover"]:
            inputs.append("remove_cover")
    return [(name, str(form.data[name])) for name in inputs]


def _with_outcome(message: str, course: Course) -> tuple[int, str]:
    """The message's level and text: "Saved. On sale at $49.00.", as success only if Stripe holds what is desired.

    Work in progress is left to the status, which keeps updating; a message would soon contradict it.
    """
    billing = status.describe(course.billing, staff=False)
    match billing.state:
        case "in_sync":
            has_price = course.billing.price and str(course.billing.price) in message
            return messages.SUCCESS, message if has_price else f"{message} {billing.label}."
        case "free" | "archived":
            return messages.SUCCESS, message
        case "attention" | "drift":
            see = _("%(billing)s: see the status.") % {"billing": billing.label}
            return messages.WARNING, f"{message} {see}"
    follows = _("Stripe follows; the status says when.")
    return messages.INFO, f"{message} {follows}"


def _came_in(course: Course, name: str) -> str:
    if name != "price":
        facts = {"field": label_of(name)}
        return _("%(field)s: changed elsewhere while you were writing; that change stays.") % facts
    last = course.billing.price_changes.first()
    price = {"price": course.billing.price or _("free")}
    if last and last.source != PriceChange.Source.EDIT:
        return _("Staff changed the price to %(price)s while you were writing; it stays.") % price
    return _("The price was changed to %(price)s while you were writing; it stays.") % price
