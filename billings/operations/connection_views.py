"""Staff's actions on the connection to Stripe: test the key, register the webhook endpoint."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from billings.operations import overview, views
from billings.operations.monitoring import monitoring
from billings.prices.views import vary
from billings.stripe_api import endpoints, gateway, permissions
from web.access import StaffRequest, price_managers_only, wants_json

# A person waits for it.
LONGEST_CALL = 5.0
ANSWER = "billings/sync_connection.html#answer"


def _seconds() -> float:
    return min(float(settings.STRIPE_TIMEOUT_SECONDS), LONGEST_CALL)


@require_POST
@vary
@price_managers_only
def check(request: StaffRequest) -> HttpResponse:
    """Test the key's permissions, and list the endpoints Stripe knows."""
    try:
        permissions.check(seconds=_seconds())
        endpoints.check(seconds=_seconds())
    except gateway.ReadFailed as failed:
        return _failed(request, _("Stripe could not be asked: %(why)s") % {"why": failed})
    messages.success(request, _("Checked with Stripe."))
    return _answer(request)


@require_POST
@never_cache
@vary
@price_managers_only
def register(request: StaffRequest) -> HttpResponse:
    """Register the endpoint; its secret is shown once, in this response, and stored nowhere."""
    try:
        done = endpoints.register(seconds=_seconds())
    except (endpoints.NoPublicAddress, endpoints.NotRegistered) as error:
        return _failed(request, str(error))
    except gateway.ReadFailed as failed:
        return _failed(request, _("Stripe could not be asked: %(why)s") % {"why": failed})
    if done.secret is None:
        said = _("The webhook endpoint is up to date.") if done.changed else _("It is registered already.")
        messages.success(request, said)
        return _answer(request)
    if wants_json(request):
        return JsonResponse({"id": done.id, "url": done.url, "secret": done.secret}, status=201)
    if request.htmx:
        return render(request, ANSWER, {"watch": monitoring(), "secret": done.secret})
    return render(request, "billings/sync.html", views.context(overview.overview()) | {"secret": done.secret})


def _failed(request: StaffRequest, why: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": {"__all__": [why]}}, status=422)
    messages.error(request, why)
    return _answer(request)


def _answer(request: StaffRequest) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(monitoring().as_json())
    if request.htmx:
        return render(request, ANSWER, {"watch": monitoring()})
    return HttpResponseRedirect(f"{reverse('billings:sync')}#sync-connection", status=303)
