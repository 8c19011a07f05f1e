"""Unknown, missing and ill-typed parameters, as the library's own classes say."""

import json
from pathlib import Path

import pytest
import stripe
from stripe import InvalidRequestError

HIDDEN = {"_inner_class_types", "_field_encodings"}  # of the library's classes
FORM = {"Authorization": "Bearer sk_test_1", "Content-Type": "application/x-www-form-urlencoded"}

PRICED = "name=A&default_price_data[currency]=usd"
SIZES = "package_dimensions[length]=1&package_dimensions[weight]=1&package_dimensions[width]=1"


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ("", "name", "parameter_missing"),
        ("name=A&colour=red", "colour", "parameter_unknown"),
        (f"{PRICED}&default_price_data[amount]=1", "default_price_data[amount]", "parameter_unknown"),
        ("name=A&default_price_data[unit_amount]=1", "default_price_data[currency]", "parameter_missing"),
        (
            f"{PRICED}&default_price_data[unit_amount]=1.5",
            "default_price_data[unit_amount]",
            "parameter_invalid_integer",
        ),
        ("name=A&active=yes", "active", None),
        ("name=A&images=one", "images", None),
        ("name=A&metadata=one", "metadata", None),
        ("name=A&default_price_data=one", "default_price_data", None),
        ("name[first]=A", "name", None),
        ("name=A&description=", "description", "parameter_invalid_empty"),
        ("name=A&type=thing", "type", None),
        (f"name=A&package_dimensions[height]=tall&{SIZES}", "package_dimensions[height]", None),
        ("name=A&expand[]=colour", None, None),
        (
            "name=A&expand[]=default_price.product.default_price.product.default_price",
            None,
            "property_expansion_max_depth",
        ),
        ("name=A&[]=1", "[]", None),
        ("name=A&name[x]=1", "name[x]", None),
        ("name=A&images[²]=https://example.com/", "images", None),
        (f"name=A&images[{'9' * 5000}]=https://example.com/", "images", None),
        ("name=A&url=http://[", "url", "url_invalid"),
        ("name=A&metadata" + "[a]" * 20, "metadata" + "[a]" * 20, None),
    ],
)
def test_a_parameter_is_rejected_by_name(sandbox, form, param, code):
    answer = sandbox.raw("POST", "/v1/products", data=form, headers=FORM)

    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("param"), error.get("code")) == (param, code)
    assert error["message"]
    assert answer.headers["Request-Id"] in error["request_log_url"]


def test_several_unknown_ones_are_named_together_and_a_slip_is_guessed(sandbox):
    both = sandbox.raw("POST", "/v1/products", data="name=A&b=1&a=1", headers=FORM).json()["error"]["message"]
    typo = sandbox.raw("POST", "/v1/products", data="nam=A", headers=FORM).json()["error"]["message"]

    assert both == "Received unknown parameters: a, b"
    assert typo == "Received unknown parameter: nam. Did you mean name?"


def test_a_body_that_is_no_form_is_rejected(sandbox):
    rejected = sandbox.raw("POST", "/v1/products", json={"name": "A"})
    broken = sandbox.raw("POST", "/v1/products", data=b"name=\xff", headers=FORM)

    assert "content type" in rejected.json()["error"]["message"]
    assert broken.status_code == 400


def test_a_body_beyond_all_measure_is_rejected(sandbox, client):
    many = sandbox.raw("POST", "/v1/products", data="name=A" + "&name=A" * 10_000, headers=FORM)
    large = sandbox.raw("POST", "/v1/products", data="name=" + "A" * 2_000_000, headers=FORM)

    assert (many.status_code, many.json()["error"]["type"]) == (400, "invalid_request_error")
    assert (large.status_code, large.json()["error"]["type"]) == (413, "invalid_request_error")
    assert [(call["status"], call["params"]) for call in sandbox.calls()] == [(400, {}), (413, {})]
    with pytest.raises(InvalidRequestError) as rejected:
        client.v1.products.list({"created": {"gte": 2**63}})
    assert (rejected.value.param, rejected.value.code) == ("created[gte]", "parameter_invalid_integer")


def test_an_address_is_decoded_once(sandbox):
    assert sandbox.raw("GET", "/v1/products/a%2525").json()["error"]["message"] == "No such product: 'a%25'"


def test_an_unknown_address_is_a_404(sandbox):
    for method, path in [
        ("GET", "/v1/horses"),
        ("DELETE", "/v1/prices/price_1"),
        ("GET", "/v1/products/a/b"),
        ("GET", "/"),
    ]:
        answer = sandbox.raw(method, path)
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


def test_every_field_of_stripes_own_objects_is_there(client):
    """`fields.json` has the names in the fixtures that Stripe publishes with its OpenAPI description."""
    fields = json.loads(Path(__file__).with_name("fields.json").read_text())
    product = client.v1.products.create(
        {"name": "A", "default_price_data": {"currency": "usd", "unit_amount": 1, "recurring": {"interval": "year"}}}
    )
    price = client.v1.prices.retrieve(product.default_price)
    event = client.v1.events.list({"limit": 1}).data[0]

    assert set(fields["product"]) <= product.to_dict().keys()
    assert set(fields["price"]) <= price.to_dict().keys()
    assert set(fields["price.recurring"]) == price.recurring.to_dict().keys()
    assert set(fields["event"]) <= event.to_dict().keys()


def test_every_field_of_a_currency_option_is_there(client):
    options = {"EUR": {"unit_amount": 2}, "chf": {"custom_unit_amount": {"enabled": True}, "tax_behavior": "inclusive"}}
    price = client.v1.prices.create(
        {
            "product_data": {"name": "A"},
            "currency": "usd",
            "unit_amount": 1,
            "currency_options": options,
            "expand": ["currency_options"],
        }
    )
    found = price.to_dict()["currency_options"]
    fields = stripe.Price.CurrencyOptions.__annotations__.keys() - HIDDEN - {"tiers"}  # they are asked for apart

    assert found.keys() == {"eur", "chf", "usd"}
    assert found["eur"].keys() == found["chf"].keys() == found["usd"].keys() == fields
    assert found["usd"]["unit_amount"] == 1
    assert (found["eur"]["unit_amount"], str(found["eur"]["unit_amount_decimal"])) == (2, "2")
    assert (found["eur"]["tax_behavior"], found["chf"]["tax_behavior"]) == ("unspecified", "inclusive")


def test_tiers_and_a_second_way_to_write_a_parameter(client):
    product = client.v1.products.create({"id": "course_1", "name": "A"})
    tiers = [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount_decimal": "50.5"}]
    price = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": tiers,
            "recurring": {"interval": "month"},
            "expand": ["tiers"],
        }
    )
    first, last = price.to_dict()["tiers"]
    assert (first["up_to"], first["unit_amount"], first["flat_amount"]) == (10, 100, None)
    assert (last["up_to"], last["unit_amount"], str(last["unit_amount_decimal"])) == (None, None, "50.5")
    assert first.keys() == last.keys() == stripe.Price.Tier.__annotations__.keys() - HIDDEN
    assert client.v1.products.list({"created": product.created}).data
    with pytest.raises(InvalidRequestError):
        client.v1.products.list({"created": "yesterday"})
