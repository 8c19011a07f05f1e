"""Headers of every response, errors included, and caching."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import Client
from django.urls import path

from config import urls
from config.static_files import StaticFilesMiddleware
from config.tests.scenario import Scenario


def raising(request):
    raise {"500": RuntimeError, "413": RequestDataTooBig}[request.GET["status"]]


urlpatterns = [path("raising/", raising), *urls.urlpatterns]
handler400, handler500 = urls.handler400, urls.handler500

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def scenario(db, settings) -> Scenario:
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0
    return Scenario.make()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("status", "method", "url", "options"),
    [
        (200, "GET", "/accounts/login/", {}),
        (200, "GET", "/healthz", {}),
        (200, "GET", "/static/css/portal.css", {}),
        (200, "GET", "/.well-known/security.txt", {}),
        (302, "GET", "/courses/", {}),
        (400, "GET", "/courses/", {"headers": {"Host": "elsewhere.example"}}),
        (400, "POST", "/billing/webhooks/stripe/", {}),
        (400, "POST", "/courses/", {"data": "x", "content_type": "multipart/form-data"}),
        (403, "POST", "/accounts/login/", {}),
        (404, "GET", "/nowhere/", {}),
        (404, "GET", "/nowhere/", {"headers": {"Accept": "application/json"}}),
        (404, "GET", f"/media/covers/{'0' * 32}.webp", {}),
        (405, "POST", "/healthz", {}),
        (413, "GET", "/courses/?" + "a=1&" * 1200, {}),
        (413, "GET", "/raising/?status=413", {}),
        (500, "GET", "/raising/?status=500", {}),
    ],
)
def test_every_answer_says_what_browsers_may_do_with_it(db, settings, status, method, url, options):
    settings.WHITENOISE_USE_FINDERS = True
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)

    answer = client.generic(method, url, **options)
    answer.close()

    assert answer.status_code == status
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")


class TestWhatIsKept:
    @pytest.mark.parametrize("page", ["/courses/", "/courses/new/", "/accounts/email/", "/nowhere/", "/admin/"])
    def test_is_nothing_of_what_those_see_who_are_signed_in(self, scenario, page):
        for who in ("teacher", "superuser"):
            assert "no-store" in scenario.client(who).get(page)["Cache-Control"]

    def test_a_persons_data_is_not_kept_as_json_or_as_a_part_either(self, scenario):
        teacher, page = scenario.client("teacher"), f"/courses/{scenario.course.pk}/"

        assert teacher.get(page, headers={"Accept": "application/json"})["Cache-Control"] == "no-store"
        assert teacher.get(f"{page}status/", headers={"HX-Request": "true"})["Cache-Control"] == "no-store"

    def test_is_what_everyone_may_see(self, scenario):
        for who in ("anonymous", "teacher"):
            answer = scenario.client(who).get("/.well-known/security.txt")
            assert answer["Cache-Control"] == "public, max-age=86400"
            assert "Cache-Control" not in scenario.client("anonymous").get("/nowhere/")


def test_the_list_of_static_files_is_not_served(settings, tmp_path):
    settings.STATIC_ROOT, settings.WHITENOISE_AUTOREFRESH = str(tmp_path), False
    for name in ("staticfiles.json", "page.css"):
        (tmp_path / name).write_text("{}")

    served = StaticFilesMiddleware(lambda request: None).files

    assert list(served) == ["/static/page.css"]


class TestSecurityTxt:
    def test_it_says_whom_to_write_to(self, client, settings):
        settings.SECURITY_CONTACT = "mailto:safe@school.example"

        answer = client.get("/.well-known/security.txt")

        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert "Contact: mailto:safe@school.example\n" in answer.text
        assert "Canonical: http://127.0.0.1:8000/.well-known/security.txt\n" in answer.text

    def test_it_is_valid_for_less_than_a_year_from_now_on(self, client):
        found = re.search(r"^Expires: (\S+)Z$", client.get("/.well-known/security.txt").text, re.MULTILINE)
        assert found
        expires = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)

        assert timedelta(days=150) < expires - datetime.now(UTC) < timedelta(days=366)
