"""What the program holds out: many events and calls, and its own defects.

In this process: a hundred thousand are too many to make, and a defect must be made.
"""

import asyncio
import json

from stripe_sandbox import calls, events
from stripe_sandbox.api import Api
from stripe_sandbox.app import StripeApi
from stripe_sandbox.fault_injection import FaultInjection
from stripe_sandbox.testing.process import in_a_thread_of_its_own
from stripe_sandbox.world import Options, World


def test_only_the_last_events_and_calls_are_kept(monkeypatch):
    for module in (events, calls):
        monkeypatch.setattr(module, "KEPT", 10)
        monkeypatch.setattr(module, "TRIM_EVERY", 5)
    world = World(Options())
    api = Api(world)
    headers = {"authorization": "Bearer sk_test_1", "content-type": "application/x-www-form-urlencoded"}

    for number in range(25):
        assert api.perform(api.open("POST", "/v1/products", "", headers, f"name={number}".encode())).status == 200

    kept = [event["data"]["object"]["name"] for event in world.store.events.find(world.default)]
    assert kept == [str(number) for number in range(24, 14, -1)]
    assert [call["seq"] for call in world.calls.since(0)] == list(range(16, 26))
    world.store.close()


def test_a_program_that_is_started_often_keeps_no_more(monkeypatch, tmp_path):
    monkeypatch.setattr(events, "KEPT", 10)
    monkeypatch.setattr(events, "TRIM_EVERY", 5)
    form = "application/x-www-form-urlencoded"

    for start in range(10):
        world = World(Options(state=str(tmp_path / "state")))
        api = Api(world)
        for number in range(3):
            headers = {
                "authorization": "Bearer sk_test_1",
                "content-type": form,
                "idempotency-key": f"{start} {number}",
            }
            assert api.perform(api.open("POST", "/v1/products", "", headers, b"name=A")).status == 200
        assert world.store.events.count(world.default) <= 10 + 5
        world.clock.advance(7 * 3600)
        world.move_clock()
        world.store.close()

    world = World(Options(state=str(tmp_path / "state")))
    assert world.store.events.count(world.default) == 10
    assert world.store.one("SELECT count(*) FROM answers")[0] == 9  # those of the last 24 hours
    world.store.close()


@in_a_thread_of_its_own
def test_a_defect_is_answered_like_one_of_stripes_and_logged(caplog):
    world, sent = World(Options()), []
    world.store.db.execute("DROP TABLE products")
    headers = [(b"authorization", b"Bearer sk_test_1")]
    scope = {"method": "GET", "path": "/v1/products", "query_string": b"", "headers": headers}

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    asyncio.run(StripeApi(world)(scope, receive, send))

    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["type"]) == (500, "api_error")
    assert [(call["status"], call["error"]) for call in world.calls.since(0)] == [(500, "api_error")]
    assert "no such table" in caplog.text
    world.store.close()


@in_a_thread_of_its_own
def test_a_defect_in_late_work_is_logged_too(caplog):
    world = World(Options())
    api = Api(world)
    faulty = FaultInjection(world, api)
    world.store.db.execute("DROP TABLE products")
    call = api.open("GET", "/v1/products", "", {"authorization": "Bearer sk_test_1"}, b"")

    asyncio.run(faulty._land(call, 0))

    [logged] = world.calls.since(0)
    assert (logged["late"], logged["status"], logged["error"]) == (True, None, "api_error")
    assert "no such table" in caplog.text
    world.store.close()
