"""Events and calls are kept to the last so many. In this process: a hundred thousand are too many to make."""

from billings.sandbox import calls, events
from billings.sandbox.api import Api
from billings.sandbox.world import Options, World


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
