"""A teacher who is in, and one who is not yet."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "eleven quiet evenings"


@pytest.fixture
def make_person(db) -> Callable[..., User]:
    def make(email: str = "teacher@example.com", **fields: bool) -> User:
        user = User.objects.create_user(email.partition("@")[0], email, PASSWORD, **fields)
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
        return user

    return make


@pytest.fixture
def teacher(make_person) -> User:
    return make_person()


@pytest.fixture
def sign_in() -> Callable[..., object]:
    """By the form, from an address, in a browser of its own unless one is given."""

    def do(email="teacher@example.com", password=PASSWORD, *, client=None, address="192.0.2.1", **extra):
        client = client or Client()
        return client.post("/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=address, **extra)

    return do
