"""Products through the official library."""

import pytest
from stripe import InvalidRequestError

USD = {"currency": "usd", "unit_amount": 4900}


class TestCreate:
    def test_takes_our_own_id_and_a_default_price_in_one_call(self, client):
        product = client.v1.products.create(
            {
                "id": "course_1",
                "name": "Etching",
                "metadata": {"course_id": "1"},
                "default_price_data": {**USD, "metadata": {"course_id": "1"}},
                "expand": ["default_price"],
            }
        )

        assert (product.id, product.active, product.metadata["course_id"]) == ("course_1", True, "1")
        assert product.default_price.unit_amount == 4900
        assert product.default_price.product == "course_1"
        assert product.default_price.metadata["course_id"] == "1"

    def test_a_taken_id_is_rejected(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.products.create({"id": "course_1", "name": "Etching"})

        assert (rejected.value.http_status, rejected.value.code) == (400, "resource_already_exists")

    @pytest.mark.parametrize("taken", [True, False])
    def test_the_id_of_a_deleted_product_is_free_or_taken_as_set(self, sandbox, client, taken):
        sandbox.control("settings", {"deleted_ids": "taken" if taken else "free"})
        client.v1.products.create({"id": "course_1", "name": "Etching"})
        client.v1.products.delete("course_1")

        if taken:
            with pytest.raises(InvalidRequestError, match="already exists"):
                client.v1.products.create({"id": "course_1", "name": "Etching"})
        else:
            assert client.v1.products.create({"id": "course_1", "name": "Etching"}).id == "course_1"

    def test_a_rejected_price_leaves_no_product(self, sandbox, client):
        sandbox.control("settings", {"refused_currencies": ["inr"]})

        with pytest.raises(InvalidRequestError):
            client.v1.products.create(
                {"id": "course_1", "name": "Etching", "default_price_data": {"currency": "inr", "unit_amount": 9900}}
            )

        assert sandbox.products() == []

    @pytest.mark.parametrize(
        ("params", "param"),
        [
            ({"id": "with space"}, "id"),
            ({"id": "x" * 256}, "id"),
            ({"name": "x" * 5001}, "name"),
            ({"images": [f"https://example.com/{n}" for n in range(9)]}, "images"),
            ({"images": ["https://example.com/" + "x" * 2048]}, "images[0]"),
            ({"marketing_features": [{"name": "x"}] * 16}, "marketing_features"),
            ({"unit_label": "thirteenchars"}, "unit_label"),
            ({"url": "not a url"}, "url"),
            ({"statement_descriptor": "<no>"}, "statement_descriptor"),
            ({"metadata": {"k" * 41: "v"}}, None),
            ({"metadata": {"k": "v" * 501}}, None),
            ({"metadata": {f"k{n}": "v" for n in range(51)}}, None),
        ],
    )
    def test_a_value_out_of_bounds_is_rejected(self, client, params, param):
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.products.create({"name": "Etching", **params})

        assert rejected.value.param == param


class TestUpdate:
    def test_changes_what_was_sent_and_nothing_else(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching", "description": "Copper and acid"})

        product = client.v1.products.update("course_1", {"name": "Drypoint", "active": False})

        assert (product.name, product.active, product.description) == ("Drypoint", False, "Copper and acid")

    def test_an_empty_string_clears_a_field(self, client):
        filled = {"description": "Copper", "tax_code": "txcd_10000000"}
        client.v1.products.create({"id": "course_1", "name": "Etching", **filled})

        product = client.v1.products.update("course_1", {"description": "", "tax_code": "", "images": ""})

        assert (product.description, product.tax_code, product.images) == (None, None, [])

    def test_metadata_is_merged_and_an_empty_value_unsets(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching", "metadata": {"a": "1", "b": "2"}})

        product = client.v1.products.update("course_1", {"metadata": {"b": "", "c": "3"}})
        assert product.metadata.to_dict() == {"a": "1", "c": "3"}
        assert client.v1.products.update("course_1", {"metadata": ""}).metadata.to_dict() == {}

    def test_a_tax_code_is_changed_and_taken_away_in_the_dashboard(self, sandbox, client):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        for given, held in (("txcd_10000000", "txcd_10000000"), ("", None)):
            sandbox.control("dashboard/products/course_1", {"tax_code": given})
            assert client.v1.products.retrieve("course_1").tax_code == held
        event = client.v1.events.list({"limit": 1}).data[0]
        assert (event.type, event.request.id) == ("product.updated", None)
        assert event.data.previous_attributes["tax_code"] == "txcd_10000000"

    def test_the_tax_code_may_come_with_tax_details(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        given = {"tax_details": {"tax_code": "txcd_20060000"}}
        assert client.v1.products.update("course_1", given).tax_code == "txcd_20060000"

    @pytest.mark.parametrize("code", ["txcd_1", "10000000", "txcd_100000000", "txcd_10000001"])
    @pytest.mark.parametrize(
        ("given", "param"),
        [
            (lambda code: {"tax_code": code}, "tax_code"),
            (lambda code: {"tax_details": {"tax_code": code}}, "tax_details[tax_code]"),
        ],
    )
    def test_a_tax_code_that_is_not_on_the_list_is_rejected(self, sandbox, client, code, given, param):
        sandbox.control("settings", {"unknown_tax_codes": ["txcd_10000001"]})
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        with pytest.raises(InvalidRequestError) as changed:
            client.v1.products.update("course_1", given(code))
        with pytest.raises(InvalidRequestError) as made:
            client.v1.products.create({"id": "course_2", "name": "Drypoint", **given(code)})

        for rejected in (changed.value, made.value):
            assert (rejected.http_status, rejected.code, rejected.param) == (400, "resource_missing", param)
            assert rejected.user_message.startswith(f"No such tax code: '{code}'")
        assert sandbox.products() == ["course_1"]


class TestDefaultPrice:
    @pytest.fixture
    def product(self, client):
        return client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": USD})

    def test_another_active_price_of_the_product_is_taken(self, client, product):
        price = client.v1.prices.create({**USD, "product": "course_1"})

        assert client.v1.products.update("course_1", {"default_price": price.id}).default_price == price.id

    def test_an_empty_one_clears_it_and_frees_the_price(self, client, product):
        assert client.v1.products.update("course_1", {"default_price": ""}).default_price is None
        assert not client.v1.prices.update(product.default_price, {"active": False}).active

    def test_an_archived_one_is_rejected(self, client, product):
        price = client.v1.prices.create({**USD, "product": "course_1", "active": False})

        with pytest.raises(InvalidRequestError, match="inactive"):
            client.v1.products.update("course_1", {"default_price": price.id})

    def test_one_of_another_product_is_rejected(self, client, product):
        other = client.v1.products.create({"name": "Drypoint", "default_price_data": USD})

        with pytest.raises(InvalidRequestError, match="does not belong"):
            client.v1.products.update("course_1", {"default_price": other.default_price})

    def test_an_unknown_one_is_a_400(self, client, product):
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.products.update("course_1", {"default_price": "price_none"})

        assert (rejected.value.http_status, rejected.value.code, rejected.value.param) == (
            400,
            "resource_missing",
            "default_price",
        )


class TestDelete:
    def test_is_allowed_without_prices(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        assert client.v1.products.delete("course_1").deleted
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.products.retrieve("course_1")
        assert (rejected.value.http_status, rejected.value.code) == (404, "resource_missing")

    def test_with_a_price_even_an_archived_one_is_rejected(self, client):
        client.v1.products.create({"id": "course_1", "name": "Etching"})
        client.v1.prices.create({**USD, "product": "course_1", "active": False})

        with pytest.raises(InvalidRequestError, match="user-created prices"):
            client.v1.products.delete("course_1")
