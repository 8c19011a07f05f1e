"""Browsers in which a person has signed in before: a signed cookie, by which the owner is told from who guesses.

While strangers guess at an account, its sign-in is closed to unknown browsers only; a known one has a count of its own.
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
# As many people as share a computer.
MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    people: tuple[int, ...]


def device_of(request: HttpRequest) -> Device | None:
    """The browser that sent this request; None where nobody has signed in in it yet."""
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT)
        return Device(kept["id"], tuple(kept["people"]))
    except (signing.BadSignature, KeyError, TypeError):
        return None


def remember(request: HttpRequest, response: HttpResponse, user_id: int) -> None:
    """From now on the browser that gets this answer is known as one of this person's."""
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
