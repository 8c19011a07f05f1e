"""A form that was sent when its session had run out: kept until its writer has signed in and is back at it.

With JavaScript the browser keeps what was typed; without it only the server can. It is kept for an hour, once, and
shown as unsaved. Anybody can send one: so there are never many from one address, nor altogether.
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
from courses.models import Course, KeptForm

SESSION_KEY = "lapsed_form"
# Some times what the form can hold: nobody writes more.
MOST_CHARACTERS = 60_000
KEPT_FOR = timedelta(hours=1)
# At a time; altogether some 60 MB at the very most. A school behind one address has fewer sessions that lapse.
MOST_OF_AN_ADDRESS = 20
MOST = 1_000
# Among the fields, where a picture came in with them: it is not kept, and must be chosen again.
PICTURE_LOST = "picture_lost"


def keep(request: HttpRequest, page: str) -> bool:
    """Keep the fields of a form that an anonymous user sent, for the page it belongs to.

    False where it is not one, nobody could see it again, or as many as may be are kept already.
    """
    # As text, `cover` is a file field in which nothing was chosen; `remove_cover` takes a picture away.
    data = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "cover")}
    if not data or sum(len(name) + len(str(value)) for name, value in data.items()) > MOST_CHARACTERS:
        return False
    writer, address = _writer(page, data), _network(get_adapter().get_client_ip(request))
    forget_old()
    if writer is None or KeptForm.objects.filter(address=address).count() >= MOST_OF_AN_ADDRESS:
        return False
    if KeptForm.objects.count() >= MOST:
        return False
    data |= {PICTURE_LOST: "true"} if request.FILES else {}
    _forget(request)
    kept = KeptForm.objects.create(address=address, page=page, writer=writer, fields=data, kept_at=clock.now())
    request.session[SESSION_KEY] = str(kept.pk)
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
    kept = _kept(request)
    if kept is None or kept.page != request.path:
        return {}
    _forget(request)
    fields: dict[str, str] = kept.fields
    return fields if kept.writer == request.user.pk and _is_young(kept.kept_at) else {}


def forget_others(request: HttpRequest) -> None:
    """Called at sign-in: what another person typed at this browser does not stay in the session of this one."""
    kept = _kept(request)
    if kept is not None and kept.writer != request.user.pk:
        _forget(request)


def forget_old() -> int:
    """Those whose hour is over, and those from a time to come, as a clock leaves them that was ahead; how many."""
    now = clock.now()
    forgotten, _ = KeptForm.objects.exclude(kept_at__range=(now - KEPT_FOR, now + horizons.just_now())).delete()
    return forgotten


def _kept(request: HttpRequest) -> KeptForm | None:
    key = request.session.get(SESSION_KEY)
    return KeptForm.objects.filter(pk=key).first() if isinstance(key, str) else None


def _forget(request: HttpRequest) -> None:
    if key := request.session.pop(SESSION_KEY, None):
        KeptForm.objects.filter(pk=key).delete()


def _is_young(kept_at: datetime) -> bool:
    now = clock.now()
    return now - KEPT_FOR <= kept_at and horizons.is_believed(kept_at, now, horizons.just_now())


def _network(address: str) -> str:
    """Of IPv6 a household has not one address but a /64 of them."""
    return str(ip_network(f"{address}/64", strict=False).network_address) if ":" in address else address


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
