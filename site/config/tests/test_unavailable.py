"""A database that is locked, unreachable, replaced or read-only, and a full disk: 503, one log line, nothing lost."""

import errno
import logging
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.db import InternalError, OperationalError, ProgrammingError, connection
from psycopg.errors import ReadOnlySqlTransaction

from config import health
from config.logs import OneLine
from config.unavailable import is_unavailable
from tools.testing.portal import PortalProcess


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    portal = PortalProcess(tmp_path_factory.mktemp("unavailable"))
    portal.prepare()
    return portal.database


@pytest.fixture
def portal(tmp_path, prepared) -> Iterator[PortalProcess]:
    portal = PortalProcess(tmp_path)
    shutil.copy(prepared, portal.database)
    portal.start()
    yield portal
    portal.kill()


@pytest.fixture(scope="module")
def away(tmp_path_factory) -> Iterator[PortalProcess]:
    portal = PortalProcess(tmp_path_factory.mktemp("away"))
    portal.start(DATABASE_URL="sqlite:////nowhere/db.sqlite3")
    yield portal
    portal.kill()


@pytest.fixture
def session(portal) -> requests.Session:
    session = portal.sign_in().session
    session.headers.update({"Accept": "text/html"})
    return session


def titles(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as file:
        return [title for (title,) in file.execute("SELECT title FROM courses_course")]


def save(portal: PortalProcess, session: requests.Session, **headers: str) -> requests.Response:
    return session.post(f"{portal.url}/courses/", {"title": "Ink"}, headers=headers, timeout=60)


def assert_said(answer: requests.Response) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    if answer.headers["Content-Type"].startswith("application/json"):
        assert "Nothing was saved" in answer.json()["errors"]["__all__"][0]
    else:
        assert "Not available at the moment" in answer.text
        assert "content-security-policy" in answer.headers


def assert_a_line_each(said: str, words: str, times: int) -> None:
    assert "Traceback" not in said
    assert said.count(words) == times


@pytest.mark.processes
class TestTheWebServer:
    def test_says_that_the_database_is_locked(self, portal, session):
        with closing(sqlite3.connect(portal.database, isolation_level=None)) as shut:
            shut.execute("BEGIN EXCLUSIVE")
            kinds = {"page": {}, "JSON": {"Accept": "application/json"}, "htmx": {"HX-Request": "true"}}
            with ThreadPoolExecutor() as people:
                saves = [people.submit(save, portal, session, **headers) for headers in kinds.values()]
                ready = people.submit(requests.get, f"{portal.url}/readyz", timeout=20)
                alive = requests.get(f"{portal.url}/healthz", timeout=20)
            answers = [one.result() for one in saves]
            shut.execute("ROLLBACK")

        for answer in answers:
            assert_said(answer)
        assert answers[1].headers["Content-Type"] == "application/json"
        assert (alive.status_code, ready.result().status_code) == (200, 503)
        assert_a_line_each(portal.output(), "POST /courses/: OperationalError: database is locked", 3)
        assert titles(portal.database) == []
        assert save(portal, session).ok

    @pytest.mark.parametrize("path", ["/courses/", "/accounts/login/", "/billing/prices/"])
    def test_says_that_the_database_is_away(self, away, path):
        for accept in ("text/html", "application/json"):
            cookies, headers = {"sessionid": "x" * 32}, {"Accept": accept}
            assert_said(requests.get(away.url + path, cookies=cookies, headers=headers, timeout=20))

    def test_writes_nothing_into_a_file_that_was_moved_away_and_takes_up_the_one_in_its_place(self, portal, session):
        portal.kill()
        portal.start(DEBUG="0")
        session.headers["Accept"] = "application/json"  # pages would need their collected files
        assert save(portal, session).ok
        for file in portal.folder.glob("db.sqlite3*"):
            file.rename(file.with_name(f"old-{file.name}"))

        assert_said(save(portal, session))
        assert requests.get(f"{portal.url}/readyz", timeout=20).status_code == 503

        with suppress(FileNotFoundError):
            portal.database.unlink()
        shutil.copy(portal.folder / "old-db.sqlite3", portal.database)
        shutil.copy(portal.folder / "old-db.sqlite3-wal", f"{portal.database}-wal")
        found_another_file = save(portal, session)
        assert save(portal, session).ok
        assert titles(portal.database) == ["Ink"] * (2 + found_another_file.ok)
        assert "Traceback" not in portal.output()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("database is locked"), True),
        (OperationalError("connection refused"), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EROFS, "Read-only file system"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (ProgrammingError("syntax error"), False),
        (InternalError("odd"), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_it_is_told_from_code_that_is_wrong(error, expected):
    assert is_unavailable(error) is expected


def test_a_standby_takes_no_writes():
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = ReadOnlySqlTransaction()

    assert is_unavailable(error)


class TestOutsideOfViews:
    """A session that cannot be written, an upload that finds no room: Django asks `handler500`."""

    @pytest.fixture
    def full(self, settings) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = "/dev/full/nowhere"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.no_room"]

    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_it_is_said_too(self, client, full, accept, caplog):
        client.raise_request_exception = False

        answer = client.get("/accounts/login/", headers={"Accept": accept})

        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert ("errors" in answer.json()) if accept != "text/html" else ("Not available" in answer.text)


def no_room(get_response):
    def full(request):
        raise OSError(errno.ENOSPC, "No space left on device")

    return full


def record(error: Exception, status: int | None = None) -> logging.LogRecord:
    try:
        raise error
    except Exception:
        made = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s: %s", ("Bad", "/x"), sys.exc_info())
    if status:
        made.status_code = status
    OneLine().filter(made)
    return made


class TestTheLog:
    def test_has_no_traceback_of_what_was_rejected(self):
        assert record(ValueError(), 404).exc_info is None

    def test_has_the_cause_of_what_is_unavailable(self):
        made = record(OperationalError("database\nis locked"), 503)

        assert (made.getMessage(), made.exc_info) == ("Bad: /x: OperationalError: database is locked", None)

    @pytest.mark.parametrize("status", [500, None])
    def test_keeps_the_traceback_of_what_is_wrong(self, status):
        assert record(ValueError(), status).exc_info

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/nowhere/", {}, 404),
            ("/accounts/login/", {"Host": "evil.example"}, 400),
            ("/billing/prices/", {}, 403),
        ],
    )
    def test_of_a_rejected_request_is_a_line(self, client, django_user_model, monkeypatch, path, headers, status):
        client.force_login(django_user_model.objects.create_user("teacher", "teacher@example.com"))
        handler = next(one for one in logging.getLogger("django").handlers if isinstance(one, logging.StreamHandler))
        said = StringIO()
        monkeypatch.setattr(handler, "stream", said)

        assert client.get(path, headers=headers).status_code == status
        assert client.head(path, headers=headers).status_code == status

        assert "Traceback" not in said.getvalue()
        assert len(said.getvalue().splitlines()) <= 2


class TestReadyz:
    def test_says_that_a_disk_is_nearly_full(self, client, db, monkeypatch):
        monkeypatch.setattr(health, "LEAST_FREE_MEGABYTES", 10**12)

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json().keys() == {"status", "disk", "free_megabytes"}

    @pytest.mark.django_db(transaction=True)
    def test_says_that_the_database_takes_no_writes(self, client):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")
        try:
            answer = client.get("/readyz")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA query_only = OFF")

        assert (answer.status_code, answer.json()) == (503, {"status": "database read-only"})
