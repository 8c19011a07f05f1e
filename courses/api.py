"""The courses as JSON: what programs send, and what they get."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import status
from courses import versions
from courses.content import Content, NewCover
from courses.forms import CourseForm, cover_url
from courses.models import Course
from web.access import sends_json
from web.bodies import fields_sent


def read_body(request: HttpRequest) -> "tuple[Mapping[str, str], Mapping[str, UploadedFile[Any]]]":
    """The fields and files that came in, whether as a form or as JSON. Raises UnreadableBody."""
    files = {} if sends_json(request) else request.FILES
    uploads = {name: file for name, file in files.items() if isinstance(file, UploadedFile)}
    fields = fields_sent(request, CourseForm.base_fields)
    # So a browser sends a file field in which nothing was chosen: Django has it as an empty text, which elsewhere is
    # how a picture is taken away.
    if request.content_type == "multipart/form-data" and fields.get("cover") == "":
        del fields["cover"]
    return fields, uploads


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
