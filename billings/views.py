"""Billing endpoints that belong to no page: Stripe's webhook."""

from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billings.stripe_api import gateway
from billings.sync import events
from web.body_limits import MEGABYTE, takes_up_to

LARGEST_EVENT = 1 * MEGABYTE


@csrf_exempt  # Stripe has no session; its signature is stronger than a token
@takes_up_to(LARGEST_EVENT)
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Store one event of Stripe's and acknowledge it; the worker handles it."""
    try:
        event = gateway.verified_event(request.body, request.META.get("HTTP_STRIPE_SIGNATURE", ""))
    except (gateway.BadSignature, RawPostDataException):  # the latter for a form, which is no event
        return HttpResponse("bad signature or payload", status=400, content_type="text/plain")
    events.store(event)
    return HttpResponse("stored", content_type="text/plain")
