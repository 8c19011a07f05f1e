"""The three ways in by which a saved course asks for Stripe's agreement. Stripe itself is not called here.

Each copies what the course says of itself, and its price, onto `course.billing` inside the transaction that saves the
course, and raises the generation where Stripe should see a difference. When that transaction has committed, `converge`
makes Stripe agree: at once if there is time, by the worker otherwise.
"""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.models import User

from billings import pricing
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.sync import desired
from courses.models import Course


def create_stripe_product_for_course(
    course: Course, *, price: PriceSpec | None, actor: User | None, inline: bool = True
) -> BillingProduct:
    """Give a new course its billing row and its price; with `inline` off, the worker alone tells Stripe."""
    product = desired.open_product(course.id, **_listing(course))
    pricing.set_price(product, price, actor=actor)
    desired.converge_after_commit(product, inline=inline)
    return product


def update_stripe_product_for_course(course: Course, *, price: PriceSpec | None, actor: User | None) -> BillingProduct:
    """Sell the course as it is now, at this price. Nothing is asked of Stripe where it would see no difference."""
    copy_listing(course)
    pricing.set_price(course.billing, price, actor=actor)
    desired.converge_after_commit(course.billing)
    return course.billing


def deactivate_stripe_product_for_course(
    course: Course, *, price: PriceSpec | None, actor: User | None
) -> BillingProduct:
    """Take an archived course off sale. Its price stays what it is, out of reach; who bought the course keeps it."""
    assert course.status == Course.Status.ARCHIVED
    return update_stripe_product_for_course(course, price=price, actor=actor)


def copy_listing(course: Course) -> None:
    """What the course says of itself, for Stripe's pages; whoever calls this sees to it that Stripe is told."""
    desired.set_listing(course.billing, **_listing(course))


def _listing(course: Course) -> dict[str, str]:
    """The course as Stripe's pages show it: title, summary, picture; and its status."""
    return {
        "name": course.title,
        "description": course.summary,
        "image": _public_image(course),
        "status": course.status,
    }


def _public_image(course: Course) -> str:
    """Stripe fetches the picture itself, so a link is sent only where it leads somewhere."""
    if not course.cover or not settings.SITE_IS_PUBLIC:
        return ""
    return urljoin(f"{settings.SITE_URL}/", course.cover.url)
