"""Restricted keys: what they may do, resource by resource, and how Stripe says what is missing."""

import pytest
import stripe

from stripe_sandbox.permissions import EVERYTHING
from stripe_sandbox.testing.process import Sandbox

KEY = "rk_test_ofTheTests_wXyZ"
USD = {"currency": "usd", "unit_amount": 4900}


@pytest.fixture
def limited(sandbox):
    """A client whose key has just these permissions."""

    def grant(*names):
        sandbox.control("keys", {"key": KEY, "permissions": list(names)})
        return sandbox.client(KEY)

    return grant


CALLS = [
    ("rak_product_read", lambda v1: v1.products.list()),
    ("rak_product_read", lambda v1: v1.products.retrieve("course_1")),
    ("rak_product_write", lambda v1: v1.products.create({"name": "A"})),
    ("rak_product_write", lambda v1: v1.products.update("course_1", {"name": "A"})),
    ("rak_product_write", lambda v1: v1.products.delete("course_2")),
    ("rak_plan_read", lambda v1: v1.prices.list()),
    ("rak_plan_write", lambda v1: v1.prices.create({**USD, "product": "course_1"})),
    ("rak_event_read", lambda v1: v1.events.list()),
    ("rak_webhook_read", lambda v1: v1.webhook_endpoints.list()),
    ("rak_webhook_write", lambda v1: v1.webhook_endpoints.create({"url": "https://a.b/c", "enabled_events": ["*"]})),
    ("rak_accounts_kyc_basic_read", lambda v1: v1.accounts.retrieve_current()),
    ("rak_accounts_kyc_basic_read", lambda v1: v1.accounts.list()),
]


@pytest.mark.parametrize(("permission", "call"), CALLS)
def test_a_permission_is_needed_enough_and_named_when_it_is_missing(client, limited, permission, call):
    for number in (1, 2):
        client.v1.products.create({"id": f"course_{number}", "name": "A"})
    account = client.v1.accounts.retrieve_current().id
    also = {permission.replace("_read", "_write")} if permission.endswith("_read") else set()

    call(limited(permission).v1)
    with pytest.raises(stripe.PermissionError) as rejected:
        call(limited(*(EVERYTHING - {permission} - also)).v1)

    assert rejected.value.http_status == 403
    assert rejected.value.user_message == (
        f"The provided key 'rk_test_***********wXyZ' does not have the required permissions for this endpoint on "
        f"account '{account}'. Having the '{permission}' permission would allow this request to continue."
    )
    assert (rejected.value.headers or {})["Request-Id"]


def test_to_write_is_to_read(limited):
    assert limited("rak_product_write").v1.products.list().data == []


def test_what_is_put_in_the_place_of_an_id_or_made_besides_needs_its_own(client, limited):
    client.v1.products.create({"id": "course_1", "name": "A", "default_price_data": USD})

    with pytest.raises(stripe.PermissionError, match="'rak_plan_read'"):
        limited("rak_product_read").v1.products.list({"expand": ["data.default_price"]})
    with pytest.raises(stripe.PermissionError, match="'rak_product_read'"):
        limited("rak_plan_write").v1.prices.list({"expand": ["data.product"]})
    with pytest.raises(stripe.PermissionError, match="'rak_plan_write'"):
        limited("rak_product_write").v1.products.create({"name": "B", "default_price_data": USD})
    with pytest.raises(stripe.PermissionError, match="'rak_product_write'"):
        limited("rak_plan_write").v1.prices.create({**USD, "product_data": {"name": "B"}})


def test_nothing_is_remembered_of_a_call_that_was_forbidden(limited):
    options = {"idempotency_key": "k"}
    with pytest.raises(stripe.PermissionError):
        limited("rak_plan_write").v1.products.create({"name": "A"}, options=options)

    assert limited("rak_product_write").v1.products.create({"name": "A"}, options=options).name == "A"


def test_names_that_are_none_are_rejected(sandbox):
    for odd in (["products"], "rak_product", [3], {"rak_plan_read": True}):
        assert sandbox.raw("POST", "/_sandbox/keys", json={"key": KEY, "permissions": odd}).status_code == 400


def test_the_page_registers_a_key_and_says_what_it_may(sandbox):
    form = {"key": KEY, "permissions": "rak_product_write, rak_plan_read"}
    page = {"Accept": "text/html", "Referer": f"{sandbox.url}/_sandbox/pages/clock"}

    shown = sandbox.raw("POST", "/_sandbox/keys", data=form, headers=page)

    assert "rak_plan_read, rak_product_write" in shown.text
    assert KEY not in shown.text


def test_the_command_line_limits_the_restricted_keys_and_no_others():
    sandbox = Sandbox.start("--permissions", "rak_product_write, rak_plan_read")
    try:
        restricted = sandbox.client("rk_test_1").v1
        product = restricted.products.create({"name": "A"})
        with pytest.raises(stripe.PermissionError, match="'rak_plan_write'"):
            restricted.prices.create({"product": product.id, "currency": "usd", "unit_amount": 4900})
        assert sandbox.client("sk_test_1").v1.accounts.retrieve_current().id
    finally:
        sandbox.stop()


def test_connected_accounts_are_an_empty_list(sandbox):
    answer = sandbox.raw("GET", "/v1/accounts")

    assert answer.json() == {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"}
