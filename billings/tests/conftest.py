"""The cast of the billing tests: a course that is sold, its teacher, and staff."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from billings.sync.converge import Result
from billings.tests.support.signed_in import signed_in
from billings.tests.support.sold import Sold


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
