"""Billing endpoints that belong to no screen: the address that Stripe sends its events to."""

from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billings.stripe_api import gateway
from billings.sync import events
from web.body_limits import MEGABYTE, takes_up_to

LARGEST_EVENT = 1 * MEGABYTE


@csrf_exempt  # Stripe has no session here; its signature says more than a token could
@takes_up_to(LARGEST_EVENT)
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Store one message of Stripe's and answer at once; the worker judges it."""
    try:
        event = gateway.verified_event(request.body, request.META.get("HTTP_STRIPE_SIGNATURE", ""))
    except (gateway.BadSignature, RawPostDataException):  # the latter for what came as a form, which is no message
        return HttpResponse("bad signature or payload", status=400, content_type="text/plain")
    events.store(event)
    return HttpResponse("stored", content_type="text/plain")
