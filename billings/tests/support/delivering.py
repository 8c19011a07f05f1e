"""Events signed as Stripe signs them and posted to the portal (https://docs.stripe.com/webhooks)."""

import json
import time

import stripe
from django.test import Client

URL = "/billing/webhooks/stripe/"
SECRET = "whsec_tests"


def signature(payload: str, *secrets: str, at: int | None = None) -> str:
    at = int(time.time()) if at is None else at
    signed = [stripe.WebhookSignature._compute_signature(f"{at}.{payload}", secret) for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])


def deliver(body, *secrets: str, at: int | None = None):
    payload = body if isinstance(body, str) else json.dumps(body)
    header = signature(payload, *(secrets or (SECRET,)), at=at)
    return Client(enforce_csrf_checks=True).post(
        URL, payload, content_type="application/json", headers={"Stripe-Signature": header}
    )
