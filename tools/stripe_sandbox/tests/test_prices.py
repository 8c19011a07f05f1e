"""Prices through the official library."""

import pytest
from stripe import InvalidRequestError

USD = {"currency": "usd", "unit_amount": 4900}


@pytest.fixture
def product(client):
    return client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": USD})


class TestCreate:
    def test_makes_a_recurring_price(self, client, product):
        price = client.v1.prices.create({**USD, "product": "course_1", "recurring": {"interval": "month"}})

        assert price.type == "recurring"
        assert (price.recurring.interval, price.recurring.interval_count, price.recurring.usage_type) == (
            "month",
            1,
            "licensed",
        )

    def test_makes_the_product_along_with_the_price(self, client):
        price = client.v1.prices.create({**USD, "product_data": {"name": "Drypoint"}, "expand": ["product"]})

        assert price.product.name == "Drypoint"

    def test_keeps_a_decimal_amount(self, client, product):
        whole = client.v1.prices.create({"currency": "usd", "unit_amount_decimal": "4900.00", "product": "course_1"})
        part = client.v1.prices.create({"currency": "usd", "unit_amount_decimal": "0.5", "product": "course_1"})

        assert (whole.unit_amount, str(whole.unit_amount_decimal)) == (4900, "4900")
        assert (part.unit_amount, str(part.unit_amount_decimal)) == (None, "0.5")

    def test_keeps_an_amount_that_buyers_choose(self, client, product):
        price = client.v1.prices.create(
            {"currency": "usd", "custom_unit_amount": {"enabled": True, "minimum": 500}, "product": "course_1"}
        )

        assert (price.unit_amount, price.custom_unit_amount.minimum) == (None, 500)

    def test_is_allowed_for_an_archived_product(self, client, product):
        client.v1.products.update("course_1", {"active": False})

        assert client.v1.prices.create({**USD, "product": "course_1"}).active

    @pytest.mark.parametrize(
        ("params", "param", "code"),
        [
            ({"product": "nobody"}, "product", "resource_missing"),
            ({"product": None}, None, None),
            ({"product_data": {"name": "Two"}}, "product", None),
            ({"unit_amount": None}, None, None),
            ({"unit_amount_decimal": "1"}, "unit_amount", None),
            ({"unit_amount": -1}, "unit_amount", None),
            ({"unit_amount": 10**12}, "unit_amount", "parameter_invalid_integer"),
            ({"unit_amount": 10**30}, "unit_amount", "parameter_invalid_integer"),
            ({"currency": "zzz"}, "currency", None),
            ({"currency": "kwd", "unit_amount": 1001}, "unit_amount", None),
            ({"currency": "isk", "unit_amount": 1010}, "unit_amount", None),
            ({"recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]", None),
            ({"recurring": {"interval": "fortnight"}}, "recurring[interval]", None),
            ({"billing_scheme": "tiered", "unit_amount": None}, "interval", None),
            (
                {"billing_scheme": "tiered", "unit_amount": None, "recurring": {"interval": "month"}},
                "tiers",
                "parameter_missing",
            ),
            ({"lookup_key": "k" * 201}, "lookup_key", None),
            *[
                ({"unit_amount": None, "unit_amount_decimal": odd}, "unit_amount_decimal", None)
                for odd in ("1_000", " 12 ", "1e3", "1e40000000", "\u0663", "NaN", ".", "0." + "1" * 13)
            ],
            ({"unit_amount": "\u0663"}, "unit_amount", "parameter_invalid_integer"),
            (
                {"recurring": {"interval": "month", "trial_period_days": -5}},
                "recurring[trial_period_days]",
                "parameter_invalid_integer",
            ),
            (
                {"unit_amount": None, "custom_unit_amount": {"enabled": True, "minimum": -4}},
                "custom_unit_amount[minimum]",
                None,
            ),
            (
                {"transform_quantity": {"divide_by": 0, "round": "up"}},
                "transform_quantity[divide_by]",
                "parameter_invalid_integer",
            ),
            ({"product": None, "product_data": {"name": "x" * 5001}}, "product_data[name]", None),
            ({"product": None, "product_data": {"name": "A", "id": "with space"}}, "product_data[id]", None),
            (
                {"product": None, "product_data": {"name": "A", "unit_label": "x" * 13}},
                "product_data[unit_label]",
                None,
            ),
            (
                {"product": None, "product_data": {"name": "A", "metadata": {"k": "v" * 501}}},
                None,
                None,
            ),
            (
                {"product": None, "product_data": {"name": "A", "statement_descriptor": "<no>"}},
                "product_data[statement_descriptor]",
                None,
            ),
        ],
    )
    def test_rejects_what_stripe_rejects(self, client, product, params, param, code):
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.prices.create({**USD, "product": "course_1", **params})

        assert (rejected.value.http_status, rejected.value.param, rejected.value.code) == (400, param, code)


class TestUpdate:
    @pytest.mark.parametrize("field", ["unit_amount", "currency", "recurring", "product"])
    def test_what_a_price_is_never_changes(self, client, product, field):
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.prices.update(product.default_price, {field: "1"})

        assert (rejected.value.code, rejected.value.param) == ("parameter_unknown", field)

    def test_the_default_price_of_a_product_cannot_be_archived(self, client, product):
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.prices.update(product.default_price, {"active": False})

        assert rejected.value.code is None
        expected = "This price cannot be archived because it is the default price of its product."
        assert rejected.value.user_message == expected

    def test_any_other_is_archived_and_comes_back(self, client, product):
        price = client.v1.prices.create({**USD, "product": "course_1"})

        assert not client.v1.prices.update(price.id, {"active": False}).active
        assert client.v1.prices.update(price.id, {"active": True, "nickname": "Old"}).nickname == "Old"

    def test_tax_behavior_is_set_once(self, client, product):
        client.v1.prices.update(product.default_price, {"tax_behavior": "inclusive"})

        with pytest.raises(InvalidRequestError, match="tax_behavior"):
            client.v1.prices.update(product.default_price, {"tax_behavior": "exclusive"})

    def test_currency_options_are_shown_only_when_asked_for(self, client, product):
        euros = {"currency_options": {"eur": {"unit_amount": 4500}}}

        plain = client.v1.prices.update(product.default_price, euros)
        asked = client.v1.prices.retrieve(product.default_price, {"expand": ["currency_options"]})

        assert "currency_options" not in plain.to_dict()
        assert asked.currency_options["eur"].unit_amount == 4500
        client.v1.prices.update(product.default_price, {"currency_options": ""})
        with pytest.raises(InvalidRequestError, match="top-level currency"):
            client.v1.prices.update(product.default_price, {"currency_options": {"usd": {"unit_amount": 1}}})

    @pytest.mark.parametrize(
        ("options", "param"),
        [
            ({"zzz": {"unit_amount": 1}}, "currency_options[zzz]"),
            ({"eur": {"unit_amount": -1}}, "currency_options[eur][unit_amount]"),
            ({"EUR": {"unit_amount": 10**12}}, "currency_options[EUR][unit_amount]"),
            ({"kwd": {"unit_amount_decimal": "1001"}}, "currency_options[kwd][unit_amount_decimal]"),
            ({"eur": {"unit_amount": 1, "unit_amount_decimal": "1"}}, "currency_options[eur][unit_amount]"),
            (
                {"eur": {"custom_unit_amount": {"enabled": True, "minimum": -4}}},
                "currency_options[eur][custom_unit_amount][minimum]",
            ),
            ({"eur": {"tiers": [{"up_to": 0}]}}, "currency_options[eur][tiers][0][up_to]"),
            ({"eur": {"tiers": [{"up_to": "inf", "flat_amount": -1}]}}, "currency_options[eur][tiers][0][flat_amount]"),
            ({"USD": {"unit_amount": 1}}, "currency_options[usd]"),
        ],
    )
    def test_rejects_what_a_currency_option_cannot_be(self, client, product, options, param):
        with pytest.raises(InvalidRequestError) as changed:
            client.v1.prices.update(product.default_price, {"currency_options": options})
        with pytest.raises(InvalidRequestError) as made:
            client.v1.prices.create({**USD, "product": "course_1", "currency_options": options})

        assert (changed.value.param, made.value.param.lower()) == (param, param.lower())

    def test_an_option_is_found_again_however_its_currency_is_written(self, client, product):
        for code, amount in (("EUR", 4500), ("eur", 4400)):
            client.v1.prices.update(product.default_price, {"currency_options": {code: {"unit_amount": amount}}})

        price = client.v1.prices.retrieve(product.default_price, {"expand": ["currency_options"]})
        assert [(code, one["unit_amount"]) for code, one in price.to_dict()["currency_options"].items()] == [
            ("eur", 4400),
            ("usd", 4900),
        ]

    def test_they_are_added_in_the_dashboard_found_wherever_they_are_asked_for_and_emptied_at_once(
        self, sandbox, client, product
    ):
        path = f"dashboard/prices/{product.default_price}"
        sandbox.control(path, {"currency_options": {"eur": {"unit_amount": 100}}})

        assert "currency_options" not in client.v1.prices.retrieve(product.default_price).to_dict()
        event = client.v1.events.list({"limit": 1}).data[0].to_dict()
        assert (event["type"], event["request"]["id"]) == ("price.updated", None)
        assert "currency_options" not in event["data"]["object"]
        one = client.v1.products.retrieve("course_1", {"expand": ["default_price.currency_options"]})
        many = client.v1.products.list({"expand": ["data.default_price.currency_options"]}).data[0]
        prices = client.v1.prices.list({"expand": ["data.currency_options"]}).data[0]
        for found in (one.default_price, many.default_price, prices):
            options = found.to_dict()["currency_options"]
            assert {code: option["unit_amount"] for code, option in options.items()} == {"eur": 100, "usd": 4900}
        client.v1.prices.update(product.default_price, {"currency_options": ""})
        left = client.v1.prices.retrieve(product.default_price, {"expand": ["currency_options"]})
        assert list(left.to_dict()["currency_options"]) == ["usd"]

    def test_the_tax_behavior_of_an_option_is_set_once_too(self, client, product):
        for behaviour in ({"tax_behavior": "inclusive"}, {}):
            euros = {"eur": {"unit_amount": 100, **behaviour}}
            client.v1.prices.update(product.default_price, {"currency_options": euros})

        euros = {"eur": {"unit_amount": 100, "tax_behavior": "exclusive"}}
        with pytest.raises(InvalidRequestError) as rejected:
            client.v1.prices.update(product.default_price, {"currency_options": euros})

        assert rejected.value.param == "currency_options[eur][tax_behavior]"
        price = client.v1.prices.retrieve(product.default_price, {"expand": ["currency_options"]}).to_dict()
        assert price["currency_options"]["eur"]["tax_behavior"] == "inclusive"

    def test_a_lookup_key_is_held_by_one_price(self, client, product):
        client.v1.prices.update(product.default_price, {"lookup_key": "etching"})
        with pytest.raises(InvalidRequestError, match="already uses that lookup key"):
            client.v1.prices.create({**USD, "product": "course_1", "lookup_key": "etching"})

        taken = {**USD, "product": "course_1", "lookup_key": "etching", "transfer_lookup_key": True}
        price = client.v1.prices.create(taken)

        assert [one.id for one in client.v1.prices.list({"lookup_keys": ["etching"]}).data] == [price.id]
        assert client.v1.prices.update(price.id, {"lookup_key": "etching"}).lookup_key == "etching"
