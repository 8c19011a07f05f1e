"""Request bodies: the fields that were sent, as a form or as JSON."""

import json
from collections.abc import Callable, Container
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from web.access import sends_json


class UnreadableBody(Exception):
    """The body is not a JSON object, or some of its values cannot be form fields (`errors`, by field)."""

    def __init__(self, errors: dict[str, list[str]], status: int) -> None:
        super().__init__(errors)
        self.errors = errors
        self.status = status


def reports_unreadable_body(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a body that is no JSON object, or has no text where text is required, with the reason."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except UnreadableBody as unreadable:
            return JsonResponse({"errors": unreadable.errors}, status=unreadable.status)

    return checked


# Fields that JSON may send without quotes: all others are text, since "true" may well be a title.
FLAGS = frozenset({"publish", "remove_cover", "confirm"})
NUMBERS = frozenset({"price", "count"})
# The parts of a price in responses that are fields; the rest is derived from them.
PRICE_PARTS = {"amount": "price", "currency": "currency", "billing_interval": "billing_interval"}


def fields_sent(request: HttpRequest, names: Container[str]) -> dict[str, str]:
    """The fields of a form as text; of a JSON body only those with these names. Raises UnreadableBody."""
    if not sends_json(request):
        return {name: str(value) for name, value in request.POST.items()}
    return _as_form(json_object(request.body), names)


def json_object(body: bytes) -> dict[str, Any]:
    """The body that an API client sent. Raises UnreadableBody."""
    try:
        found = json.loads(
            (body or b"{}").decode("utf-8-sig"),
            parse_float=_decimal,
            parse_int=_Number,
            parse_constant=float,  # NaN and Infinity, which are not JSON: rejected beside their field
            object_pairs_hook=_without_duplicates,
        )
    except _DuplicateName as duplicate:
        message = _("“%(name)s” is in the body twice.") % {"name": duplicate}
        raise UnreadableBody({"__all__": [message]}, 400) from None
    except (ValueError, RecursionError):
        raise UnreadableBody({"__all__": [_("The body is not valid JSON.")]}, 400) from None
    if not isinstance(found, dict):
        raise UnreadableBody({"__all__": [_("The body must be a JSON object.")]}, 400)
    return found


class _Number(str):
    """A JSON number as written: an amount must never pass through a float."""


class _DuplicateName(Exception):
    """A name that occurs twice in an object, so that its value is ambiguous."""


def _decimal(number: str) -> _Number:
    """A JSON number's point is never a thousands separator: "49.000", ambiguous as text, becomes "49"."""
    return _Number(number if "e" in number.lower() else number.rstrip("0").rstrip("."))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        duplicate = next(name for name in names if names.count(name) > 1)
        raise _DuplicateName(duplicate.encode(errors="replace").decode()[:100])
    return found


def _as_form(body: dict[str, Any], names: Container[str]) -> dict[str, str]:
    """As form fields. A price as it was returned (an object, or null for free) can be sent back."""
    price = body.get("price")
    if isinstance(price, dict):
        del body["price"]
        body |= {PRICE_PARTS[part]: value for part, value in price.items() if part in PRICE_PARTS}
    fields = {name: value for name, value in body.items() if name in names}
    if errors := {name: [error] for name, value in fields.items() if (error := _error_of(name, value))}:
        raise UnreadableBody(errors, 422)
    return {name: _text(value) for name, value in fields.items()}


def _error_of(name: str, value: Any) -> str:
    """Why this cannot be a field's text; empty if it can."""
    match value:
        case bool():
            return "" if name in FLAGS else _("This must be text.")
        case _Number():
            return "" if name in NUMBERS else _("This must be text.")
        case dict() | list() | float():
            return _("This must be text.")
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            return _("This text has characters in it that cannot be shown; type it again.")
    return ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
