"""The process: start, end, state file."""

import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import requests
import stripe
from stripe import APIConnectionError, AuthenticationError

from stripe_sandbox.testing.process import KEY, PATIENCE, Sandbox, command, until


@pytest.fixture
def start():
    started = []

    def begin(*options):
        started.append(Sandbox.start(*options))
        return started[-1]

    yield begin
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.stop()


def rejected(*options, **environment):
    wanted = command(*options)
    wanted["env"] |= environment
    done = subprocess.run(**wanted, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_though_a_connection_is_open(start, number):
    sandbox = start()
    with socket.create_connection(sandbox.url.removeprefix("http://").split(":")) as connection:
        connection.sendall(b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 401"
        sandbox.process.send_signal(number)
        assert sandbox.process.wait(PATIENCE) == 0


def test_it_ends_while_someone_waits_and_late_work_is_lost(start, tmp_path):
    sandbox = start("--state", str(tmp_path / "state"))
    sandbox.fault("late", seconds=3600)
    with pytest.raises(APIConnectionError):
        sandbox.client().v1.products.create({"name": "A"})
    sandbox.fault("block", when="before")
    with socket.create_connection(sandbox.url.removeprefix("http://").split(":")) as connection:
        connection.sendall(b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: len(sandbox.calls()) == 2, "the call")
        assert sandbox.stop() == 0

    assert start("--state", str(tmp_path / "state")).products() == []


def test_what_was_answered_survives_a_kill(start, tmp_path):
    sandbox = start("--state", str(tmp_path / "state"))
    first = sandbox.client().v1.products.create({"name": "A"}, options={"idempotency_key": "k"})
    sandbox.control("clock", {"advance": 3600})
    sandbox.control("settings", {"deleted_ids": "taken"})
    sandbox.kill()

    sandbox = start("--state", str(tmp_path / "state"))

    again = sandbox.client().v1.products.create({"name": "A"}, options={"idempotency_key": "k"})
    assert again.id == first.id
    assert [call["replayed"] for call in sandbox.calls()] == [False, True]
    assert len(sandbox.client().v1.events.list().data) == 1
    assert sandbox.control("settings")["deleted_ids"] == "taken"
    assert round(sandbox.control("clock")["offset"]) == 3600


def test_a_clock_that_an_older_program_moved_too_far_goes_right_again(start, tmp_path):
    start("--state", str(tmp_path / "state")).stop()
    with closing(sqlite3.connect(tmp_path / "state")) as state, state:
        state.execute("INSERT OR REPLACE INTO settings VALUES ('clock_offset', '1e300')")

    sandbox = start("--state", str(tmp_path / "state"))

    assert sandbox.control("clock")["offset"] == 0
    assert sandbox.client().v1.products.create({"name": "A"}).created


def test_a_delivery_outlives_a_kill(start, tmp_path, receiver):
    options = ("--state", str(tmp_path / "state"), "--webhook-url", receiver.url, "--webhook-secret", "whsec_1,whsec_2")
    sandbox = start(*options)
    sandbox.fault("delay", target="webhook", seconds=3600)
    sandbox.client().v1.products.create({"name": "A"})
    sandbox.kill()

    start(*options).control("webhooks/hurry", {})

    receiver.wait(1)
    assert receiver.got[0][0].count("v1=") == 2


def test_a_second_one_on_the_same_file_or_port_is_rejected(start, tmp_path):
    sandbox = start("--state", str(tmp_path / "state"))
    port = sandbox.url.rpartition(":")[2]

    assert "another sandbox has it" in rejected("--state", str(tmp_path / "state"))
    (tmp_path / "other").write_text("This is no state file, and long enough to be seen as none. " * 50)
    assert "no state file" in rejected("--state", str(tmp_path / "other"))
    assert "folder is missing" in rejected("--state", str(tmp_path / "nowhere" / "state"))
    taken = rejected("--port", port)
    assert taken == f"The Stripe sandbox cannot use port {port}: another program has it.\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "this machine only"),
        (["--host", "example.com"], "this machine only"),
        (["--port", "70000"], "port 70000"),
        (["--webhook-url", "http://127.0.0.1:9/"], "--webhook-secret"),
        (["--webhook-url", "http://a..b/", "--webhook-secret", "whsec_1"], "--webhook-url must be an address"),
        (["--webhook-url", "127.0.0.1:8000", "--webhook-secret", "whsec_1"], "--webhook-url must be an address"),
        (["--secret-key", "nonsense"], "sk_test_"),
    ],
)
def test_a_start_that_cannot_be_says_why_in_one_sentence(options, said):
    error = rejected(*options)

    assert said in error
    assert error.count("\n") == 1


def test_only_the_key_that_was_given_is_taken_also_from_the_environment(start):
    sandbox = start("--secret-key", "sk_live_mine")
    assert sandbox.client("sk_live_mine").v1.products.create({"name": "A"}).livemode
    assert len(sandbox.products()) == 1
    with pytest.raises(AuthenticationError):
        sandbox.client(KEY).v1.products.list()
    sandbox.control("keys", {"key": KEY})
    assert not sandbox.client(KEY).v1.products.list().data

    assert "sk_test_" in rejected(STRIPE_SECRET_KEY="nonsense")


@pytest.mark.parametrize(("key", "total"), [("sk_test_mine", 25), ("sk_live_mine", 100)])
def test_rate_limits_are_stripes_also_after_a_reset(start, key, total):
    sandbox = start("--rate-limits", "--secret-key", key)
    for _ in range(2):
        settings = sandbox.control("settings")
        assert (settings["rate_limit_total"], settings["rate_limit_endpoint"]) == (total, 25)
        sandbox.control("settings", {"rate_limit_total": None})
        sandbox.control("reset", {})


def test_after_a_reset_the_endpoint_is_as_at_the_start(start, receiver):
    sandbox = start("--webhook-url", receiver.url, "--webhook-secret", "whsec_1")
    [endpoint] = sandbox.control("webhooks")["endpoints"]
    sandbox.control(f"dashboard/webhook_endpoints/{endpoint['id']}/roll", {"secret": "whsec_2"})
    sandbox.client().v1.webhook_endpoints.update(endpoint["id"], {"disabled": True, "metadata": {"a": "1"}})
    for _ in range(2):
        sandbox.control("reset", {})
        [again] = sandbox.control("webhooks")["endpoints"]
        assert again | {"created": 0} == endpoint | {"created": 0}
        sandbox.client().v1.webhook_endpoints.delete(endpoint["id"])

    sandbox.control("reset", {})
    sandbox.client().v1.products.create({"name": "A"})
    receiver.wait(1)
    assert stripe.Webhook.construct_event(receiver.got[0][1], receiver.got[0][0], "whsec_1")


def test_it_listens_on_ipv6_too(start):
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    sandbox = start("--host", "::1")

    assert requests.get(f"{sandbox.url}/_sandbox/clock", timeout=PATIENCE).status_code == 200
