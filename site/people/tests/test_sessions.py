"""Sessions expire, and do not cost a write for each request."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from people.models import Session
from people.sessions import end_sessions, open_sessions

HERE, THERE = "192.0.2.10", "192.0.2.20"


@pytest.fixture
def session(teacher, sign_in) -> tuple[Client, Session]:
    client = Client(headers={"user-agent": "Firefox"}, REMOTE_ADDR=HERE)
    sign_in(client=client, address=HERE)
    return client, Session.objects.get(user=teacher)


def later(session: Session, **time: float) -> None:
    """As if so much time had passed since sign-in and since it was last seen."""
    gone = timedelta(**time)
    Session.objects.filter(pk=session.pk).update(
        since=session.since - gone, seen_at=session.seen_at - gone, expire_date=session.expire_date - gone
    )


def is_in(client: Client) -> bool:
    return client.get("/courses/").status_code == 200


class TestASession:
    def test_knows_whose_it_is_and_where(self, session, teacher):
        _, row = session

        assert (row.user, row.address, row.agent) == (teacher, HERE, "Firefox")

    def test_is_over_when_it_was_not_used(self, session, settings):
        client, row = session
        later(row, hours=71)
        assert is_in(client)
        later(Session.objects.get(), hours=73)
        assert not is_in(client)

    def test_is_over_after_its_length_however_much_it_is_used(self, session):
        client, _row = session
        for _ in range(5):
            later(Session.objects.get(), hours=66)
            assert is_in(client)
        later(Session.objects.get(), hours=7)

        assert not is_in(client)

    def test_its_length_is_that_of_the_cookie(self, session, settings):
        client, _ = session

        assert client.cookies["sessionid"]["max-age"] == settings.SESSION_LENGTH.total_seconds()

    def test_saving_something_in_it_does_not_lengthen_it(self, session, settings):
        client, row = session
        later(row, hours=300)
        Session.objects.update(expire_date=timezone.now() + timedelta(hours=36))
        its_session = client.session
        its_session["something"] = 1
        its_session.save()

        assert Session.objects.get().expire_date <= row.since + timedelta(hours=36, seconds=5)

    def test_is_not_written_for_each_request(self, session):
        client, _ = session
        seen = Session.objects.get().seen_at
        for _ in range(3):
            client.get("/courses/")

        assert Session.objects.get().seen_at == seen

    def test_is_seen_with_its_new_address_some_minutes_later(self, session):
        client, row = session
        later(row, minutes=6)
        client.get("/courses/", REMOTE_ADDR=THERE)
        now = Session.objects.get()

        assert now.address == THERE
        assert timezone.now() - now.seen_at < timedelta(minutes=1)

    def test_what_a_page_asks_for_by_itself_does_not_keep_it(self, session):
        client, row = session
        later(row, hours=1)
        client.get("/courses/", headers={"hx-request": "true"})

        assert timezone.now() - Session.objects.get().seen_at > timedelta(minutes=59)

    def test_a_clock_that_jumped_ahead_is_not_believed(self, session):
        client, row = session
        later(row, days=-1)
        client.get("/courses/")

        assert abs(timezone.now() - Session.objects.get().seen_at) < timedelta(minutes=1)

    def test_of_someone_who_is_not_signed_in_is_nobodys(self, client, db):
        its_session = client.session
        its_session["something"] = 1
        its_session.save()

        assert Session.objects.get().user is None


class TestTheEnd:
    def test_of_a_deactivated_persons_sessions_is_at_once(self, session):
        client, _ = session
        User.objects.update(is_active=False)

        assert not is_in(client)

    def test_of_all_others_comes_with_a_new_password(self, session, teacher, sign_in):
        client, _ = session
        other = Client()
        sign_in(client=other)
        new = "twelve louder mornings"
        client.post(
            "/accounts/password/change/",
            {"oldpassword": "eleven quiet evenings", "password1": new, "password2": new},
            REMOTE_ADDR=HERE,
        )

        assert is_in(client)
        assert not is_in(other)
        assert open_sessions(teacher.pk).count() == 1

    def test_comes_for_a_person_and_nobody_else(self, session, teacher, make_person, sign_in):
        client, row = session
        make_person("other@example.com")
        other = Client()
        sign_in("other@example.com", client=other)

        assert end_sessions(teacher.pk, but=row.pk) == 0
        assert is_in(client)
        assert end_sessions(teacher.pk) == 1
        assert not is_in(client)
        assert is_in(other)
