"""Undecodable requests get a message, and nothing is done."""

import json
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler

from config.malformed_requests import ContentTypeApplication, without_charset
from config.tests.scenario import Scenario

FORM = "application/x-www-form-urlencoded"
JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://["}


@pytest.fixture
def scenario(db, settings) -> Scenario:
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0
    return Scenario.make()


class TestContentTypes:
    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            ("", ""),
            (f"{FORM}; charset=utf-8", FORM),
            ('multipart/form-data; charset="UTF8"; boundary=x', "multipart/form-data; boundary=x"),
            ('multipart/form-data; boundary="x; charset=y"', 'multipart/form-data; boundary="x; charset=y"'),
            (f"{FORM}; charset=iso-8859-1", None),
            (f"{FORM}; charset=hex", None),
            (f"{FORM}; charset=nonsense", None),
            (f"{FORM}; charset=\0", None),
            (f"{FORM}; charset*=nonsense''x", None),
            (f"{FORM}; charset*=utf-8''utf-8", None),
            (f"{FORM}; x=" + "y" * 20_000, None),
        ],
    )
    def test_only_utf_8_is_read(self, sent, read):
        assert without_charset(sent) == read

    @pytest.mark.parametrize("query", ["", "q=x", "a=1&" * 1200])
    @pytest.mark.parametrize("charset", ["iso-8859-1", "hex", "undefined"])
    def test_another_charset_is_rejected_in_words(self, db, charset, query):
        """By WSGI, as the web server asks: Django decodes the query before any middleware could catch an error."""
        said = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/courses/",
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": f"{FORM}; charset={charset}",
            "CONTENT_LENGTH": "7",
            "HTTP_ACCEPT": "application/json",
            "wsgi.input": BytesIO(b"title=x"),
            "wsgi.url_scheme": "http",
        }
        application = ContentTypeApplication(WSGIHandler())

        (body,) = application(environ, lambda status, headers, exc_info=None: said.append(status))

        assert said == ["400 Bad Request"]
        assert json.loads(body)["errors"]["__all__"][0].startswith("The content type cannot be read")


class TestAddresses:
    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize("broken", ["http://[", "http://%5B", "//[::1", "http://a:b/"])
    def test_a_way_back_that_is_no_address_is_not_taken(self, client, scenario, broken, method):
        answer = getattr(client, method)("/accounts/login/", {"next": broken, "login": "x@example.com"})

        assert answer.status_code == 200

    def test_the_page_htmx_asks_from_may_have_none(self, scenario):
        answer = scenario.client("anonymous").get("/billing/prices/", headers=HTMX)

        assert (answer.status_code, answer["X-Sign-In"]) == (401, "/accounts/login/?next=/billing/prices/")

    def test_a_retry_is_answered_as_such(self, scenario):
        answer = scenario.client("manager").post(f"/billing/prices/{scenario.course.pk}/retry/", headers=HTMX)

        assert answer.status_code == 200
        assert "Asked Stripe again" in answer.text


class TestWhatIsTooMuch:
    @pytest.mark.parametrize(
        ("body", "words"), [("a=1&" * 1200, "too many fields"), ("a=" + "x" * 2_700_000, "too large")]
    )
    def test_it_is_said(self, scenario, body, words):
        client = scenario.client("teacher")

        answer = client.post("/courses/", body, content_type=FORM, headers=JSON)
        page = client.post("/courses/", body, content_type=FORM)

        assert (answer.status_code, page.status_code) == (413, 413)
        assert words in answer.json()["errors"]["__all__"][0]
        assert words in page.text

    def test_a_query_may_have_too_many_fields_too(self, client, db):
        answer = client.get("/healthz?" + "a=1&" * 1200, headers=JSON)

        assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/nowhere/", "/courses/", "/accounts/login/", "/billing/webhooks/stripe/"])
def test_a_multipart_body_without_a_boundary_is_rejected(scenario, path):
    for who in ("anonymous", "teacher"):
        answer = scenario.client(who).post(path, b"x", content_type="multipart/form-data", headers=JSON)

        assert answer.status_code == 400


def test_a_form_is_no_message_of_stripes(client, db):
    assert client.post("/billing/webhooks/stripe/", {"id": "evt_1"}).status_code == 400
