"""The link from a course back to the list with the search, filters and page that the teacher came from.

A session cookie, so that it survives every save on the way, with and without JavaScript.
"""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict

from courses.listing import COURSES, Listing

COOKIE = "courses_list"
LONGEST = 1000


def remember(response: HttpResponse, user: User, found: Listing) -> HttpResponse:
    """Store the URL of the list being shown, unless it has no query."""
    path, _mark, query = found.url.partition("?")
    if query and len(query) <= LONGEST:
        response.set_cookie(
            COOKIE, f"{user.pk}.{query}", path=path, httponly=True, secure=settings.HTTPS, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, path)
    return response


def url_for(request: HttpRequest, user: User) -> str:
    """The list's URL as it was last shown to `user` in this browser."""
    whose, _dot, query = request.COOKIES.get(COOKIE, "").partition(".")
    if whose != str(user.pk):
        return COURSES.query().url
    return COURSES.query(QueryDict(query).dict()).url
