"""Brings a saved course to Stripe: create, update and deactivate its product. Stripe itself is not called here.

Each function copies the course's content and price to `course.billing` inside the transaction that saves the course,
and raises the generation if Stripe would see a difference. After the commit, `converge` updates Stripe: inline if there
is time, otherwise in the worker.
"""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.models import User

from billings import pricing
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.product_fields import Field, Texts
from billings.sync import desired
from courses.models import Course

NOTHING: Texts = {}


def create_stripe_product_for_course(
    course: Course, *, price: PriceSpec | None, actor: User | None, selling: Texts = NOTHING, inline: bool = True
) -> BillingProduct:
    """Create the billing row and the price of a new course; without `inline`, only the worker calls Stripe.

    `selling`, here and below: the fields of the course form that live in billing, such as how the price is taxed.
    """
    texts = _listing(course, selling)
    product = pricing.open_product(course.id, texts, owner=course.owner, status=course.status, price=price, actor=actor)
    desired.converge_after_commit(product, inline=inline)
    return product


def update_stripe_product_for_course(
    course: Course, *, price: PriceSpec | None, actor: User | None, selling: Texts = NOTHING
) -> BillingProduct:
    """Sell the course as it is now, at this price. No call is made if Stripe would see no difference."""
    texts = _listing(course, selling)
    pricing.update(course.billing, price, texts=texts, status=course.status, actor=actor)
    desired.converge_after_commit(course.billing)
    return course.billing


def deactivate_stripe_product_for_course(
    course: Course, *, price: PriceSpec | None, actor: User | None, selling: Texts = NOTHING
) -> BillingProduct:
    """Take an archived course off sale. Its price is kept, and whoever bought the course keeps access."""
    assert course.status == Course.Status.ARCHIVED
    return update_stripe_product_for_course(course, price=price, actor=actor, selling=selling)


def copy_listing(course: Course, selling: Texts = NOTHING) -> None:
    """Copy the fields shown on Stripe's pages to `course.billing`; the caller makes sure that Stripe is updated."""
    desired.update(course.billing, texts=_listing(course, selling), status=course.status)


def _listing(course: Course, selling: Texts) -> Texts:
    """The course as Stripe's pages show it: title, summary and picture; and the fields that live in billing."""
    return {
        Field.NAME: course.title,
        Field.DESCRIPTION: course.summary,
        Field.IMAGE: _public_image(course),
        **selling,
    }


def _public_image(course: Course) -> str:
    """Stripe fetches the picture itself, so its URL is sent only if it is public."""
    if not course.cover or not settings.SITE_IS_PUBLIC:
        return ""
    return urljoin(f"{settings.SITE_URL}/", course.cover.url)
