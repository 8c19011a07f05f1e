"""Keys: replayed, rejected for something else, dead after a day."""

import pytest
from stripe import APIConnectionError, APIError, IdempotencyError, InvalidRequestError, RateLimitError

from stripe_sandbox.testing.process import until


def create(client, key, **params):
    return client.v1.products.create({"name": "Etching", **params}, options={"idempotency_key": key})


def test_the_first_answer_is_replayed(sandbox, client):
    first, second = create(client, "k"), create(client, "k")

    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert len(sandbox.products()) == 1
    assert [(call["done"], call["replayed"]) for call in sandbox.calls()] == [(True, False), (False, True)]


def test_other_parameters_or_another_address_are_rejected(client):
    product = create(client, "k")

    with pytest.raises(IdempotencyError, match="same parameters"):
        create(client, "k", description="Copper")
    with pytest.raises(IdempotencyError, match="same endpoint"):
        client.v1.products.update(product.id, {"name": "Etching"}, options={"idempotency_key": "k"})


def test_a_rejection_by_the_operation_is_replayed_even_when_it_would_work_now(client):
    create(client, "first", id="course_1")
    with pytest.raises(InvalidRequestError):
        create(client, "k", id="course_1")
    client.v1.products.delete("course_1")

    with pytest.raises(InvalidRequestError) as rejected:
        create(client, "k", id="course_1")

    assert rejected.value.headers.get("Idempotent-Replayed") == "true"


def test_parameters_that_fail_validation_are_not_remembered(client):
    with pytest.raises(InvalidRequestError):
        create(client, "k", colour="red")

    assert create(client, "k").name == "Etching"


@pytest.mark.parametrize("kind", ["429", "lock", "409", "401", "403"])
def test_what_is_checked_before_the_memory_is_not_remembered(sandbox, client, kind):
    sandbox.fault(kind)
    with pytest.raises(Exception, match=r".") as rejected:
        create(client, "k")
    assert "Idempotent-Replayed" not in rejected.value.headers

    assert create(client, "k").name == "Etching"


def test_a_key_lives_for_a_day_of_the_sandboxs_clock(sandbox, client):
    first = create(client, "k")
    sandbox.control("clock", {"advance": 24 * 3600 - 60})
    assert create(client, "k").id == first.id

    sandbox.control("clock", {"advance": 120})

    assert create(client, "k").id != first.id


def test_keys_of_another_account_or_mode_are_others(sandbox, client):
    first = create(client, "k")

    assert create(sandbox.client("sk_test_ACCT2_x"), "k").id != first.id
    assert create(sandbox.client("sk_live_x"), "k").id != first.id


def test_a_key_is_not_too_long_and_nothing_for_a_get(sandbox, client):
    with pytest.raises(IdempotencyError, match="can be up to 255 characters long"):
        create(client, "k" * 256)
    empty = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": ""}
    rejected = sandbox.raw("POST", "/v1/products", headers=empty, data={"name": "A"})
    assert rejected.json()["error"]["message"] == "Idempotency Key must be a non-empty string."

    headers = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": "k"}
    answers = [sandbox.raw("GET", "/v1/products", headers=headers) for _ in range(2)]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, None]


def test_while_the_first_is_at_work_its_key_answers_409(sandbox, client):
    sandbox.fault("late", seconds=3600)
    with pytest.raises(APIConnectionError):
        create(client, "k", id="course_1")

    with pytest.raises(APIError) as rejected:
        create(client, "k", id="course_1")
    assert (rejected.value.http_status, rejected.value.error.code) == (409, "idempotency_key_in_use")
    assert sandbox.products() == []

    sandbox.control("faults/release", {})
    until(sandbox.products, "the late product")
    assert create(client, "k", id="course_1").last_response.headers["Idempotent-Replayed"] == "true"


def test_rate_limits_in_all_and_for_an_endpoint(sandbox, client):
    sandbox.control("settings", {"rate_limit_endpoint": 1})

    def rejected():
        try:
            client.v1.products.list()
        except RateLimitError as error:
            return error
        return None

    error = until(rejected, "a 429")
    assert error.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert error.error.code == "rate_limit"

    sandbox.control("settings", {"rate_limit_endpoint": None, "rate_limit_total": 1})
    assert until(rejected, "a 429").headers["Stripe-Rate-Limited-Reason"] == "global-rate"


def test_what_one_limit_rejected_counts_for_no_other(sandbox, client):
    sandbox.control("settings", {"rate_limit_endpoint": 1, "rate_limit_total": 2})

    def reason(call):
        try:
            call()
        except RateLimitError as error:
            return (error.headers or {})["Stripe-Rate-Limited-Reason"]
        return "none"

    def of_one_second():
        reasons = [reason(call) for call in (client.v1.products.list, client.v1.products.list, client.v1.prices.list)]
        return reasons if reasons[:2] == ["none", "endpoint-rate"] else None

    assert until(of_one_second)[2] == "none"
