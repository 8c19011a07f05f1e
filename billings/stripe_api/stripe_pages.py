"""Where people look at a product in Stripe itself: its Dashboard, or the stand-in's own page."""

from urllib.parse import urlencode

from django.conf import settings

DASHBOARD = "https://dashboard.stripe.com"


def product_url(stripe_id: str, *, account: str, livemode: bool) -> str:
    """The page of one product; with its account, so that whoever has several lands in the right one."""
    if settings.STRIPE_API_BASE != settings.STRIPE_OWN_API:
        return f"{settings.STRIPE_API_BASE}/_sandbox/?{urlencode({'q': stripe_id})}"
    parts = [DASHBOARD, account, "" if livemode else "test", "products", stripe_id]
    return "/".join(part for part in parts if part)
