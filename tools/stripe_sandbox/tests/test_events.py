"""Events: who did what, and the values before."""

import pytest
from stripe import InvalidRequestError

USD = {"currency": "usd", "unit_amount": 4900}


def newest(client, **params):
    return client.v1.events.list({"limit": 1, **params}).data[0].to_dict()


def test_a_create_with_a_price_makes_two(client):
    product = client.v1.products.create(
        {"name": "Etching", "default_price_data": USD, "expand": ["default_price"]}, options={"idempotency_key": "k"}
    )

    price, made = [event.to_dict() for event in client.v1.events.list().data]
    assert (made["type"], price["type"]) == ("product.created", "price.created")
    assert made["data"]["object"]["default_price"] == product.default_price.id
    request = {"id": product.last_response.headers["Request-Id"], "idempotency_key": "k"}
    assert made["request"] == price["request"] == request


def test_an_update_says_what_was_before(client):
    client.v1.products.create({"id": "course_1", "name": "Etching", "metadata": {"a": "1", "b": "2"}})

    client.v1.products.update("course_1", {"name": "Drypoint", "metadata": {"b": "3", "c": "4"}})

    event = newest(client)
    before = event["data"]["previous_attributes"]
    before.pop("updated", None)
    assert event["type"] == "product.updated"
    assert before == {"name": "Etching", "metadata": {"b": "2", "c": None}}


def test_an_update_that_changes_nothing_is_one_too(sandbox, client):
    client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": USD})
    sandbox.control("clock", {"advance": 10})

    product = client.v1.products.update("course_1", {"name": "Etching"})
    event = newest(client)
    assert (event["type"], event["data"]["previous_attributes"]) == ("product.updated", {"updated": product.created})
    assert product.updated >= product.created + 10
    client.v1.prices.update(product.default_price, {"active": True})
    event = newest(client)
    assert (event["type"], event["data"]["previous_attributes"]) == ("price.updated", {})


def test_a_replay_makes_none(client):
    for _ in range(2):
        client.v1.products.create({"name": "Etching"}, options={"idempotency_key": "k"})

    assert len(client.v1.events.list().data) == 1


def test_the_dashboard_has_no_request(sandbox, client):
    sandbox.control("dashboard/products", {"id": "course_1", "name": "Etching"})

    assert newest(client)["request"] == {"id": None, "idempotency_key": None}


def test_they_are_filtered_by_type_and_kept_for_thirty_days(sandbox, client):
    client.v1.products.create({"name": "Etching", "default_price_data": USD})

    assert len(client.v1.events.list({"types": ["price.created", "price.updated"]}).data) == 1
    assert len(client.v1.events.list({"type": "product.*"}).data) == 1
    assert len(client.v1.events.list({"type": "*.created"}).data) == 2
    assert len(client.v1.events.list({"types": ["pric*", "product.created"]}).data) == 2
    assert not client.v1.events.list({"type": "product.?reated"}).data
    with pytest.raises(InvalidRequestError, match="only specify one of these parameters: type, types"):
        client.v1.events.list({"type": "product.created", "types": ["price.created"]})
    with pytest.raises(InvalidRequestError, match="Array types exceeded maximum 20 allowed elements"):
        client.v1.events.list({"types": [f"product.{number}" for number in range(21)]})
    assert newest(client, type="product.created")["type"] == "product.created"
    with pytest.raises(InvalidRequestError):
        client.v1.events.retrieve("evt_none")
    sandbox.control("clock", {"advance": 31 * 86_400})
    assert not client.v1.events.list().data


def test_any_event_can_be_made_up(sandbox, client):
    made = sandbox.control("events", {"type": "customer.created", "object": {"id": "cus_1", "object": "customer"}})

    assert client.v1.events.retrieve(made["id"]).data.object.id == "cus_1"
    assert sandbox.raw("POST", "/_sandbox/events", json={"type": 3}).status_code == 400


class TestDashboard:
    @pytest.fixture
    def product(self, client):
        return client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": USD})

    def test_a_product_is_archived_and_activated(self, sandbox, client, product):
        assert not sandbox.control("dashboard/products/course_1/archive", {})["active"]
        assert sandbox.control("dashboard/products/course_1/activate", {})["active"]
        assert (
            sandbox.control("dashboard/products/course_1", {"name": "Drypoint", "description": None})["name"]
            == "Drypoint"
        )

    def test_a_price_is_edited_in_place_by_making_another(self, sandbox, client, product):
        made = sandbox.control("dashboard/products/course_1/price", {"unit_amount": 3900})

        assert client.v1.products.retrieve("course_1").default_price == made["id"]
        assert [one.id for one in client.v1.prices.list({"product": "course_1"}).data] == [made["id"]]

    def test_a_recurring_price_stays_recurring(self, sandbox, client):
        sandbox.control("dashboard/products", {"id": "course_2", "name": "A"})
        monthly = {"currency": "eur", "recurring": {"interval": "month"}}
        sandbox.control("dashboard/products/course_2/price", {**monthly, "unit_amount": 1000})

        made = sandbox.control("dashboard/products/course_2/price", {"unit_amount": 2000})

        assert (made["currency"], made["recurring"]["interval"]) == ("eur", "month")

    def test_a_price_edited_keeps_what_else_it_was(self, sandbox, client, product):
        like = {"nickname": "Early bird", "tax_behavior": "inclusive", "metadata": {"a": "1"}}
        recurring = {"interval": "month", "interval_count": 2, "usage_type": "metered", "meter": "mtr_1"}
        old = client.v1.prices.create({**USD, **like, "product": "course_1", "recurring": recurring}).to_dict()
        client.v1.products.update("course_1", {"default_price": old["id"]})

        made = sandbox.control("dashboard/products/course_1/price", {"unit_amount": 3900})

        assert made["unit_amount"] == 3900
        for name in ("nickname", "tax_behavior", "metadata", "recurring", "transform_quantity"):
            assert made[name] == old[name]

    def test_prices_are_made_default_archived_and_deleted(self, sandbox, client, product):
        made = sandbox.control("dashboard/prices", {**USD, "product": "course_1", "default": True})
        assert client.v1.products.retrieve("course_1").default_price == made["id"]
        assert not sandbox.control(f"dashboard/prices/{product.default_price}/archive", {})["active"]
        sandbox.control(f"dashboard/prices/{product.default_price}/activate", {})
        sandbox.control(f"dashboard/prices/{product.default_price}/default", {})

        sandbox.control(f"dashboard/prices/{product.default_price}/delete", {})

        assert client.v1.products.retrieve("course_1").default_price is None
        assert newest(client)["type"] == "price.deleted"

    def test_a_product_goes_with_its_prices(self, sandbox, client, product):
        sandbox.control("dashboard/products/course_1/delete", {})

        assert sandbox.control("state")["prices"] == []
        assert newest(client)["type"] == "product.deleted"

    def test_the_apis_rules_hold_there_too(self, sandbox, client, product):
        kept = sandbox.raw("POST", f"/_sandbox/dashboard/prices/{product.default_price}/archive", json={})
        nowhere = sandbox.raw("POST", "/_sandbox/dashboard/horses", json={})

        assert (kept.status_code, nowhere.status_code) == (400, 404)
