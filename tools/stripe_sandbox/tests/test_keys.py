"""Keys, accounts and modes."""

import pytest
import stripe
from stripe import AuthenticationError, InvalidRequestError


def test_a_wrong_or_missing_key_is_a_401(sandbox):
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic !"},
        {"Authorization": "Bearer "},
    ):
        answer = sandbox.raw("GET", "/v1/products", headers=headers)
        assert answer.status_code == 401
        assert "nonsense" not in answer.text
    assert sandbox.raw("GET", "/v1/products", headers={}, auth=("sk_test_1", "")).status_code == 200


def test_a_publishable_key_is_a_403(sandbox):
    with pytest.raises(stripe.PermissionError):
        sandbox.client("pk_test_1").v1.products.list()


def test_each_mode_and_account_has_its_own_objects(sandbox, client):
    client.v1.products.create({"id": "course_1", "name": "A"})
    live, other = sandbox.client("sk_live_1"), sandbox.client("rk_test_ACCT2_1")

    assert live.v1.products.create({"id": "course_1", "name": "A"}).livemode
    assert not other.v1.products.list().data
    with pytest.raises(InvalidRequestError, match=r"No such product: 'course_1'$"):
        other.v1.products.retrieve("course_1")
    client.v1.products.create({"id": "course_2", "name": "B"})
    with pytest.raises(InvalidRequestError, match="a similar object exists in test mode, but a live mode key was used"):
        live.v1.products.retrieve("course_2")


def test_an_account_says_whose_key_it_is(sandbox, client):
    first = client.v1.accounts.retrieve_current()
    second = sandbox.client("sk_test_ACCT2_1").v1.accounts.retrieve_current()

    assert (first.object, first.country) == ("account", "US")
    assert first.id != second.id
    assert client.v1.accounts.retrieve(first.id).id == first.id
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve(second.id)
    with pytest.raises(stripe.PermissionError):
        client.v1.products.list(options={"stripe_account": second.id})


def test_keys_without_permission_are_rejected(sandbox):
    reader = sandbox.client("rk_test_READONLY_1")
    assert not reader.v1.products.list().data
    with pytest.raises(stripe.PermissionError):
        reader.v1.products.create({"name": "A"})
    with pytest.raises(stripe.PermissionError):
        sandbox.client("rk_test_NOPERM_1").v1.products.list()


def test_keys_are_registered_and_revoked(sandbox):
    key = sandbox.client("sk_test_registered")
    sandbox.control("keys", {"key": "sk_test_registered", "account": "acct_other"})
    assert key.v1.accounts.retrieve_current().id == "acct_other"

    sandbox.control("keys", {"key": "sk_test_registered", "permission": "revoked"})

    with pytest.raises(AuthenticationError):
        key.v1.products.list()
    assert sandbox.raw("POST", "/_sandbox/keys", json={"key": 3}).status_code == 400
