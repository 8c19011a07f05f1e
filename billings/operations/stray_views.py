"""Staff's actions on products in Stripe that no course sells by."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billings.models import StrayProduct
from billings.operations import strays
from web.access import StaffRequest, price_managers_only, wants_json
from web.bidi import isolate


@require_POST
@price_managers_only
def archive(request: StaffRequest, stray_id: int) -> HttpResponse:
    stray = get_object_or_404(StrayProduct, pk=stray_id)
    try:
        strays.archive(stray, actor=request.user)
    except strays.NotDone as reason:
        return _answer(request, messages.WARNING, str(reason), 409)
    return _answer(
        request, messages.SUCCESS, _("“%(name)s” is archived in Stripe.") % {"name": isolate(stray.name)}, 200
    )


@require_POST
@price_managers_only
def set_aside(request: StaffRequest, stray_id: int) -> HttpResponse:
    stray = get_object_or_404(StrayProduct, pk=stray_id)
    strays.set_aside(stray, actor=request.user)
    words = _("“%(name)s” is not listed here any more. In Stripe nothing changed.") % {"name": isolate(stray.name)}
    return _answer(request, messages.INFO, words, 200)


def _answer(request: StaffRequest, level: int, words: str, code: int) -> HttpResponse:
    if wants_json(request):
        body = {"errors": {"__all__": [words]}} if code >= 400 else {"done": words}
        return JsonResponse(body, status=code)
    messages.add_message(request, level, words)
    return HttpResponseRedirect(f"{reverse('billings:sync')}#strays", status=303)
