"""How much each URL accepts, and the response to more."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from web.body_limits import KILOBYTE, MEGABYTE, ORDINARY, BodyLimit, limit_of

# With a cover and all fields at their longest; everything that the editor's buttons send its form to.
EDITOR = BodyLimit(6 * MEGABYTE, files=True)
OTHERS = {
    "billings:webhook": BodyLimit(1 * MEGABYTE),
    **{
        f"courses:{name}": EDITOR
        for name in (
            *("teacher_courses", "edit", "plan", "plan_new", "preview", "preview_new"),
            *("publish", "unpublish", "archive", "restore", "retry", "duplicate"),
        )
    },
}
URLENCODED = "application/x-www-form-urlencoded"
LOGIN = "/accounts/login/"


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, BodyLimit]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", getattr(pattern.callback, "body_limit", ORDINARY)


def test_every_address_takes_little_but_for_those_that_need_more():
    larger = {name: limit for name, limit in addresses(get_resolver()) if limit != ORDINARY}

    assert larger == OTHERS


def test_a_path_has_its_views_limit():
    assert limit_of(reverse("courses:edit", args=[uuid4()])) == EDITOR
    assert limit_of(LOGIN) == limit_of("/nowhere/") == limit_of("/x" * 9999) == BodyLimit(64 * KILOBYTE)


@pytest.fixture
def no_disk(settings, tmp_path):
    """Whoever begins to write a file that was sent, fails."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "nowhere"


@pytest.fixture
def sender(db, client) -> Client:
    client.force_login(User.objects.create_user("teacher", "teacher@example.com"))
    return client


@pytest.mark.usefixtures("db", "no_disk")
class TestTooMuch:
    def test_is_said_on_a_page(self):
        answer = Client().post(LOGIN, {"login": "x" * 64 * KILOBYTE})

        assert answer.status_code == 413
        assert "At most 64.0\xa0KB can be sent here" in answer.text
        assert "Content-Security-Policy" in answer.headers

    def test_is_said_in_json(self):
        answer = Client().post("/billing/prices/", json.dumps({"x": "x" * 64 * KILOBYTE}), "application/json")

        assert answer.status_code == 413
        assert "at most 65536 bytes" in answer.json()["errors"]["__all__"][0]

    def test_goes_before_the_token_that_is_missing(self):
        assert Client(enforce_csrf_checks=True).post(LOGIN, {"login": "x" * 70_000}).status_code == 413

    def test_is_rejected_by_its_announced_length(self, client):
        answer = client.generic("POST", LOGIN, b"", URLENCODED, CONTENT_LENGTH="99999999999")

        assert answer.status_code == 413

    def test_is_rejected_where_an_uploaded_file_is_too_large_for_any_cover(self, sender):
        picture = SimpleUploadedFile("a.png", b"x" * 6 * MEGABYTE, "image/png")

        assert sender.post("/courses/", {"title": "Ink", "cover": picture}).status_code == 413

    def test_is_rejected_as_text_where_a_cover_of_that_size_is_taken(self, sender):
        assert sender.post("/courses/", {"title": "Ink", "description": "x" * 4 * MEGABYTE}).status_code == 413

    @pytest.mark.parametrize("path", [LOGIN, "/billing/prices/", "/nowhere/", "/billing/webhooks/stripe/", "/readyz"])
    def test_is_no_file_where_none_is_taken(self, path):
        answer = Client().post(path, {"login": "x", "file": SimpleUploadedFile("a.txt", b"x")})

        assert answer.status_code == 415

    def test_is_no_file_in_json_either(self):
        file = SimpleUploadedFile("a.txt", b"x")

        answer = Client().post(LOGIN, {"file": file}, headers={"Accept": "application/json"})

        assert answer.status_code == 415
        assert "No files" in answer.json()["errors"]["__all__"][0]


class TestEnough:
    def test_is_every_field_at_its_longest_with_the_largest_cover(self, sender):
        """The cover is no picture, so that the form says so: it has arrived."""
        picture = SimpleUploadedFile("a.png", b"x" * 5 * MEGABYTE, "image/png")
        fields = {"title": "🎨" * 120, "summary": "🎨" * 200, "description": "🎨" * 20_000}

        assert sender.post("/courses/", {**fields, "cover": picture}).status_code == 422
        assert sender.post("/courses/", fields).status_code == 303

    def test_may_be_an_empty_file_field(self, client, db):
        body = b'--x\r\nContent-Disposition: form-data; name="cover"; filename=""\r\n\r\n\r\n--x--\r\n'

        assert client.post(LOGIN, body, "multipart/form-data; boundary=x").status_code == 200
