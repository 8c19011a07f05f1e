"""A form that was sent when its session had run out: kept until its writer has signed in and is back at it.

With JavaScript the browser keeps what was typed; without it only the server can. It is kept in the new session, once,
and shown as unsaved.
"""

from collections.abc import Mapping

from django.http import HttpRequest
from django.urls import resolve, reverse
from django_htmx.middleware import HtmxDetails

from courses import versions
from courses.models import Course

SESSION_KEY = "lapsed_form"
# Some times what the form can hold: nobody writes more, and strangers may not fill the session store.
MOST_CHARACTERS = 60_000
# Among the fields, where a picture came in with them: it is not kept, and must be chosen again.
PICTURE_LOST = "picture_lost"


def keep(request: HttpRequest, page: str) -> bool:
    """Keep the fields of a form that an anonymous user sent, for the page it belongs to; False where it is not one."""
    # As text, `cover` is a file field in which nothing was chosen; `remove_cover` takes a picture away.
    data = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "cover")}
    if not data or sum(len(name) + len(str(value)) for name, value in data.items()) > MOST_CHARACTERS:
        return False
    data |= {PICTURE_LOST: "true"} if request.FILES else {}
    request.session[SESSION_KEY] = {"page": page, "by": _writer(page, data), "data": data}
    return True


def keep_without_token(request: HttpRequest) -> str | None:
    """Keep a course form whose CSRF token is out of date, and say on which page it is shown again.

    Signing in (in another tab) makes a new token, so an open form's is refused before any view sees it. None where it
    is no course form, or not from a page of ours: another site may neither put words in a form nor change the session.
    """
    own = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not own or "version" not in request.POST or HtmxDetails(request):
        return None
    match = resolve(request.path_info)
    if match.namespace != "courses":
        return None
    page = page_of(match.kwargs.get("course_id"))
    return page if keep(request, page) else None


def take(request: HttpRequest) -> dict[str, str]:
    """The fields kept for this page, which are forgotten by that; empty where there are none, or somebody else's."""
    kept = request.session.get(SESSION_KEY)
    if not kept or kept["page"] != request.path:
        return {}
    del request.session[SESSION_KEY]
    data: dict[str, str] = kept["data"]
    return data if kept.get("by") == request.user.pk else {}


def forget_others(request: HttpRequest) -> None:
    """Called at sign-in: what another person typed at this browser does not stay in the session of this one."""
    kept = request.session.get(SESSION_KEY)
    if kept and kept.get("by") != request.user.pk:
        del request.session[SESSION_KEY]


def page_of(course_id: object) -> str:
    """Where the form of a course stands; of none, that of a new one."""
    return reverse("courses:edit", args=[course_id]) if course_id else reverse("courses:new")


def _writer(page: str, data: Mapping[str, object]) -> int | None:
    """Who alone may see the form again: the course's teacher, or whom an empty form was shown to; else nobody.

    The session that sent it says nothing: it has run out.
    """
    if course_id := resolve(page).kwargs.get("course_id"):
        return Course.objects.filter(pk=course_id).values_list("owner_id", flat=True).first()
    return versions.written_by(str(data.get("version", "")))
