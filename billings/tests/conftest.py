"""The cast of the billing tests: a course with nothing but what billing needs of it."""

import os
import sys
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client

from billings import pricing
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.product_fields import Field
from billings.sync import desired
from billings.sync.converge import Result, converge
from billings.tests.support.signed_in import signed_in
from tools.environments import files_in
from tools.processes import run
from tools.testing.databases import POSTGRESQL, new_postgresql_database, postgresql_answers

USD49 = PriceSpec(4900, "usd")
USD59 = PriceSpec(5900, "usd")


class Sold:
    """A course as billing sees it, with verbs for what teachers and the worker do."""

    def __init__(self, owner: User, *, price: PriceSpec | None = USD49, published: bool = True) -> None:
        self.course = apps.get_model("courses", "Course").objects.create(
            owner=owner, title="Watercolour", summary="For beginners"
        )
        status = "published" if published else "draft"
        texts = {Field.NAME: "Watercolour", Field.DESCRIPTION: "For beginners"}
        self.row = desired.open_product(self.course.id, texts, status=status)
        self.price(price)

    @property
    def product(self) -> BillingProduct:
        return BillingProduct.objects.get(pk=self.row.pk)

    def price(self, price: PriceSpec | None) -> None:
        pricing.set_price(self.row, price, actor=None)

    def listing(self, **changes: str) -> None:
        status = changes.pop("status", self.product.desired_status)
        desired.set_listing(self.row, {Field(name): value for name, value in changes.items()}, status=status)

    def converge(self) -> Result:
        return converge(self.row.pk)


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


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    """A new database on the server at hand; tests are skipped where there is none."""
    if not postgresql_answers():
        pytest.skip(f"no PostgreSQL at {POSTGRESQL}")
    with new_postgresql_database() as url:
        yield migrated(url)


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory) -> str:
    return migrated(files_in(tmp_path_factory.mktemp("database"))["DATABASE_URL"])


def migrated(url: str) -> str:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    run(command, env={**os.environ, "DATABASE_URL": url})
    return url


@pytest.fixture
def run_script() -> Callable[..., str]:
    """Runs Python in a Django shell of its own over the database at a URL; returns what it printed."""

    def shell(script: str, url: str, **environment: str) -> str:
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", script]
        return run(command, env={**os.environ, "DATABASE_URL": url, **environment}).stdout.strip()

    return shell


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
