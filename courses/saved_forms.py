"""Forms submitted after the session had expired: saved until their author has signed in again.

With JavaScript the browser keeps what was typed; without it only the server can. A form is kept for an hour and shown
once, as unsaved. Anyone can send one, so their number is limited, per IP address and in total.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_network

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.urls import resolve, reverse
from django_htmx.middleware import HtmxDetails

from billings import clock, horizons
from courses import versions
from courses.models import Course, SavedForm

SESSION_KEY = "saved_form"
# A few times what the form's fields allow.
MOST_CHARACTERS = 60_000
KEPT_FOR = timedelta(hours=1)
# At a time; 60 MB in total at the very most. A school behind one IP address has fewer sessions that expire.
MOST_OF_AN_ADDRESS = 20
MOST = 1_000
# Field that marks a form sent with a picture: the picture is not kept and must be chosen again.
PICTURE_LOST = "picture_lost"


def save(request: HttpRequest, page: str) -> bool:
    """Save the fields of a form that an anonymous user sent, for the page it belongs to.

    False if it is empty or too long, nobody could see it again, or a limit is reached.
    """
    # `cover` as text is a file field with nothing chosen; `remove_cover` deletes a picture.
    data = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "cover")}
    if not data or sum(len(name) + len(str(value)) for name, value in data.items()) > MOST_CHARACTERS:
        return False
    writer, address = _writer(page, data), _network(get_adapter().get_client_ip(request))
    delete_expired()
    if writer is None or SavedForm.objects.filter(address=address).count() >= MOST_OF_AN_ADDRESS:
        return False
    if SavedForm.objects.count() >= MOST:
        return False
    data |= {PICTURE_LOST: "true"} if request.FILES else {}
    _delete(request)
    kept = SavedForm.objects.create(address=address, page=page, writer=writer, fields=data, kept_at=clock.now())
    request.session[SESSION_KEY] = str(kept.pk)
    return True


def save_without_token(request: HttpRequest) -> str | None:
    """Save a course form whose CSRF token is out of date; returns the page that will show it again.

    Signing in (in another tab) makes a new token, so that of an open form is rejected before any view runs. None if it
    is no course form, or not from this site: another site must neither fill in a form nor change the session.
    """
    own = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not own or "version" not in request.POST or HtmxDetails(request):
        return None
    match = resolve(request.path_info)
    if match.namespace != "courses":
        return None
    page = page_of(match.kwargs.get("course_id"))
    return page if save(request, page) else None


def take(request: HttpRequest) -> dict[str, str]:
    """The fields saved for this page, deleted on the way; empty if there are none, or they are another person's."""
    kept = _kept(request)
    if kept is None or kept.page != request.path:
        return {}
    _delete(request)
    fields: dict[str, str] = kept.fields
    return fields if kept.writer == request.user.pk and _is_young(kept.kept_at) else {}


def delete_others(request: HttpRequest) -> None:
    """Called at sign-in: what another person typed in this browser must not stay in the session."""
    kept = _kept(request)
    if kept is not None and kept.writer != request.user.pk:
        _delete(request)


def delete_expired() -> int:
    """Delete forms older than an hour, and those dated in the future by a clock that was ahead; returns how many."""
    now = clock.now()
    deleted, _ = SavedForm.objects.exclude(kept_at__range=(now - KEPT_FOR, now + horizons.just_now())).delete()
    return deleted


def _kept(request: HttpRequest) -> SavedForm | None:
    key = request.session.get(SESSION_KEY)
    return SavedForm.objects.filter(pk=key).first() if isinstance(key, str) else None


def _delete(request: HttpRequest) -> None:
    if key := request.session.pop(SESSION_KEY, None):
        SavedForm.objects.filter(pk=key).delete()


def _is_young(kept_at: datetime) -> bool:
    now = clock.now()
    return now - KEPT_FOR <= kept_at and horizons.is_believed(kept_at, now, horizons.just_now())


def _network(address: str) -> str:
    """For IPv6 the /64, which is what one household has."""
    return str(ip_network(f"{address}/64", strict=False).network_address) if ":" in address else address


def page_of(course_id: object) -> str:
    """The page with the form of this course, or of a new one."""
    return reverse("courses:edit", args=[course_id]) if course_id else reverse("courses:new")


def _writer(page: str, data: Mapping[str, object]) -> int | None:
    """The only user who may see the form again: the course's owner, or the user an empty form was made for.

    The session that sent it has expired, so it says nothing.
    """
    if course_id := resolve(page).kwargs.get("course_id"):
        return Course.objects.filter(pk=course_id).values_list("owner_id", flat=True).first()
    return versions.written_by(str(data.get("version", "")))
