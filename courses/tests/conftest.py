"""Fixtures: signed-in users, and courses. Stripe is not called: that would be the worker's work."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billings.money import PriceSpec
from courses import lifecycle
from courses.content import Content
from courses.models import Course
from courses.tests.support.people import Person, SignIn


@pytest.fixture(autouse=True)
def _no_stripe(settings):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0


@pytest.fixture
def sign_in(db) -> Callable[[User], Person]:
    def signed_in(user: User) -> Person:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return Person(client, user)

    return signed_in


@pytest.fixture
def teacher(sign_in: SignIn) -> Person:
    return sign_in(User.objects.create_user("teacher", "teacher@example.com"))


@pytest.fixture
def other_teacher(sign_in: SignIn) -> Person:
    return sign_in(User.objects.create_user("other", "other@example.com"))


@pytest.fixture
def staff(sign_in: SignIn) -> Person:
    user = User.objects.create_user("staff", "staff@example.com")
    user.user_permissions.add(Permission.objects.get(codename="manage_prices"))
    return sign_in(user)


@pytest.fixture
def anonymous(db) -> Person:
    return Person(Client(), User())


@pytest.fixture
def make_course(teacher) -> Callable[..., Course]:
    def make(owner: Person | None = None, price: PriceSpec | None = None, **fields: Any) -> Course:
        content = Content(
            **{
                "title": "Watercolour",
                "summary": "Paint light.",
                "description": "",
                "subject": "Art",
                "level": "all",
                "language": "en",
                "cover": "",
                **fields,
            },
            price=price,
        )
        return lifecycle.create(owner=(owner or teacher).user, content=content)

    return make


@pytest.fixture
def free_course(make_course: Callable[..., Course]) -> Course:
    return make_course()


@pytest.fixture
def draft(make_course: Callable[..., Course]) -> Course:
    """A draft with a price."""
    return make_course(price=PriceSpec(4900, "usd"))


@pytest.fixture
def published_course(draft, teacher) -> Course:
    return lifecycle.publish(draft.pk, actor=teacher.user).course


@pytest.fixture
def archived_course(published_course, teacher) -> Course:
    return lifecycle.archive(published_course.pk, actor=teacher.user).course
