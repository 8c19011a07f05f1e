"""Back to the list as it was left: a course's page leads to the search, filters and page its teacher came from.

A cookie for this person, until the browser is closed: it outlives every save on the way, with and without JavaScript.
"""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict

from courses.listing import COURSES, Listing

COOKIE = "courses_list"
LONGEST = 1000


def remember(response: HttpResponse, user: User, found: Listing) -> HttpResponse:
    """Keep the address of the list that is shown; the plain one needs no keeping."""
    path, _mark, query = found.url.partition("?")
    if query and len(query) <= LONGEST:
        response.set_cookie(
            COOKIE, f"{user.pk}.{query}", path=path, httponly=True, secure=settings.HTTPS, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, path)
    return response


def to_the_list(request: HttpRequest, user: User) -> str:
    """The list's address as it was last shown to `user` in this browser."""
    whose, _dot, query = request.COOKIES.get(COOKIE, "").partition(".")
    if whose != str(user.pk):
        return COURSES.query().url
    return COURSES.query(QueryDict(query).dict()).url
