"""The courses as JSON: what programs send, and what they get."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import status
from billings.access import sends_json
from courses import versions
from courses.content import Content, NewCover
from courses.forms import CourseForm, cover_url
from courses.models import Course


class UnreadableBody(Exception):
    """The body is not a JSON object; or some of its values cannot be a form's (`errors`, by field)."""

    def __init__(self, errors: dict[str, list[str]], status: int) -> None:
        super().__init__(errors)
        self.errors = errors
        self.status = status


def read_body(request: HttpRequest) -> "tuple[Mapping[str, str], Mapping[str, UploadedFile[Any]]]":
    """The fields and files that came in, whether as a form or as JSON. Raises UnreadableBody."""
    if not sends_json(request):
        return request.POST.dict(), {
            name: file for name, file in request.FILES.items() if isinstance(file, UploadedFile)
        }
    return _fields_of(json_object(request.body)), {}


def json_object(body: bytes) -> dict[str, Any]:
    """The body that a program sent. Raises UnreadableBody."""
    try:
        # Numbers stay as they were written: an amount must never pass through a float.
        found = json.loads(body or b"{}", parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise UnreadableBody({"__all__": [_("The body is not valid JSON.")]}, 400) from None
    if not isinstance(found, dict):
        raise UnreadableBody({"__all__": [_("The body must be a JSON object.")]}, 400)
    return found


def _fields_of(body: dict[str, Any]) -> dict[str, str]:
    """As the form has them. A price as it was read (an object, or null: free) can be sent back."""
    price = body.get("price")
    if isinstance(price, dict):
        body = {**body, **price}
        del body["price"]
        body |= {"price": price["amount"]} if "amount" in price else {}
    fields = {name: value for name, value in body.items() if name in CourseForm.base_fields}
    wrong = {name: [_("This must be text.")] for name, value in fields.items() if isinstance(value, dict | list)}
    if wrong:
        raise UnreadableBody(wrong, 422)
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def course_json(course: Course) -> dict[str, Any]:
    """A course as the contract has it."""
    return {
        "id": str(course.id),
        "status": course.status,
        "version": versions.token(course.id, Content.of(course)),
        "url": reverse("courses:edit", args=[course.id]),
        "title": course.title,
        "summary": course.summary,
        "description": course.description,
        "subject": course.subject,
        "level": course.level,
        "language": course.language,
        "cover": cover_url(course),
        "price": status.price_as_json(course.billing.price),
        "billing": status.as_json(course.billing),
    }


def status_json(course: Course) -> dict[str, Any]:
    """The part of a course that changes by itself, to be asked for again and again."""
    return {"id": str(course.id), "status": course.status, "billing": status.as_json(course.billing)}


def conflict_json(course: Course, conflicts: tuple[str, ...], yours: Content, theirs: Content) -> dict[str, Any]:
    """Both sides of every field in conflict, and the version with which yours can be sent again."""
    sides = {name: {"yours": _side(course, name, yours), "theirs": _side(course, name, theirs)} for name in conflicts}
    return {"conflicts": sides, "version": versions.token(course.id, theirs)}


def _side(course: Course, name: str, content: Content) -> Any:
    match name:
        case "price":
            return status.price_as_json(content.price)
        case "cover":
            if isinstance(content.cover, NewCover):
                return _("the picture you sent")
            return cover_url(course) if content.cover else None
    return getattr(content, name)
