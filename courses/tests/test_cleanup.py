"""Unused files and rows are deleted: covers, saved forms, and other old data."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from courses import cleanup, lifecycle, saved_forms
from courses.content import Content, NewCover
from courses.models import Course, SavedForm
from courses.tests.pictures import picture
from courses.tests.support.people import form_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def pictures(media) -> Callable[[], set[str]]:
    return lambda: {f"covers/{path.name}" for path in media.glob("covers/*")}


def keep_house() -> None:
    cleanup.run(lambda: True)


def grow_old(media: Path, name: str, age: timedelta) -> None:
    then = (timezone.now() - age).timestamp()
    os.utime(media / name, (then, then))


class TestPictures:
    @pytest.fixture
    def course(self, make_course) -> Course:
        return make_course(cover=NewCover(b"a picture"))

    def test_that_no_course_names_are_deleted_after_a_day(self, course, media, pictures):
        for name, age in (("old.webp", 2 * DAY), ("young.webp", 23 * HOUR), ("future.webp", -9 * DAY)):
            (media / "covers" / name).write_bytes(b"left behind")
            grow_old(media, f"covers/{name}", age)
        grow_old(media, course.cover.name, 400 * DAY)

        keep_house()

        assert pictures() == {course.cover.name, "covers/young.webp", "covers/future.webp"}

    def test_are_looked_at_part_by_part(self, course, media, pictures, django_assert_max_num_queries):
        for number in range(cleanup.BATCH + 1):
            (media / f"covers/{number}.webp").write_bytes(b"left behind")
            grow_old(media, f"covers/{number}.webp", 2 * DAY)

        with django_assert_max_num_queries(4):
            keep_house()

        assert pictures() == {course.cover.name}

    def test_are_none_where_nobody_has_sent_one(self, db):
        keep_house()

    @pytest.mark.django_db(transaction=True)
    def test_that_are_replaced_go_and_those_that_another_course_names_stay(self, make_course, teacher, pictures):
        one, other = make_course(cover=NewCover(b"one")), make_course(cover=NewCover(b"other"))
        first = one.cover.name
        Course.objects.filter(pk=other.pk).update(cover=first)

        teacher.post("edit", one, form_of(one, cover=picture()))
        assert first in pictures()

        teacher.post("edit", other, form_of(other, cover=picture(mode="L")))
        assert first not in pictures()


@pytest.mark.django_db(transaction=True)
class TestASaveThatFails:
    @pytest.fixture
    def failing(self) -> Iterator[Callable[[str], None]]:
        """The database is lost at this statement."""

        def at(beginning: str) -> None:
            def execute(run: Any, sql: str, *rest: Any) -> Any:
                if sql.startswith(beginning):
                    raise OperationalError("disk I/O error")
                return run(sql, *rest)

            wrapper = connection.execute_wrapper(execute)
            wrapper.__enter__()
            undo.append(wrapper)

        undo: list[Any] = []
        yield at
        for wrapper in undo:
            wrapper.__exit__(None, None, None)

    @pytest.mark.parametrize("beginning", ['INSERT INTO "courses_course"', 'INSERT INTO "billings_billingproduct"'])
    def test_leaves_no_picture_of_a_new_course(self, teacher, pictures, failing, beginning):
        failing(beginning)

        answer = teacher.post("teacher_courses", data={"title": "Ink", "cover": picture()})

        assert answer.status_code == 503
        assert pictures() == set()

    def test_leaves_the_old_picture_and_no_other(self, teacher, make_course, pictures, failing):
        course = make_course(cover=NewCover(b"the old one"))
        failing('UPDATE "courses_course"')

        answer = teacher.post("edit", course, form_of(course, cover=picture()))

        assert answer.status_code == 503
        assert pictures() == {course.cover.name}

    def test_of_a_copy_leaves_none_either(self, teacher, make_course, pictures, failing):
        course = make_course(cover=NewCover(b"the old one"))
        failing('INSERT INTO "billings_billingproduct"')

        answer = teacher.post("duplicate", course)

        assert answer.status_code == 503
        assert pictures() == {course.cover.name}

    def test_that_fails_outside_leaves_none(self, teacher, make_course, pictures):
        content = Content.of(make_course())

        def create_and_fail() -> None:
            with lifecycle._saving():
                lifecycle.create(owner=teacher.user, content=_with_cover(content))
                assert len(pictures()) == 1
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            create_and_fail()

        assert pictures() == set()

    def test_whose_end_is_unknown_leaves_what_was_saved(self, teacher, make_course, pictures, monkeypatch):
        """The connection is lost when everything is committed, and before that is said."""
        content, commit = Content.of(make_course()), connection.commit

        def lost() -> None:
            commit()
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "commit", lost)
        with pytest.raises(OperationalError):
            lifecycle.create(owner=teacher.user, content=_with_cover(content), inline=False)
        monkeypatch.undo()

        assert pictures() == set(Course.objects.exclude(cover="").values_list("cover", flat=True)) != set()


def _with_cover(content: Content) -> Content:
    return type(content)(**{**{name: getattr(content, name) for name in Content.__slots__}, "cover": NewCover(b"new")})


class TestRejectedUploads:
    """A file of more than 2.5 MB is on disk while it comes in."""

    @pytest.fixture(autouse=True)
    def folder(self, settings, tmp_path) -> Path:
        folder = tmp_path / "temporary"
        folder.mkdir()
        settings.FILE_UPLOAD_TEMP_DIR = str(folder)
        return folder

    def large(self) -> SimpleUploadedFile:
        return SimpleUploadedFile("a.png", b"\x89PNG" + b"x" * 3_000_000, content_type="image/png")

    def test_that_are_no_picture_leave_nothing_on_disk(self, teacher, free_course, folder):
        answer = teacher.post("edit", free_course, form_of(free_course, cover=self.large()))

        assert answer.status_code == 422
        assert list(folder.iterdir()) == []

    def test_of_anonymous_users_leave_nothing_on_disk(self, free_course, folder):
        Client().post(free_course.get_absolute_url(), form_of(free_course, cover=self.large()))

        assert list(folder.iterdir()) == []

    def test_without_a_token_leave_nothing_on_disk(self, teacher, free_course, folder):
        client = Client(enforce_csrf_checks=True)
        client.cookies = teacher.client.cookies

        answer = client.post(free_course.get_absolute_url(), form_of(free_course, cover=self.large()))

        assert answer.status_code == 403
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_that_are_cut_off_leave_nothing_on_disk(self, teacher, free_course, folder, share):
        boundary, body = "b" * 20, b"x" * 3_500_000
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="cover"; filename="a.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()

        answer = teacher.client.generic(
            "POST",
            free_course.get_absolute_url(),
            (head + body)[: int(len(head + body) * share)],
            content_type=f"multipart/form-data; boundary={boundary}",
        )

        assert answer.status_code == 400
        assert list(folder.iterdir()) == []


class TestSavedForms:
    @pytest.fixture
    def send(self, teacher, draft) -> Callable[..., Client]:
        def sent(address: str = "192.0.2.1", page: str = "", **fields: str) -> Client:
            client = Client(REMOTE_ADDR=address)
            client.post(page or draft.get_absolute_url(), form_of(draft, description="Typed for an hour", **fields))
            return client

        return sent

    def test_expire_within_an_hour(self, teacher, draft, send):
        client = send()
        SavedForm.objects.update(kept_at=timezone.now() - HOUR)

        client.force_login(teacher.user)

        assert "Typed for an hour" not in client.get(draft.get_absolute_url()).text

    @pytest.mark.parametrize("ahead", [-HOUR, 2 * HOUR])
    def test_are_forgotten_by_the_worker(self, send, ahead):
        send()
        SavedForm.objects.update(kept_at=timezone.now() + ahead)

        keep_house()

        assert not SavedForm.objects.exists()

    def test_of_this_hour_are_not(self, send):
        send()

        keep_house()

        assert SavedForm.objects.count() == 1

    @pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::{number:x}"])
    def test_are_few_of_one_address(self, send, monkeypatch, address):
        monkeypatch.setattr(saved_forms, "MOST_OF_AN_ADDRESS", 3)

        for number in range(6):
            send(address.format(number=number))
        send("192.0.2.2")

        assert SavedForm.objects.count() == 4

    def test_are_bounded_altogether(self, send, monkeypatch):
        monkeypatch.setattr(saved_forms, "MOST", 3)

        for number in range(6):
            send(f"192.0.2.{number}")

        assert SavedForm.objects.count() == 3

    def test_take_at_most_a_hundred_megabytes(self):
        assert saved_forms.MOST * saved_forms.MOST_CHARACTERS < 100_000_000

    def test_open_no_session_where_nothing_is_kept(self, send, monkeypatch):
        monkeypatch.setattr(saved_forms, "MOST_OF_AN_ADDRESS", 0)

        assert "sessionid" not in send().cookies

    def test_that_nobody_could_see_again_are_not_kept(self, db):
        Client().post("/courses/", {"title": "Ink", "version": "made up"})

        assert not SavedForm.objects.exists()

    def test_are_one_in_each_session(self, draft, send):
        client = send()
        client.post(draft.get_absolute_url(), form_of(draft, description="Typed again"))

        assert [kept.fields["description"] for kept in SavedForm.objects.all()] == ["Typed again"]


def test_the_session_engine_is_one_that_rows_can_be_pruned_of():
    assert import_module(configured.SESSION_ENGINE).SessionStore.get_model_class()
