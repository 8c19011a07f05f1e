"""The page of a product in Stripe's Dashboard, or in the sandbox."""

from urllib.parse import urlencode

from django.conf import settings

DASHBOARD = "https://dashboard.stripe.com"


def product_url(stripe_id: str, *, account: str, livemode: bool) -> str:
    """The product's page; with its account, for users who have several."""
    if settings.STRIPE_API_BASE != settings.STRIPE_OWN_API:
        return f"{settings.STRIPE_API_BASE}/_sandbox/?{urlencode({'q': stripe_id})}"
    parts = [DASHBOARD, account, "" if livemode else "test", "products", stripe_id]
    return "/".join(part for part in parts if part)
