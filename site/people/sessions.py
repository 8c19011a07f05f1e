"""Sessions that expire, and that know their user, IP address and browser (`SESSION_ENGINE`).

Django filters expired sessions anyway, so the limits cost nothing: the row's expiry is the earlier of `SESSION_HOURS`
after sign-in and `SESSION_IDLE_HOURS` after last use. Last use is written every few minutes at most, in columns of its
own, so that what concurrent requests store in the session is not overwritten.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware as DjangosSessionMiddleware
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from people.client_ip import client_ip
from people.models import Session

LONGEST_SEEN = timedelta(minutes=5)


class SessionStore(db.SessionStore):
    """Django's database sessions, with more columns."""

    row: Session | None = None
    address = agent = ""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        self.row = self._get_session_from_db()  # type: ignore[attr-defined]  # which the stubs lack
        return self.decode(self.row.session_data) if self.row else {}

    def flush(self) -> None:
        super().flush()
        self.row = None

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = cast(Session, super().create_model_instance(data))
        before, now = self.row, timezone.now()
        row.user_id = int(data[USER_KEY]) if USER_KEY in data else None
        row.since = before.since if before and before.user_id == row.user_id else now
        row.seen_at = now
        row.address, row.agent = self.address, self.agent
        if row.user_id:
            row.expire_date = row.expires_at(now)
        self.row = row
        return row

    def touch(self) -> None:
        """Record that the session is in use, unless that was done a moment ago."""
        row, now = self.row, timezone.now()
        if row is None or not row.user_id or timedelta(0) <= now - row.seen_at < _precision():
            return
        mine = Session.objects.filter(session_key=row.session_key)
        mine.update(seen_at=now, expire_date=row.expires_at(now), address=self.address, agent=self.agent)


class SessionMiddleware(DjangosSessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.address = client_ip(request)  # type: ignore[attr-defined]
        length = Session._meta.get_field("agent").max_length
        request.session.agent = request.headers.get("User-Agent", "")[:length]  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        # Requests that a page makes by itself are no sign of a person: an open tab would keep the session for ever.
        if isinstance(request.session, SessionStore) and not (request.method == "GET" and HtmxDetails(request)):
            with suppress(DatabaseError):  # the response is valid either way; the next request records it
                request.session.touch()
        return response


def open_sessions(user_id: int) -> QuerySet[Session]:
    """A user's unexpired sessions, the most recently used first."""
    return Session.objects.filter(user=user_id, expire_date__gt=timezone.now()).order_by("-seen_at")


def end_sessions(user_id: int, *, but: str | None = None) -> int:
    """Sign a user out everywhere, except in the session with this key; returns how many ended."""
    ended, _ = Session.objects.filter(user=user_id).exclude(session_key=but or "").delete()
    return ended


def _precision() -> timedelta:
    """A short idle limit needs a more exact time of last use."""
    return min(LONGEST_SEEN, settings.SESSION_IDLE / 10)
