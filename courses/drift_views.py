"""Staff decide what becomes of a change made in Stripe: restore the local value or accept Stripe's."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billings import status
from billings.drift import decisions, wording
from billings.drift.decisions import Inexpressible, Undecidable
from billings.models import Drift
from billings.operations import views
from billings.prices.views import row_answer
from courses import accept_drift
from courses.access import one_with_billing
from courses.api import course_json
from courses.models import Course
from courses.responses import SeeOther, status_part
from courses.views import vary
from web.access import StaffRequest, price_managers_only, wants_json
from web.bodies import fields_sent, reports_unreadable_body


@require_POST
@vary
@price_managers_only
@reports_unreadable_body
def restore(request: StaffRequest, course_id: UUID, drift_id: int) -> HttpResponse:
    return _decide(request, course_id, drift_id, decisions.restore_local_value, _("Restored."))


@require_POST
@vary
@price_managers_only
@reports_unreadable_body
def accept(request: StaffRequest, course_id: UUID, drift_id: int) -> HttpResponse:
    decide = partial(
        decisions.accept_stripes_value, adopt=partial(accept_drift.apply_stripe_value, course_id, actor=request.user)
    )
    return _decide(request, course_id, drift_id, decide, _("Accepted."))


def _decide(
    request: StaffRequest, course_id: UUID, drift_id: int, decide: Callable[..., None], message: str
) -> HttpResponse:
    """Decide on exactly what the person was shown; otherwise say why not, and show the current state."""
    drift = get_object_or_404(Drift.objects.select_related("product"), pk=drift_id, product__course_id=course_id)
    sent = fields_sent(request, {"shown"})
    try:
        decide(drift, shown=decisions.seen(drift, sent.get("shown", "")), actor=request.user)
    except Undecidable as reason:
        return _undecided(request, _course(course_id), reason)
    return _decided(request, _course(course_id), message)


def _course(course_id: UUID) -> Course:
    return one_with_billing(Course.objects.all(), course_id)


def _decided(request: StaffRequest, course: Course, message: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(course_json(course))
    billing = status.describe(course.billing, staff=True)
    label = billing.label if billing.label.endswith("…") else f"{billing.label}."
    what_now = _("Something else is still to be decided.") if billing.drifts else label
    level = messages.SUCCESS if billing.state in ("in_sync", "free", "archived") else messages.INFO
    messages.add_message(request, level, f"{message} {what_now}")
    return _shown(request, course, 200)


def _undecided(request: StaffRequest, course: Course, reason: Undecidable) -> HttpResponse:
    """Nothing was changed. Shows what Stripe holds now, for a new decision."""
    code = 422 if isinstance(reason, Inexpressible) else 409
    if wants_json(request):
        left = [wording.as_json(choice) for choice in status.describe(course.billing, staff=True).drifts]
        return JsonResponse({"errors": {"__all__": [str(reason)]}, "drifts": left}, status=code)
    messages.warning(request, str(reason))
    return _shown(request, course, code)


def _shown(request: StaffRequest, course: Course, code: int) -> HttpResponse:
    """Back to where the buttons were; htmx gets the part around them that it names as its target."""
    if not request.htmx:
        return SeeOther(_return_url(request, course))
    target = request.htmx.target or ""
    if target == views.PART:
        response = views.answer(request)
    elif target.startswith("row-"):
        response = row_answer(request, course.pk)
    else:
        response = status_part(request, course, "#answer", focus=True)
    response.status_code = code
    return response


def _return_url(request: StaffRequest, course: Course) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("courses:prices", args=[course.pk])
