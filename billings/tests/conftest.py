"""Fixtures of the billing tests: a priced course, its teacher, and staff."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client

from billings import pricing
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.sync.converge import Result
from billings.tests.support.signed_in import signed_in
from billings.tests.support.sold import USD49, Sold


@pytest.fixture
def owner(db) -> User:
    return User.objects.create_user("teacher", "teacher@example.com")


@pytest.fixture
def make_sold(owner) -> Callable[..., Sold]:
    return lambda **how: Sold(owner, **how)


@pytest.fixture
def sold(make_sold, sandbox) -> Sold:
    """A published course for $49.00, in sync with Stripe."""
    sold: Sold = make_sold()
    assert sold.converge() is Result.DONE
    return sold


@pytest.fixture
def manager(db) -> User:
    """A price manager."""
    user = User.objects.create_user("staff", "staff@example.com")
    user.groups.add(Group.objects.get(name="Price managers"))
    return user


@pytest.fixture
def staff(manager) -> Client:
    return signed_in(manager)


@pytest.fixture
def teacher(owner) -> Client:
    """At the portal as who owns the courses."""
    return signed_in(owner)


@pytest.fixture
def anonymous(db) -> Client:
    return Client()


@pytest.fixture
def course_for(db) -> Callable[..., BillingProduct]:
    """A course as the list shows it, without a word to Stripe; `observed` is what Stripe is said to have reached."""

    def make(
        title: str,
        price: PriceSpec | None = USD49,
        *,
        teacher: str = "anna@example.com",
        status: str = "draft",
        **columns: Any,
    ) -> BillingProduct:
        owner, _ = User.objects.get_or_create(username=teacher, email=teacher)
        course = apps.get_model("courses", "Course").objects.create(owner=owner, title=title, summary="s")
        product = BillingProduct.objects.create(course=course, desired_name=title, desired_status=status)
        if price:
            pricing.set_price(product, price, actor=None)
        synced = {"observed_generation": product.generation, **columns}
        BillingProduct.objects.filter(pk=product.pk).update(**synced)
        product.refresh_from_db()
        return product

    return make
