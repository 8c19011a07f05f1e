"""A teacher who is signed in, and one who is not yet."""

import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from people.tests.app_codes import PASSWORD, code_of


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
def set_up(monkeypatch) -> Callable[[Client], str]:
    """Set up an authenticator app in someone's browser, as the pages have it; the app's key."""

    def do(client: Client, password: str = PASSWORD) -> str:
        page = "/accounts/security/totp/activate/"
        client.get(page)
        form = client.post("/accounts/reauthenticate/", {"password": password, "next": page}, follow=True)
        found = re.search(r"<code>(\w+)</code>", form.text)
        assert found, "no form that shows a key"
        key = found[1]
        with monkeypatch.context() as patch:
            # A test's transaction never commits, and what follows then belongs to the request.
            patch.setattr(transaction, "on_commit", lambda do, *_, **__: do())
            answer = client.post(page, {"code": code_of(key)})
        assert answer.url == "/accounts/security/recovery-codes/"
        return key

    return do


@pytest.fixture
def sign_in() -> Callable[..., object]:
    """By the form, from an address, in a browser of its own unless one is given."""

    def do(email="teacher@example.com", password=PASSWORD, *, client=None, address="192.0.2.1", **extra):
        client = client or Client()
        return client.post("/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=address, **extra)

    return do
