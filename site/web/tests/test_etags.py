"""JSON responses for polling clients."""

from django.test import RequestFactory

from web.etags import json_answer


def asked(data: dict[str, str], etag: str | None = None):
    headers = {"If-None-Match": etag} if etag else {}
    return json_answer(RequestFactory().get("/", headers=headers), data)


def test_who_has_it_already_is_told_so_without_a_body():
    first = asked({"title": "Bread"})

    again = asked({"title": "Bread"}, first["ETag"])

    assert (first.status_code, first.content) == (200, b'{"title": "Bread"}')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_compressed_on_the_way_it_is_still_the_same():
    etag = asked({"title": "Bread"})["ETag"]

    assert asked({"title": "Bread"}, f"W/{etag}").status_code == 304


def test_who_has_something_older_gets_all_of_it():
    etag = asked({"title": "Bread"})["ETag"]

    assert asked({"title": "Cheese"}, etag).status_code == 200


def test_what_is_no_etag_is_ignored():
    assert asked({"title": "Bread"}, '"').status_code == 200
