"""Users of the portal's pages, and what their browsers send."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from courses import versions
from courses.content import Content
from courses.models import Course

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true", "HX-Target": "editor"}
NEVER = "00000000-0000-0000-0000-000000000000"


type SignIn = Callable[[User], "Person"]


@dataclass
class Person:
    """Someone at a browser."""

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
