"""Webhooks at a real endpoint: signed, retried, rotated, and wrong when asked to be."""

import asyncio

import pytest
import stripe
from stripe import InvalidRequestError, SignatureVerificationError

from stripe_sandbox.sender import THREADS
from stripe_sandbox.testing.process import PATIENCE, in_a_thread_of_its_own, until
from stripe_sandbox.world import Options, World


@pytest.fixture
def endpoint(client, receiver):
    return client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})


def verified(receiver, secret, number=-1):
    signature, body = receiver.got[number]
    return stripe.Webhook.construct_event(body, signature, secret)


def deliveries(sandbox):
    return sandbox.control("webhooks")["deliveries"]


def test_events_are_sent_signed(client, endpoint, receiver):
    product = client.v1.products.create({"name": "Etching"})
    receiver.wait(1)

    event = verified(receiver, endpoint.secret)
    assert (event.type, event.data.object.id) == ("product.created", product.id)
    assert event.request.id == product.last_response.headers["Request-Id"]
    with pytest.raises(SignatureVerificationError):
        verified(receiver, "whsec_another")


def test_only_the_events_asked_for(client, receiver):
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["price.created"]})

    client.v1.products.create({"name": "Etching", "default_price_data": {"currency": "usd", "unit_amount": 1}})

    assert receiver.wait(1)[0]["type"] == "price.created"


def test_without_an_endpoint_nothing_waits(sandbox, client):
    client.v1.products.create({"name": "Etching"})

    assert deliveries(sandbox) == []
    assert client.v1.events.list({"delivery_success": True}).data
    assert not client.v1.events.list({"delivery_success": False}).data


def test_a_failed_one_is_sent_again_when_its_time_has_come(sandbox, client, endpoint, receiver):
    receiver.answers += [500, 302]
    sandbox.control("settings", {"webhook_retries": [3600, 7200]})
    client.v1.products.create({"name": "Etching"})
    until(lambda: deliveries(sandbox)[0]["state"] == "retrying", "the failure")
    missed = client.v1.events.list({"delivery_success": False}).data
    assert [event.pending_webhooks for event in missed] == [1]

    sandbox.control("clock", {"advance": 3601})
    until(lambda: deliveries(sandbox)[0]["attempts"] == 2, "the second attempt")
    sandbox.control("webhooks/hurry", {})
    until(lambda: deliveries(sandbox)[0]["state"] == "delivered", "the third attempt")

    assert len({event["id"] for event in receiver.events()}) == 1
    assert not client.v1.events.list({"delivery_success": False}).data
    assert client.v1.events.retrieve(missed[0].id).pending_webhooks == 0


def test_one_that_never_gets_through_is_given_up_and_can_be_sent_again_by_hand(sandbox, client, endpoint, receiver):
    receiver.answers += [500]
    sandbox.control("settings", {"webhook_retries": []})
    client.v1.products.create({"name": "Etching"})
    until(lambda: deliveries(sandbox)[0]["state"] == "failed", "giving up")
    event = client.v1.events.list({"delivery_success": False}).data[0]
    assert event.pending_webhooks == 0

    assert sandbox.control("webhooks/resend", {"event": event.id})["deliveries"] == 1

    until(lambda: deliveries(sandbox)[0]["state"] == "delivered", "the delivery")


def test_one_sent_again_by_hand_while_it_is_under_way_is_sent_once_more(sandbox, client, endpoint, receiver):
    sandbox.fault("forge", target="webhook")
    receiver.open.clear()
    client.v1.products.create({"name": "Etching"})
    event = receiver.wait(1)[0]["id"]

    assert sandbox.control("webhooks/resend", {"event": event})["deliveries"] == 1
    receiver.open.set()

    receiver.wait(2)
    until(lambda: deliveries(sandbox)[0]["state"] == "delivered", "the delivery")
    assert len(receiver.got) == 2
    assert verified(receiver, endpoint.secret).id == event


def test_an_answer_from_before_a_reset_says_nothing_about_what_came_after(sandbox, client, endpoint, receiver):
    receiver.open.clear()
    client.v1.products.create({"name": "Etching"})
    receiver.wait(1)

    sandbox.control("reset", {})
    other = client.v1.webhook_endpoints.create({"url": receiver.url + "2", "enabled_events": ["*"]})
    sandbox.fault("delay", target="webhook", seconds=3600)
    client.v1.products.create({"name": "Drypoint"})
    receiver.open.set()
    client.v1.products.create({"name": "Aquatint"})  # behind the old answer
    receiver.wait(2)
    until(lambda: deliveries(sandbox)[0]["state"] == "delivered", "the third")

    delayed = deliveries(sandbox)[1]
    assert (delayed["endpoint"], delayed["state"], delayed["attempts"]) == (other.id, "waiting", 0)


def test_a_new_timeout_reaches_connections_that_are_open(sandbox, client, endpoint, receiver):
    sandbox.control("settings", {"webhook_timeout": 300})
    receiver.open.clear()
    for number in range(THREADS):  # each waits on a connection of its own
        client.v1.products.create({"name": f"Etching {number}"})
    receiver.wait(THREADS)
    receiver.open.set()
    until(lambda: {one["state"] for one in deliveries(sandbox)} == {"delivered"}, "every delivery")

    sandbox.control("settings", {"webhook_timeout": 0.05})
    receiver.open.clear()
    client.v1.products.create({"name": "Drypoint"})

    until(lambda: deliveries(sandbox)[0]["state"] == "retrying", "giving up")
    assert "timed out" in deliveries(sandbox)[0]["answer"]


def test_nobody_listening_is_a_failure_with_its_reason(sandbox, client, endpoint, receiver):
    receiver.close()
    client.v1.products.create({"name": "Etching"})

    failed = until(lambda: [one for one in deliveries(sandbox) if one["state"] == "retrying"], "the failure")
    assert "refused" in failed[0]["answer"]


def test_while_a_secret_is_rolled_both_sign(sandbox, client, endpoint, receiver):
    new = sandbox.control(
        f"dashboard/webhook_endpoints/{endpoint.id}/roll", {"secret": "whsec_new", "expires_in": 3600}
    )
    client.v1.products.create({"name": "Etching"})
    receiver.wait(1)
    assert new["secret"] == "whsec_new"
    assert verified(receiver, "whsec_new").id == verified(receiver, endpoint.secret).id

    sandbox.control("clock", {"advance": 3601})
    client.v1.products.create({"name": "Drypoint"})
    receiver.wait(2)

    assert verified(receiver, "whsec_new")
    with pytest.raises(SignatureVerificationError):
        verified(receiver, endpoint.secret)


def test_there_are_at_most_sixteen_endpoints(client):
    for _ in range(16):
        client.v1.webhook_endpoints.create({"url": "https://example.com/hook", "enabled_events": ["*"]})

    with pytest.raises(InvalidRequestError, match="You have reached the maximum of 16 test webhook endpoints"):
        client.v1.webhook_endpoints.create({"url": "https://example.com/hook", "enabled_events": ["*"]})


def test_an_odd_address_fails_alone(sandbox, client, endpoint, receiver):
    odd = f"{receiver.url}&gr%C3%BC%C3%9Fe=%E2%9C%93"
    for url in (*["http://b%C3%BCcher.invalid/%C3%BC"] * 9, "http://user:secret@127.0.0.1:1/", odd):
        client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})

    for number in range(3):
        client.v1.products.create({"name": f"Etching {number}"})

    receiver.wait(6)
    until(lambda: not [one for one in deliveries(sandbox) if one["state"] == "waiting"], "every attempt")
    states = [one["state"] for one in deliveries(sandbox)]
    assert (states.count("delivered"), states.count("retrying")) == (6, 30)


@in_a_thread_of_its_own
def test_one_that_cannot_even_be_sent_does_not_hold_up_the_others(monkeypatch, receiver):
    world = World(Options(webhook_url=receiver.url, webhook_secrets=("whsec_1",)))
    sign, broken = world.webhooks._signature, ["one"]

    def breaks_once(*given):
        if broken:
            raise RuntimeError(broken.pop())
        return sign(*given)

    monkeypatch.setattr(world.webhooks, "_signature", breaks_once)

    async def send_both():
        for name in ("first", "second"):
            world.context(world.default).emit(name, {})
        running = asyncio.ensure_future(world.webhooks.run())
        while "waiting" in [one["state"] for one in world.webhooks.as_json(2)]:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(asyncio.wait_for(send_both(), PATIENCE))

    assert [one["state"] for one in world.webhooks.as_json(2)] == ["delivered", "retrying"]
    world.store.close()


class TestFaults:
    def make(self, sandbox, client, kind, **how):
        sandbox.fault(kind, target="webhook", **how)
        return client.v1.products.create({"name": "Etching"})

    def test_a_doubled_event_comes_twice(self, sandbox, client, endpoint, receiver):
        self.make(sandbox, client, "double")

        first, second = receiver.wait(2)
        assert first["id"] == second["id"]

    def test_a_delayed_event_comes_after_later_ones(self, sandbox, client, endpoint, receiver):
        self.make(sandbox, client, "delay", seconds=3600)
        client.v1.products.create({"name": "Drypoint"})
        assert receiver.wait(1)[0]["data"]["object"]["name"] == "Drypoint"

        sandbox.control("clock", {"advance": 3601})

        assert receiver.wait(2)[1]["data"]["object"]["name"] == "Etching"

    def test_shuffled_events_come_in_another_order(self, sandbox, client, endpoint, receiver):
        sandbox.fault("shuffle", target="webhook", times=None, seed=3, seconds=3600)
        for number in range(6):
            client.v1.products.create({"name": str(number)})
        order = [one["event"] for one in sorted(deliveries(sandbox), key=lambda one: one["due"])]

        sandbox.control("clock", {"advance": 3601})

        receiver.wait(6)
        assert sorted(order) == sorted(event["id"] for event in receiver.events())
        made = [event.id for event in client.v1.events.list().data][::-1]
        assert order != made

    def test_a_dropped_event_can_still_be_found(self, sandbox, client, endpoint, receiver):
        dropped = self.make(sandbox, client, "drop", type="^product")
        client.v1.products.create({"name": "Drypoint"})

        assert receiver.wait(1)[0]["data"]["object"]["name"] == "Drypoint"
        until(lambda: len(client.v1.events.list({"delivery_success": False}).data) == 1, "the one missed")
        assert client.v1.events.list({"delivery_success": False}).data[0].data.object.id == dropped.id

    def test_a_vanished_event_leaves_no_trace(self, sandbox, client, endpoint, receiver):
        self.make(sandbox, client, "vanish")

        assert not client.v1.events.list().data
        assert deliveries(sandbox) == []

    def test_a_forged_signature_is_right_the_next_time(self, sandbox, client, endpoint, receiver):
        receiver.answers += [400]
        sandbox.control("settings", {"webhook_retries": [0]})
        self.make(sandbox, client, "forge")

        receiver.wait(2)
        with pytest.raises(SignatureVerificationError, match="No signatures found matching"):
            verified(receiver, endpoint.secret, 0)
        assert verified(receiver, endpoint.secret, 1)

    def test_a_stale_event_is_older_than_its_signature_may_be(self, sandbox, client, endpoint, receiver):
        self.make(sandbox, client, "stale", seconds=600)

        receiver.wait(1)
        with pytest.raises(SignatureVerificationError, match="tolerance"):
            verified(receiver, endpoint.secret)


class TestEndpoints:
    def test_the_secret_is_told_once(self, client, endpoint):
        assert endpoint.secret.startswith("whsec_")
        assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id).to_dict()

    def test_they_are_listed_changed_and_deleted(self, client, endpoint, receiver):
        changes = {"disabled": True, "metadata": {"a": "1"}, "description": "Mine", "url": receiver.url + "2"}
        changed = client.v1.webhook_endpoints.update(endpoint.id, {**changes, "enabled_events": ["product.created"]})
        assert (changed.status, changed.description, changed.metadata["a"]) == ("disabled", "Mine", "1")
        assert [one.id for one in client.v1.webhook_endpoints.list().data] == [endpoint.id]

        client.v1.products.create({"name": "Etching"})
        client.v1.webhook_endpoints.delete(endpoint.id)

        with pytest.raises(InvalidRequestError):
            client.v1.webhook_endpoints.retrieve(endpoint.id)
        assert receiver.got == []

    def test_deliveries_to_a_deleted_one_are_given_up(self, sandbox, client, endpoint, receiver):
        sandbox.fault("delay", target="webhook", seconds=60)
        client.v1.products.create({"name": "Etching"})
        client.v1.webhook_endpoints.delete(endpoint.id)

        sandbox.control("webhooks/hurry", {})

        until(lambda: deliveries(sandbox)[0]["state"] == "failed", "giving up")

    def test_an_address_must_be_one_and_https_in_live_mode(self, sandbox, client):
        odd = ["nowhere", "http://", "http://a..b/", f"http://{'a' * 70}.invalid/", "http://a:99999/", "http://a b/"]
        for one, url in ((sandbox.client("sk_live_1"), "http://example.com/"), *((client, url) for url in odd)):
            with pytest.raises(InvalidRequestError) as rejected:
                one.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})
            assert rejected.value.code == "url_invalid"
