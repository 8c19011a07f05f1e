"""Faults: what the client sees, what was done, what the key remembers."""

import socket
import threading

import pytest
import requests
import stripe
from stripe import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    InvalidRequestError,
    RateLimitError,
)

from stripe_sandbox.testing.process import KEY, until


def create(client, key="k", **params):
    return client.v1.products.create({"id": "course_1", "name": "Etching", **params}, options={"idempotency_key": key})


class TestNoAnswer:
    @pytest.mark.parametrize("kind", ["reset", "timeout"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_the_work_is_done_or_not_and_the_same_key_resolves_it(self, sandbox, client, kind, when):
        sandbox.fault(kind, when=when, seconds=0.01)

        with pytest.raises(APIConnectionError):
            create(client)

        assert sandbox.products() == (["course_1"] if when == "after" else [])
        call = sandbox.calls()[0]
        assert (call["status"], call["done"]) == (None, when == "after")
        assert call["fault"]["kind"] == kind
        replayed = create(client).last_response.headers.get("Idempotent-Replayed")
        assert replayed == ("true" if when == "after" else None)

    def test_late_work_is_done_by_itself(self, sandbox, client):
        sandbox.fault("reset", when="late", seconds=0.05)

        with pytest.raises(APIConnectionError):
            create(client)

        assert until(sandbox.products) == ["course_1"]
        call = sandbox.calls()[0]
        assert (call["late"], call["done"], call["status"]) == (True, True, None)

    def test_late_work_never_lands_after_a_reset(self, sandbox, client):
        sandbox.fault("late", seconds=3600)
        with pytest.raises(APIConnectionError):
            create(client)

        sandbox.control("reset", {})

        assert create(client).id == "course_1"
        assert sandbox.calls()[0]["seq"] > 0
        assert len(sandbox.products()) == 1

    def test_a_late_call_without_a_key_or_with_a_wrong_one_is_checked_when_it_lands(self, sandbox):
        sandbox.fault("late", seconds=0.01, times=2)
        for headers in ({"Authorization": "Bearer sk_test_1"}, {"Authorization": "Bearer wrong"}):
            with pytest.raises(requests.ConnectionError):
                sandbox.raw("POST", "/v1/products", data={"name": "A"}, headers=headers)

        until(lambda: len([call for call in sandbox.calls() if call["late"]]) == 2, "landing")
        assert len(sandbox.products()) == 1

    def test_a_call_cut_off_in_the_middle_of_its_body_does_nothing(self, sandbox):
        sandbox.fault("503")
        head = f"POST /v1/products HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 40\r\n"
        with socket.create_connection(sandbox.url.removeprefix("http://").split(":")) as connection:
            connection.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nname=Etch".encode())

        call = until(sandbox.calls, "the call")[0]
        assert (call["status"], call["done"], call["fault"], call["params"]) == (None, False, None, {})
        assert sandbox.products() == []


class TestServerErrors:
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_500_is_remembered_and_replayed(self, sandbox, client, when):
        sandbox.fault("500", when=when)

        with pytest.raises(APIError) as first:
            create(client)
        with pytest.raises(APIError) as second:
            create(client)

        assert first.value.http_status == second.value.http_status == 500
        assert first.value.headers.get("Stripe-Should-Retry") == "false"
        assert "Idempotent-Replayed" not in first.value.headers
        assert second.value.headers.get("Idempotent-Replayed") == "true"
        assert sandbox.products() == (["course_1"] if when == "after" else [])

    @pytest.mark.parametrize(("kind", "stored"), [("500", False), ("502", None), ("503", None)])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_one_from_the_edge_is_not(self, sandbox, client, kind, stored, when):
        sandbox.fault(kind, when=when, **({"stored": stored} if stored is not None else {}))

        with pytest.raises(APIError) as rejected:
            create(client)

        assert rejected.value.http_status == int(kind)
        assert "Stripe-Should-Retry" not in rejected.value.headers
        assert create(client).id == "course_1"

    def test_a_500_after_work_that_was_rejected_anyway(self, sandbox, client):
        create(client, "first")
        sandbox.fault("500", when="after")

        with pytest.raises(APIError) as rejected:
            create(client)

        assert rejected.value.http_status == 500

    def test_garbage_hides_an_answer(self, sandbox, client):
        sandbox.fault("garbage")
        with pytest.raises(APIError, match="Invalid response body"):
            create(client)
        assert sandbox.products() == ["course_1"]

        sandbox.fault("garbage", when="before")
        with pytest.raises(APIError, match="Invalid response body"):
            client.v1.products.delete("course_1")
        assert sandbox.products() == ["course_1"]


class TestRejections:
    def test_a_rate_limit_names_itself_and_a_lock_does_not(self, sandbox, client):
        sandbox.fault("429", reason="endpoint-concurrency")
        with pytest.raises(RateLimitError) as limited:
            create(client)
        sandbox.fault("lock")
        with pytest.raises(RateLimitError) as locked:
            create(client)

        assert limited.value.headers.get("Stripe-Rate-Limited-Reason") == "endpoint-concurrency"
        assert "Stripe-Rate-Limited-Reason" not in locked.value.headers
        assert locked.value.error.code == "lock_timeout"
        assert locked.value.headers.get("Stripe-Should-Retry") == "true"

    def test_are_those_of_keys_locks_and_conflicts(self, sandbox, client):
        sandbox.fault("401")
        with pytest.raises(AuthenticationError):
            create(client)
        sandbox.fault("403")
        with pytest.raises(stripe.PermissionError):
            create(client)
        sandbox.fault("409")
        with pytest.raises(APIError) as rejected:
            create(client)
        assert rejected.value.http_status == 409
        assert sandbox.products() == []

    def test_anything_else_by_choice_is_remembered(self, sandbox, client):
        sandbox.fault("refuse", error={"status": 402, "code": "declined", "message": "Not today.", "param": "name"})

        for _ in range(2):
            answer = sandbox.raw(
                "POST",
                "/v1/products",
                data={"name": "A"},
                headers={"Authorization": f"Bearer {KEY}", "Idempotency-Key": "k"},
            )
            assert answer.status_code == 402
            assert answer.json()["error"]["message"] == "Not today."


class TestHeld:
    def test_blocked_after_the_work_until_released(self, sandbox, client):
        sandbox.fault("block")
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(create(client)))
        waiting.start()
        until(lambda: sandbox.calls() and sandbox.calls()[0]["done"], "the work")
        assert sandbox.calls()[0]["status"] is None
        assert not answers

        sandbox.control("faults/release", {})
        waiting.join()

        assert answers[0].id == "course_1"
        assert sandbox.calls()[0]["status"] == 200

    def test_blocked_before_the_work_its_key_is_in_use(self, sandbox, client):
        sandbox.fault("block", when="before")
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(create(client)))
        waiting.start()
        until(sandbox.calls, "the call")
        with pytest.raises(APIError) as rejected:
            create(sandbox.client())
        assert rejected.value.http_status == 409
        assert sandbox.products() == []

        sandbox.control("faults/release", {})
        waiting.join()

        assert answers[0].id == "course_1"

    def test_a_client_that_goes_away_before_the_work_gets_none(self, sandbox):
        sandbox.fault("block", when="before")
        headers = {"Authorization": f"Bearer {KEY}"}
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{sandbox.url}/v1/products", data={"name": "A"}, headers=headers, timeout=(5, 0.2))

        sandbox.fault("block")
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{sandbox.url}/v1/products", data={"name": "B"}, headers=headers, timeout=(5, 0.2))

        assert len(sandbox.products()) == 1

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_slow_answers_come_after_all(self, sandbox, client, when):
        sandbox.fault("slow", when=when, seconds=0.01)

        assert create(client).id == "course_1"
        assert sandbox.calls()[0]["status"] == 200


class TestChoice:
    def hits(self, sandbox, client, count):
        seen = []
        for _ in range(count):
            try:
                client.v1.products.list()
                seen.append(".")
            except APIError:
                seen.append("x")
        return "".join(seen)

    def test_a_fault_comes_so_many_times(self, sandbox, client):
        sandbox.fault("503", times=2)
        assert self.hits(sandbox, client, 4) == "xx.."

    def test_a_fault_comes_at_every_nth_call_after_some(self, sandbox, client):
        sandbox.fault("503", times=None, every=3, skip=1)
        assert self.hits(sandbox, client, 8) == "...x..x."

    def test_a_fault_by_chance_is_the_same_for_the_same_seed(self, sandbox, client):
        runs = []
        for _ in range(2):
            sandbox.control("faults", method="DELETE")
            sandbox.fault("503", times=None, probability=0.5, seed=7)
            runs.append(self.hits(sandbox, client, 12))

        assert runs[0] == runs[1]
        assert {*runs[0]} == {".", "x"}

    def test_a_fault_is_chosen_by_method_and_path(self, sandbox, client):
        sandbox.fault("503", method="post", path="^/v1/prices$")

        assert self.hits(sandbox, client, 1) == "."
        create(client)
        with pytest.raises(APIError):
            client.v1.prices.create({"currency": "usd", "unit_amount": 1, "product": "course_1"})

    def test_they_are_listed_spent_and_removed(self, sandbox, client):
        first, second = sandbox.fault("503"), sandbox.fault("503", times=None, path="nowhere")
        self.hits(sandbox, client, 1)

        found = sandbox.control("faults")
        assert [(one["id"], one["seen"]) for one in found["faults"]] == [(second["id"], 0)]
        assert [(one["id"], one["hits"]) for one in found["spent"]] == [(first["id"], 1)]
        assert not sandbox.control(f"faults/{second['id']}", method="DELETE")["faults"]

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "fire"},
            {"kind": "429", "when": "after"},
            {"kind": "503", "target": "moon"},
            {"kind": "503", "target": "webhook"},
            {"kind": "503", "times": 0},
            {"kind": "503", "times": True},
            {"kind": "503", "path": "("},
            {"kind": "503", "probability": 2},
            {"kind": "503", "seconds": -1},
            {"kind": "429", "reason": "tired"},
            {"kind": "503", "colour": "red"},
        ],
    )
    def test_a_body_that_means_nothing_is_rejected_in_a_sentence(self, sandbox, body):
        answer = sandbox.raw("POST", "/_sandbox/faults", json=body)

        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".")

    def test_one_that_is_rejected_is_not_set(self, sandbox, client):
        sandbox.raw("POST", "/_sandbox/faults", json={"kind": "503", "times": 0})

        assert self.hits(sandbox, client, 1) == "."
        with pytest.raises(InvalidRequestError):
            client.v1.products.retrieve("nobody")
