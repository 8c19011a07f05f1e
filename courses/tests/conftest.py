"""The cast: people who are signed in, and courses as they come. Stripe is not asked: the worker would do it all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from billings.money import PriceSpec
from courses import lifecycle, versions
from courses.content import Content
from courses.models import Course

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true", "HX-Target": "editor"}
NEVER = "00000000-0000-0000-0000-000000000000"


type SignIn = Callable[[User], "Person"]


@dataclass
class Person:
    """Somebody at a browser."""

    client: Client
    user: User

    def get(self, page: str, course: Course | str | None = None, *, query: str = "", **options: Any) -> Any:
        return self.client.get(address(page, course) + query, **options)

    def post(
        self, page: str, course: Course | str | None = None, data: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        return self.client.post(address(page, course), {} if data is None else data, **options)

    def send(self, method: str, page: str, course: Course | str | None = None, **options: Any) -> Any:
        return self.client.generic(method, address(page, course), **options)


def address(page: str, course: Course | str | None) -> str:
    if course is None:
        return reverse(f"courses:{page}")
    return reverse(f"courses:{page}", args=[course.pk if isinstance(course, Course) else course])


def form_of(course: Course, **changed: Any) -> dict[str, Any]:
    """What the browser would send for this course, with some fields typed over."""
    course = Course.objects.select_related("billing").get(pk=course.pk)
    price = course.billing.price
    return {
        "title": course.title,
        "summary": course.summary,
        "description": course.description,
        "subject": course.subject,
        "level": course.level,
        "language": course.language,
        "price": f"{price.unit_amount // 100}.{price.unit_amount % 100:02}" if price else "",
        "currency": course.billing.desired_currency,
        "billing_interval": course.billing.desired_interval or "one_time",
        "version": versions.token(course.pk, Content.of(course)),
        **changed,
    }


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
def stranger(db) -> Person:
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
