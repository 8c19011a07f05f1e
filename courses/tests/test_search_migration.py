"""A migration fills the search and sort columns of existing courses."""

from importlib import import_module
from types import SimpleNamespace

from django.apps import apps
from django.db import connection

from courses.models import Course

FOLLOWING = ("search_title", "search_text", "sort_key")
fill = import_module("courses.migrations.0003_fill_search").fill


def test_courses_from_before_are_found_and_sorted(make_course, monkeypatch):
    monkeypatch.setattr("courses.migrations.0003_fill_search.BATCH", 2)
    for title in ("Änderungen", "Zebra", "Ethik", "ЭТИКА", "Straße"):
        make_course(title=title, subject="Künste")
    written = list(Course.objects.order_by("pk").values(*FOLLOWING))
    Course.objects.update(search_title="", search_text="", sort_key=b"")

    fill(apps, SimpleNamespace(connection=connection))

    assert list(Course.objects.order_by("pk").values(*FOLLOWING)) == written


def test_they_follow_a_title_that_is_saved_alone(draft):
    course = Course.objects.get(pk=draft.pk)
    course.title = "Öl"
    course.save(update_fields=["title"])

    course.refresh_from_db()
    assert course.search_title == "ol"
    assert course.search_text.splitlines() == ["ol", "paint light.", "art"]


def test_they_are_written_where_many_are_made_at_once(teacher):
    Course.objects.bulk_create([Course(owner=teacher.user, title="Öl"), Course(owner=teacher.user, title="Ölfarbe")])

    assert list(Course.objects.order_by("sort_key").values_list("search_title", flat=True)) == ["ol", "olfarbe"]
