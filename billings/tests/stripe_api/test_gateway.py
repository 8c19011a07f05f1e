"""Each verdict over real HTTP: what resolves a request, what is repeated, and what a person must fix."""

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
import stripe

from billings.horizons import call_seconds
from billings.models import Trouble
from billings.stripe_api import gateway
from billings.stripe_api.gateway import Indeterminate, ReadFailed, Rejected, Succeeded, Unanswered, Verdict
from tools.testing.sandbox import Sandbox
from tools.testing.scripted_server import Scripted, nobody, serving

PATIENT, HASTY = 20.0, 0.3
_keys = count(1)


@pytest.fixture(autouse=True)
def new_connection(monkeypatch) -> Iterator[None]:
    """No test takes over another's connection; its own is closed afterwards."""
    monkeypatch.setattr(gateway, "_threads", threading.local())
    yield
    if session := getattr(gateway._threads, "session", None):
        session.close()


@pytest.fixture
def scripted(settings) -> Any:
    """Starts a server that answers by script, which the portal takes for Stripe."""
    servers = []

    def start(**script: Any) -> Scripted:
        server = serving(**script)
        servers.append(server)
        started = server.__enter__()
        settings.STRIPE_API_BASE = started.url
        return started

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def a_key() -> str:
    return f"key-{next(_keys)}"


def post(key: str = "", seconds: float = PATIENT, **params: Any) -> Verdict:
    return gateway.post("/v1/products", {"name": "Watercolour"} | params, key=key or a_key(), seconds=seconds)


def read(product_id: str = "course_1") -> gateway.Snapshot:
    return gateway.read(product_id, seconds=lambda: PATIENT)


class TestAPost:
    def test_that_stripe_carries_out_is_accepted(self, sandbox):
        verdict = post(id="course_1")

        assert isinstance(verdict, Succeeded)
        assert (verdict.data["id"], verdict.status) == ("course_1", 200)
        assert verdict.request_id == sandbox.calls()[-1]["request_id"]

    def test_is_sent_under_the_key_it_was_given(self, sandbox):
        post(key="ours")

        assert sandbox.calls()[-1]["idempotency_key"] == "ours"

    def test_repeated_under_its_key_does_nothing_more(self, sandbox):
        first, second = post(key="same"), post(key="same")

        assert isinstance(first, Succeeded)
        assert isinstance(second, Succeeded)
        assert first.data == second.data
        assert len(sandbox.products()) == 1

    def test_with_a_value_that_stripe_rejects_is_rejected_with_its_words(self, sandbox):
        verdict = post(name="x" * 6000)

        assert isinstance(verdict, Rejected)
        assert (verdict.status, verdict.param) == (400, "name")
        assert verdict.message.startswith("Invalid string")
        assert verdict.request_id == sandbox.calls()[-1]["request_id"]

    def test_with_an_id_that_is_taken_is_rejected_with_a_code(self, sandbox):
        post(id="course_1")

        verdict = post(id="course_1")

        assert isinstance(verdict, Rejected)
        assert verdict.code == "resource_already_exists"

    def test_to_what_is_not_there_is_rejected(self, sandbox):
        verdict = gateway.post("/v1/products/course_9", {"name": "x"}, key=a_key(), seconds=PATIENT)

        assert isinstance(verdict, Rejected)
        assert (verdict.status, verdict.code) == (404, "resource_missing")

    @pytest.mark.parametrize("status", [400, 402, 404])
    def test_is_rejected_by_exactly_these_statuses(self, sandbox, status):
        sandbox.fault("refuse", error={"status": status, "message": "No.", "code": "no", "param": "name"})

        verdict = post()

        assert isinstance(verdict, Rejected)
        assert (verdict.status, verdict.code, verdict.param, verdict.message) == (status, "no", "name", "No.")

    @pytest.mark.parametrize("status", [405, 413, 422, 451])
    def test_that_something_before_stripe_rejects_is_repeated(self, sandbox, status):
        sandbox.fault("refuse", error={"status": status, "message": "No."})

        assert trouble_of(post()) == Trouble.FAILING

    def test_under_the_key_of_another_request_is_indeterminate(self, sandbox):
        """Whatever that other call was: this key says nothing of ours."""
        post(key="same", name="one")

        verdict = post(key="same", name="other")

        assert isinstance(verdict, Indeterminate)
        assert verdict.status == 400


def trouble_of(verdict: Verdict) -> Trouble:
    assert isinstance(verdict, Unanswered), verdict
    return verdict.trouble


class TestNoVerdict:
    @pytest.mark.parametrize(
        ("fault", "trouble", "status"),
        [
            ({"kind": "401"}, Trouble.KEY, 401),
            ({"kind": "403"}, Trouble.PERMISSION, 403),
            ({"kind": "409"}, Trouble.BUSY, 409),
            ({"kind": "lock"}, Trouble.BUSY, 429),
            ({"kind": "429"}, Trouble.RATE_LIMITED, 429),
            ({"kind": "429", "reason": "endpoint-concurrency"}, Trouble.RATE_LIMITED, 429),
            ({"kind": "500", "stored": False}, Trouble.FAILING, 500),
            ({"kind": "500", "stored": True}, Trouble.FAILING, 500),
            ({"kind": "502"}, Trouble.FAILING, 502),
            ({"kind": "503", "when": "after"}, Trouble.FAILING, 503),
        ],
    )
    def test_keeps_why_and_the_requests_id(self, sandbox, fault, trouble, status):
        sandbox.fault(**fault)

        verdict = post()

        assert trouble_of(verdict) == trouble
        assert isinstance(verdict, Unanswered)
        assert verdict.status == status
        # Stripe does not number what it rejects at the gate.
        assert verdict.request_id == ("" if status == 401 else sandbox.calls()[-1]["request_id"])

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_is_what_a_connection_that_is_reset_leaves(self, sandbox, when):
        sandbox.fault("reset", when=when)

        assert trouble_of(post()) == Trouble.UNREACHABLE

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_is_what_an_answer_that_takes_too_long_leaves(self, sandbox, when):
        sandbox.fault("timeout", when=when)

        assert trouble_of(post(seconds=HASTY)) == Trouble.SLOW

    def test_is_what_an_address_where_nobody_listens_leaves(self, settings):
        with nobody() as url:
            settings.STRIPE_API_BASE = url
            assert trouble_of(post()) == Trouble.UNREACHABLE

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_in_an_answer_that_is_no_json(self, sandbox, when):
        sandbox.fault("garbage", when=when)

        assert trouble_of(post()) == Trouble.FAILING

    @pytest.mark.parametrize(
        "script",
        [
            {"body": b"{}"},
            {"body": b"[]"},
            {"body": b'"fine"'},
            {"body": b"null"},
            {"body": b"<html>Sign in to the guest network</html>"},
            {"body": b"\xff\xfe"},
            {"body": b'{"id": "prod_1", "obj', "promised": 300},
            {"body": b"<html>Bad gateway</html>", "status": 502},
            {"body": b"<html>Forbidden by the firewall</html>", "status": 403},
            {"body": b"<html>Too large</html>", "status": 400},
        ],
        ids=lambda script: script["body"][:12].decode("latin-1") + str(script.get("status", "")),
    )
    def test_in_the_words_of_something_that_is_not_stripe(self, scripted, script):
        scripted(**script)

        assert trouble_of(post()) in (Trouble.FAILING, Trouble.UNREACHABLE)

    def test_is_repeated_by_nobody_but_converge(self, scripted):
        server = scripted(body=b"{}", status=503, headers={"Stripe-Should-Retry": "true"})

        post()

        assert len(server.requests) == 1


class TestAFailureFromStripesMemory:
    def test_is_indeterminate_for_ever(self, sandbox):
        sandbox.fault("500", stored=True, when="after")
        assert trouble_of(post(key="same")) == Trouble.FAILING

        verdict = post(key="same")

        assert isinstance(verdict, Indeterminate)
        assert verdict.status == 500
        assert len(sandbox.products()) == 1

    def test_is_none_where_stripe_forgot(self, sandbox):
        sandbox.fault("500", stored=False)
        post(key="same")

        assert isinstance(post(key="same"), Succeeded)


class TestARead:
    @pytest.fixture
    def product(self, sandbox: Sandbox) -> dict[str, Any]:
        return sandbox.dashboard(
            "products", id="course_1", name="Watercolour", default_price_data={"unit_amount": 4900, "currency": "usd"}
        )

    def test_brings_the_product_and_its_prices_of_both_kinds(self, product, sandbox):
        other = sandbox.dashboard("prices", product="course_1", unit_amount=5900, currency="usd")
        sandbox.dashboard(f"prices/{other['id']}/archive")
        sandbox.dashboard("products", id="course_2", name="Not ours")

        snapshot = read()

        assert snapshot.product
        assert snapshot.product["id"] == "course_1"
        assert {price["id"]: price["active"] for price in snapshot.prices} == {
            product["default_price"]: True,
            other["id"]: False,
        }

    def test_of_nothing_is_empty(self, sandbox):
        assert read() == gateway.Snapshot(None, ())

    def test_of_a_product_that_was_deleted_is_empty(self, scripted):
        scripted(body=b'{"id": "course_1", "object": "product", "deleted": true}')

        assert read() == gateway.Snapshot(None, ())

    def test_of_a_product_that_goes_between_its_calls_has_no_prices(self, product, sandbox):
        gone = {"status": 400, "message": "No such product: 'course_1'", "code": "resource_missing"}
        sandbox.fault("refuse", path="prices", error=gone, times=2)

        assert read().prices == ()

    def test_asks_before_each_call_how_long_it_may_take(self, product):
        given = iter([PATIENT, PATIENT, PATIENT])

        gateway.read("course_1", seconds=lambda: next(given))

        assert list(given) == []

    @pytest.mark.parametrize("nth", [1, 2, 3])
    @pytest.mark.parametrize(
        ("fault", "trouble"),
        [
            ({"kind": "401"}, Trouble.KEY),
            ({"kind": "403"}, Trouble.PERMISSION),
            ({"kind": "429"}, Trouble.RATE_LIMITED),
            ({"kind": "503"}, Trouble.FAILING),
            ({"kind": "garbage"}, Trouble.FAILING),
            ({"kind": "reset"}, Trouble.UNREACHABLE),
            ({"kind": "refuse", "error": {"status": 400, "message": "No."}}, Trouble.FAILING),
        ],
        ids=lambda value: value.get("kind") if isinstance(value, dict) else "",
    )
    def test_that_fails_anywhere_brings_nothing(self, product, sandbox, nth, fault, trouble):
        sandbox.fault(**fault, skip=nth - 1)

        with pytest.raises(ReadFailed) as failed:
            read()

        assert failed.value.unanswered.trouble == trouble

    def test_of_a_proxys_page_brings_nothing(self, scripted):
        scripted(body=b"{}")

        with pytest.raises(ReadFailed):
            read()

    def test_of_an_account_that_is_not_there_brings_nothing(self, scripted):
        scripted(status=404, body=b'{"error": {"code": "resource_missing", "message": "No account."}}')

        with pytest.raises(ReadFailed):
            gateway.account_id(seconds=PATIENT)


class TestTheConnection:
    def test_is_one_for_many_calls(self, scripted):
        server = scripted()

        for _ in range(5):
            post()

        assert (server.connections, len(server.requests)) == (1, 5)

    def test_is_every_threads_own(self, scripted):
        server = scripted()
        post()

        other = threading.Thread(target=close_after_a_post)
        other.start()
        other.join()
        post()

        assert (server.connections, len(server.requests)) == (2, 3)

    def test_that_the_server_closed_while_it_was_idle_is_made_again(self, scripted):
        scripted(headers={"Connection": "close"})

        assert [type(post()) for _ in range(3)] == [Succeeded] * 3

    def test_says_which_version_of_the_api_it_speaks(self, scripted):
        server = scripted()

        post()

        (headers,) = server.requests
        assert headers["stripe-version"] == gateway.API_VERSION
        assert headers["authorization"] == "Bearer sk_test_sandbox_tests"

    def test_speaks_the_version_that_the_library_was_made_for(self):
        """Raising the library is when someone reads what changed."""
        assert stripe.api_version == gateway.API_VERSION

    def test_follows_a_key_that_was_changed(self, scripted, settings):
        server = scripted()
        post()

        settings.STRIPE_SECRET_KEY = "sk_test_another"
        post()

        assert [headers["authorization"] for headers in server.requests] == [
            "Bearer sk_test_sandbox_tests",
            "Bearer sk_test_another",
        ]


def close_after_a_post() -> None:
    post()
    session: requests.Session = gateway._threads.session
    session.close()


class TestTheLongestACallMayTake:
    def test_is_the_connecting_and_the_waiting(self):
        assert call_seconds(20) == gateway.CONNECT_SECONDS + 20

    def test_of_a_short_one_waits_no_longer_to_connect(self):
        assert call_seconds(1) == 2
