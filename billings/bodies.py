"""Bodies of requests: the fields that came in, whether as a form or as JSON."""

import json
from collections.abc import Callable, Container
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from billings.access import sends_json


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


def fields_sent(request: HttpRequest, names: Container[str]) -> dict[str, str]:
    """The fields of a form as text; of a JSON body those with these names alone. Raises UnreadableBody."""
    if not sends_json(request):
        return {name: str(value) for name, value in request.POST.items()}
    return _as_form(json_object(request.body), names)


def json_object(body: bytes) -> dict[str, Any]:
    """The body that an API client sent. Raises UnreadableBody."""
    try:
        # Numbers stay as they were written: an amount must never pass through a float.
        found = json.loads(body or b"{}", parse_float=_decimal, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise UnreadableBody({"__all__": [_("The body is not valid JSON.")]}, 400) from None
    if not isinstance(found, dict):
        raise UnreadableBody({"__all__": [_("The body must be a JSON object.")]}, 400)
    return found


def _decimal(number: str) -> str:
    """A JSON number's point is never between thousands: "49.000", which as text must be asked about, is "49"."""
    return number if "e" in number.lower() else number.rstrip("0").rstrip(".")


def _as_form(body: dict[str, Any], names: Container[str]) -> dict[str, str]:
    """As the form has them. A price as it was read (an object, or null: free) can be sent back."""
    price = body.get("price")
    if isinstance(price, dict):
        body = {**body, **price}
        del body["price"]
        body |= {"price": price["amount"]} if "amount" in price else {}
    fields = {name: value for name, value in body.items() if name in names}
    wrong = {name: [_("This must be text.")] for name, value in fields.items() if isinstance(value, dict | list)}
    if wrong:
        raise UnreadableBody(wrong, 422)
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
