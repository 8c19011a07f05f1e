"""Bodies of requests: the fields that came in, whether as a form or as JSON."""

import json
from collections.abc import Callable, Container
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from web.access import sends_json


class UnreadableBody(Exception):
    """The body is not a JSON object; or some of its values cannot be a form's (`errors`, by field)."""

    def __init__(self, errors: dict[str, list[str]], status: int) -> None:
        super().__init__(errors)
        self.errors = errors
        self.status = status


def tells_what_it_cannot_read(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A body that is no JSON object, or has no text where text belongs, is answered with the reason."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except UnreadableBody as unreadable:
            return JsonResponse({"errors": unreadable.errors}, status=unreadable.status)

    return told


# What JSON may write without quotes: other fields are text, and "true" is a title that somebody may mean.
FLAGS = frozenset({"publish", "remove_cover", "confirm"})
NUMBERS = frozenset({"price", "count"})
# Of a price as it was read; the rest of it says the same in other words.
PRICE_PARTS = {"amount": "price", "currency": "currency", "billing_interval": "billing_interval"}


def fields_sent(request: HttpRequest, names: Container[str]) -> dict[str, str]:
    """The fields of a form as text; of a JSON body those with these names alone. Raises UnreadableBody."""
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
            parse_constant=float,  # NaN and its like, which are no JSON: refused beside their field
            object_pairs_hook=_without_doubles,
        )
    except _Twice as twice:
        words = _("“%(name)s” stands in the body twice.") % {"name": twice}
        raise UnreadableBody({"__all__": [words]}, 400) from None
    except (ValueError, RecursionError):
        raise UnreadableBody({"__all__": [_("The body is not valid JSON.")]}, 400) from None
    if not isinstance(found, dict):
        raise UnreadableBody({"__all__": [_("The body must be a JSON object.")]}, 400)
    return found


class _Number(str):
    """A JSON number as it was written: an amount must never pass through a float."""


class _Twice(Exception):
    """The name that an object has twice: which of the two was meant, nobody knows."""


def _decimal(number: str) -> _Number:
    """A JSON number's point is never between thousands: "49.000", which as text must be asked about, is "49"."""
    return _Number(number if "e" in number.lower() else number.rstrip("0").rstrip("."))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(twice.encode(errors="replace").decode()[:100])
    return found


def _as_form(body: dict[str, Any], names: Container[str]) -> dict[str, str]:
    """As the form has them. A price as it was read (an object, or null: free) can be sent back."""
    price = body.get("price")
    if isinstance(price, dict):
        del body["price"]
        body |= {PRICE_PARTS[part]: value for part, value in price.items() if part in PRICE_PARTS}
    fields = {name: value for name, value in body.items() if name in names}
    if wrong := {name: [words] for name, value in fields.items() if (words := _what_is_wrong(name, value))}:
        raise UnreadableBody(wrong, 422)
    return {name: _text(value) for name, value in fields.items()}


def _what_is_wrong(name: str, value: Any) -> str:
    """Why this cannot be a field's text; empty where it can."""
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
