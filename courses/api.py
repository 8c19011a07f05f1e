"""Courses as JSON: what API clients send and receive."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billings import status
from courses import versions
from courses.content import Content, NewCover
from courses.forms import cover_url, input_names
from courses.models import Course
from web.access import sends_json
from web.bodies import fields_sent


def read_body(request: HttpRequest) -> "tuple[Mapping[str, str], Mapping[str, UploadedFile[Any]]]":
    """The fields and files of a request, sent as a form or as JSON. Raises UnreadableBody."""
    files = {} if sends_json(request) else request.FILES
    uploads = {name: file for name, file in files.items() if isinstance(file, UploadedFile)}
    fields = fields_sent(request, input_names())
    # Browsers send a file field with nothing chosen, which Django reads as empty text; elsewhere empty text removes the
    # picture.
    if request.content_type == "multipart/form-data" and fields.get("cover") == "":
        del fields["cover"]
    return fields, uploads


def course_json(course: Course) -> dict[str, Any]:
    """A course in JSON, as docs/api.md describes it."""
    content = Content.of(course)
    return {
        "id": str(course.id),
        "status": course.status,
        "version": versions.token(course.id, content),
        "url": reverse("courses:edit", args=[course.id]),
        "title": course.title,
        "summary": course.summary,
        "description": course.description,
        "subject": course.subject,
        "level": course.level,
        "language": course.language,
        "cover": cover_url(course),
        "price": status.price_as_json(course.billing.price),
        **{str(name): value for name, value in content.selling.items()},
        "billing": status.as_json(course.billing),
    }


def status_json(course: Course) -> dict[str, Any]:
    """The part of a course that changes by itself, for polling."""
    return {"id": str(course.id), "status": course.status, "billing": status.as_json(course.billing)}


def conflict_json(course: Course, conflicts: tuple[str, ...], yours: Content, theirs: Content) -> dict[str, Any]:
    """Both sides of every conflicting field, and the version with which yours can be sent again."""
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
    return content.value(name)
