"""Health checks and Stripe's webhook are answered before the middleware of pages."""

import pytest

WEBHOOK = "/billing/webhooks/stripe/"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/healthz", 200), ("POST", WEBHOOK, 400)])
class TestAnApiClient:
    def test_is_answered_at_any_host_and_is_not_redirected(self, client, settings, method, path, status):
        settings.SECURE_SSL_REDIRECT = True

        assert client.generic(method, path, headers={"Host": "10.1.2.3"}).status_code == status

    def test_gets_no_cookie(self, client, method, path, status):
        assert not client.generic(method, path).cookies

    def test_is_told_the_length_of_the_answer(self, client, method, path, status):
        answer = client.generic(method, path)

        assert int(answer["Content-Length"]) == len(answer.content) > 0


def test_a_page_is_answered_with_everything_that_people_need(client, db):
    answer = client.get("/accounts/login/")

    assert "Content-Security-Policy" in answer.headers
    assert answer.cookies
