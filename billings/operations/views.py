"""Staff's Sync page: how the catalogue stands with Stripe, drift, and what to do about it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from billings.drift import wording
from billings.models import StrayProduct, SyncRun
from billings.operations import overview
from billings.operations.causes import Cause
from billings.operations.monitoring import monitoring
from billings.operations.overview import DriftRow, Overview
from billings.operations.strays import SHOWN
from billings.prices.listing import PRICES
from billings.prices.views import vary
from billings.status import STATE_LABELS
from billings.stripe_api.stripe_pages import product_url
from web.access import StaffRequest, price_managers_only, wants_json
from web.etags import json_answer

# The id of the part that changes when something is decided; htmx sends it as the target.
PART = "sync"
# Shown even if their count is 0.
ALWAYS = ("in_sync", "pending", "retrying", "attention", "drift")


@require_safe
@vary
@price_managers_only
def page(request: StaffRequest) -> HttpResponse:
    """The whole page; with `watch`, only what has changed."""
    found = overview.overview(overview.SYNC.query(request.GET.dict()))
    if wants_json(request):
        return json_answer(request, _as_json(found))
    if request.htmx and "watch" in request.GET:
        return _polled(request, found)
    return render(request, "billings/sync.html", context(found))


@require_POST
@vary
@price_managers_only
def compare(request: StaffRequest) -> HttpResponse:
    begun = overview.compare(actor=request.user)
    return _begun(request, "compare", begun, _("Comparing with Stripe."), _("A compare is under way already."))


@require_POST
@vary
@price_managers_only
def restore_all(request: StaffRequest) -> HttpResponse:
    begun = overview.restore_all(actor=request.user)
    return _begun(
        request, "restore", begun, _("Restoring our values, one by one."), _("They are being restored already.")
    )


def answer(request: StaffRequest, *, focus: str = "drifts") -> HttpResponse:
    """The changing part of the page with messages; `focus` moves to where the button was."""
    return render(request, "billings/sync.html#answer", context(overview.overview()) | {"focus": focus})


def _begun(request: StaffRequest, kind: str, begun: bool, done: str, already: str) -> HttpResponse:
    if wants_json(request):
        if begun:
            return JsonResponse(_as_json(overview.overview()), status=202)
        return JsonResponse({"errors": {"__all__": [already]}}, status=409)
    messages.info(request, done if begun else already)
    if request.htmx:
        return answer(request, focus=kind)
    return HttpResponseRedirect(reverse("billings:sync"), status=303)


def _polled(request: StaffRequest, found: Overview) -> HttpResponse:
    """The figures; the list only if it has changed, so as not to disturb; and finished runs."""
    watched = request.GET["watch"].split(",")
    ended = [run for run in found.ended if str(run.pk) in watched]
    for run in ended:
        level = messages.ERROR if run.error else messages.SUCCESS
        messages.add_message(request, level, outcome(run))
    more = {"list_changed": request.GET.get("drifts") != found.fingerprint, "says": bool(ended)}
    return render(request, "billings/sync.html#polled", context(found) | more)


def context(found: Overview) -> dict[str, Any]:
    """The page's context."""
    watched = ",".join(str(run.pk) for run in (found.compare, found.restore) if run)
    return {
        "sync": found,
        "watch": monitoring(),
        "figures": [
            (found.counts[state], label, PRICES.query({"billing": state}).url, state)
            for state, label in STATE_LABELS.items()
            if state in ALWAYS or found.counts[state]
        ],
        "strays": [
            {"row": stray, "url": product_url(stray.stripe_id, account=stray.account, livemode=stray.livemode)}
            for stray in found.strays[:SHOWN]
        ],
        "strays_left_out": len(found.strays) > SHOWN,
        "outcomes": [(run, outcome(run)) for run in found.ended],
        "poll_url": f"{reverse('billings:sync')}?{urlencode({'watch': watched, 'drifts': found.fingerprint})}",
    }


def outcome(run: SyncRun) -> str:
    """The result of a run, in a sentence."""
    if run.error:
        return run.error
    if run.state == SyncRun.State.OPEN and run.started_at is None:
        return _("The worker has not begun. Is one running?")
    if run.state == SyncRun.State.OPEN:
        return _("It ended half-way: the worker was stopped.")
    if run.kind == SyncRun.Kind.COMPARE:
        return " ".join(_compared(run))
    if run.left:
        return ngettext(
            "%(n)d of them has changed again and is still to be decided.",
            "%(n)d of them have changed again and are still to be decided.",
            run.left,
        ) % {"n": run.left}
    return _("Our value is restored for all of them; what Stripe has yet to hear is counted above.")


def _compared(run: SyncRun) -> list[str]:
    said = [_("%(n)d products and %(m)d prices were compared.") % {"n": run.products, "m": run.prices}]
    if run.suspects:
        text = ngettext(
            "%(n)d product differed and was read again.", "%(n)d products differed and were read again.", run.suspects
        )
        said.append(text % {"n": run.suspects})
    elif not run.orphans:
        said.append(_("Nothing was found that is not known here."))
    if run.orphans:
        text = ngettext(
            "%(n)d product in Stripe names a course that does not sell by it; see below.",
            "%(n)d products in Stripe name courses that do not sell by them; see below.",
            run.orphans,
        )
        said.append(text % {"n": run.orphans})
    return said


def _as_json(found: Overview) -> dict[str, Any]:
    return {
        **monitoring().as_json(),
        "counts": {state: found.counts[state] for state in STATE_LABELS},
        "causes": [_cause_json(cause) for cause in found.causes],
        "strays": [_stray_json(stray) for stray in found.strays],
        "backlog": found.backlog,
        "oldest_pending": found.oldest_pending,
        "last_compare": _run_json(found.last_compare),
        "compare": _run_json(found.compare),
        "restore": _run_json(found.restore),
        "older_than_stripe": found.older_than_stripe,
        "drifts": {
            "results": [_drift_json(row) for row in found.drifts],
            "count": found.drift_count,
            "next": found.next_url,
        },
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "code": cause.code,
        "words": cause.words,
        "count": cause.count,
        "oldest": cause.oldest,
        "course": cause.course,
        "url": cause.url,
    }


def _stray_json(stray: StrayProduct) -> dict[str, Any]:
    return {"id": stray.pk, "stripe_id": stray.stripe_id, "name": stray.name, "course_id": stray.course_id or None}


def _run_json(run: SyncRun | None) -> dict[str, Any] | None:
    names = ("asked_at", "started_at", "finished_at", "total", "done", "products", "prices", "suspects", "orphans")
    return None if run is None else {name: getattr(run, name) for name in names}


def _drift_json(row: DriftRow) -> dict[str, Any]:
    course: Any = row.product.course
    return {
        "course": str(row.product.course_id),
        "title": course.title,
        "teacher": course.owner.email,
        "opened_at": row.opened_at,
        **wording.as_json(row.choice),
    }
