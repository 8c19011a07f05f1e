"""Browsers in which a person has signed in before, recognised by a signed cookie.

While an account is being attacked, sign-in is closed to unknown browsers only; known ones have a count of their own.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "device"
SALT = "people.devices"
KEPT = timedelta(days=400)  # browsers keep none longer
# As many people as may share a computer.
MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    people: tuple[int, ...]


def device_of(request: HttpRequest) -> Device | None:
    """The device that sent this request; None if nobody has signed in with it yet."""
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT)
        return Device(kept["id"], tuple(kept["people"]))
    except (signing.BadSignature, KeyError, TypeError):
        return None


def remember(request: HttpRequest, response: HttpResponse, user_id: int) -> None:
    """Mark the browser that gets this response as one of this user's."""
    before = device_of(request)
    others = [person for person in before.people if person != user_id] if before else []
    kept = {"id": before.id if before else secrets.token_urlsafe(12), "people": [user_id, *others][:MOST_PEOPLE]}
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=SALT),
        max_age=KEPT,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
