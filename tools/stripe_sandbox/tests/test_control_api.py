"""The control API and its pages."""

import re

import pytest
import requests

FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


def test_the_log_has_every_call_in_order(sandbox, client):
    client.v1.products.create({"id": "course_1", "name": "A", "metadata": {"a": "1"}}, options={"idempotency_key": "k"})
    client.v1.products.retrieve("course_1")

    first, second = sandbox.calls()
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/products", 200)
    assert first["params"] == {"id": "course_1", "name": "A", "metadata": {"a": "1"}}
    assert (first["idempotency_key"], first["done"], first["fault"]) == ("k", True, None)
    assert (second["method"], second["path"]) == ("GET", "/v1/products/course_1")
    assert [call["seq"] for call in sandbox.control(f"calls?since={first['seq']}")["calls"]] == [second["seq"]]
    assert len(sandbox.control("calls?limit=1")["calls"]) == 1


def test_a_catalogue_is_seeded_by_number(sandbox, client):
    body = {"products": 3, "first": 5, "archived_prices": 2, "interval": "month", "metadata": {"course_id": "{n}"}}

    made = sandbox.control("seed", body)

    assert (made["products"], made["prices"]) == (3, 9)
    product = client.v1.products.retrieve("seed_7", {"expand": ["default_price"]})
    assert (product.name, product.metadata["course_id"]) == ("Course 7", "7")
    assert product.default_price.recurring.interval == "month"
    assert len(client.v1.prices.list({"product": "seed_7", "active": False}).data) == 2
    assert not client.v1.events.list().data


def test_a_catalogue_is_seeded_item_by_item(sandbox, client):
    price = {"currency": "eur", "unit_amount": 900}
    item = {"id": "course_1", "name": "A", "active": False, "default_price_data": price, "archived_prices": [price]}

    assert sandbox.control("seed", {"items": [item, {"name": "B"}]})["prices"] == 2

    assert not client.v1.products.retrieve("course_1").active
    again = sandbox.raw("POST", "/_sandbox/seed", json={"items": [{"id": "course_2", "name": "C"}, item]})
    assert again.status_code == 400
    assert "course_2" not in sandbox.products()


def test_the_clock_is_moved(sandbox, client):
    real = sandbox.control("clock")
    assert real["offset"] == 0

    sandbox.control("clock", {"now": 2_000_000_000})
    assert client.v1.products.create({"name": "A"}).created - 2_000_000_000 in range(60)
    sandbox.control("clock", {"offset": 0})
    assert sandbox.control("clock")["now"] - real["now"] in range(60)
    assert sandbox.raw("POST", "/_sandbox/clock", json={"backwards": True}).status_code == 400


def test_settings_are_validated(sandbox):
    assert sandbox.control("settings", {"webhook_timeout": 3})["webhook_timeout"] == 3
    assert sandbox.control("settings")["deleted_ids"] == "free"
    for body in (
        {"colour": 1},
        {"rate_limit_total": 0},
        {"deleted_ids": "maybe"},
        {"refused_currencies": "eur"},
        {"unknown_tax_codes": "txcd_10000001"},
        {"webhook_retries": [-1]},
    ):
        answer = sandbox.raw("POST", "/_sandbox/settings", json=body)
        assert (answer.status_code, answer.json()["error"][-1]) == (400, ".")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("clock", "{"),
        ("clock", "[1]"),
        ("clock", b"\xff"),
        ("clock", '{"advance": NaN}'),
        ("clock", '{"advance": 1e400}'),
        ("clock", '{"now": -1}'),
        ("clock", '{"advance": 300000000000}'),
        ("clock", '{"advance": 1%s}' % ("0" * 400)),
        ("clock", '{"a": ' * 100_000 + "1" + "}" * 100_000),
        ("seed", '{"products": "abc"}'),
        ("seed", '{"products": 1e9}'),
        ("seed", '{"products": -1}'),
        ("seed", '{"items": 5}'),
        ("seed", '{"items": [5]}'),
        ("seed", '{"items": [{"name": "A", "archived_prices": [5]}]}'),
        ("dashboard/products", r'{"name": "\ud800"}'),
        ("events", '{"type": "a.b", "object": {}, "previous_attributes": 5}'),
        ("faults", r'{"kind": "503", "path": "\uD800"}'),
        ("faults", '{"kind": "slow", "seconds": "nan"}'),
        ("faults", '{"kind": "slow", "seconds": 1e300}'),
        ("faults", '{"kind": "slow", "seconds": 1%s}' % ("0" * 400)),
        ("faults", '{"kind": "refuse", "error": {"status": 200}}'),
        ("faults", '{"kind": "refuse", "error": {"status": "402"}}'),
        ("faults", '{"kind": "refuse", "error": {"message": 5}}'),
        ("faults", '{"kind": "refuse", "error": {"colour": "red"}}'),
        ("faults", '{"kind": "refuse", "error": [5]}'),
        ("keys", '{"key": "sk_test_x", "account": []}'),
        ("settings", '{"webhook_timeout": Infinity}'),
        ("settings", '{"webhook_timeout": 1e300}'),
    ],
)
def test_a_body_that_cannot_be_used_is_rejected_in_a_sentence(sandbox, path, data):
    answer = sandbox.raw("POST", f"/_sandbox/{path}", data=data)

    assert (answer.status_code, answer.json()["error"][-1]) == (400, ".")
    assert sandbox.control("clock")["offset"] == 0
    assert sandbox.control("faults") == {"faults": [], "spent": []}
    assert sandbox.products() == []


@pytest.mark.parametrize("path", ["calls?since=²", "calls?limit=x", f"calls?since={'9' * 5000}", "webhooks?limit=x"])
def test_a_number_in_an_address_must_be_one(sandbox, path):
    assert sandbox.raw("GET", f"/_sandbox/{path}").status_code == 400


def test_a_secret_that_is_no_text_does_not_sign(sandbox, client):
    endpoint = client.v1.webhook_endpoints.create({"url": "https://example.com/", "enabled_events": ["*"]})
    for body in ({"secret": 5}, {"expires_in": "soon"}):
        answer = sandbox.raw("POST", f"/_sandbox/dashboard/webhook_endpoints/{endpoint.id}/roll", json=body)
        assert (answer.status_code, answer.json()["error"][-1]) == (400, ".")


def test_currencies_are_rejected_however_they_are_written(sandbox, client):
    assert sandbox.control("settings", {"refused_currencies": ["USD"]})["refused_currencies"] == ["usd"]


def test_a_page_of_another_site_is_not_let_in(sandbox):
    foreign = requests.post(f"{sandbox.url}/_sandbox/reset", headers={"Origin": "https://evil.example"}, timeout=30)
    renamed = requests.get(f"{sandbox.url}/_sandbox/state", headers={"Host": "evil.example"}, timeout=30)

    for headers in ({"Origin": "http://["}, {"Host": "["}):
        assert requests.get(f"{sandbox.url}/_sandbox/state", headers=headers, timeout=30).status_code in (400, 403)
    assert (foreign.status_code, renamed.status_code) == (403, 403)


def test_another_account_can_be_looked_at(sandbox):
    other = sandbox.client("sk_live_ACCT2_1")
    other.v1.products.create({"name": "A"})
    account = other.v1.accounts.retrieve_current().id

    assert len(sandbox.control(f"state?account={account}&livemode=true")["products"]) == 1
    assert sandbox.products() == []


class TestPages:
    def page(self, sandbox, path=""):
        answer = requests.get(f"{sandbox.url}/_sandbox/{path}", headers={"Accept": "text/html"}, timeout=30)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return answer.text

    def test_the_catalogue_shows_products_and_their_prices(self, sandbox, client):
        price = {"currency": "jpy", "unit_amount": 5000, "recurring": {"interval": "month"}}
        client.v1.products.create({"id": "course_1", "name": "<Etching>", "default_price_data": price})

        text = self.page(sandbox)

        assert "&lt;Etching&gt;" in text
        assert "5,000 JPY / month" in text

    def test_it_is_searched_and_paged(self, sandbox):
        sandbox.control("seed", {"products": 60})

        assert "seed_60" in self.page(sandbox)
        assert "seed_1<" in self.page(sandbox, "?page=2")
        assert re.findall(r"<code>(seed_\d+)</code>", self.page(sandbox, "?q=Course+33")) == ["seed_33"]

    def test_an_amount_that_buyers_choose_is_said_to_vary(self, sandbox, client):
        choose = {"currency": "usd", "custom_unit_amount": {"enabled": True}}
        client.v1.products.create({"name": "Etching", "default_price_data": choose})

        assert "varies" in self.page(sandbox)

    def test_every_page_shows_what_has_happened(self, sandbox, client, receiver):
        client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        sandbox.fault("delay", target="webhook", seconds=60)
        sandbox.fault("503", probability=0.5, times=2, path="nowhere")
        sandbox.fault("slow", seconds=0.01)
        product = client.v1.products.create({"name": "Etching"})

        assert product.last_response.headers["Request-Id"] in self.page(sandbox, "pages/calls?live=1")
        assert "chance 0.5" in self.page(sandbox, "pages/faults")
        assert "product.created" in self.page(sandbox, "pages/webhooks")
        sandbox.control("clock", {"advance": 7200})
        assert "2.00 hours" in self.page(sandbox, "pages/clock")
        assert "color-scheme" in requests.get(f"{sandbox.url}/_sandbox/style.css", timeout=30).text

    @pytest.mark.parametrize("form", ["name=Etching&id=course_1", "name=Etching&id=course_1&description="])
    def test_its_forms_lead_back_to_the_page(self, sandbox, form):
        answer = requests.post(
            f"{sandbox.url}/_sandbox/dashboard/products", data=form, headers=FORM, timeout=30, allow_redirects=False
        )

        assert (answer.status_code, answer.headers["Location"]) == (303, "/_sandbox/")
        assert sandbox.products() == ["course_1"]
