"""Thin events: what is posted, that the library reads it, and that what it leads to is there."""

import stripe

USD = {"currency": "usd", "unit_amount": 4900}


def destination(sandbox, receiver, *events):
    body = {"url": receiver.url, "enabled_events": list(events) or ["*"], "payload": "thin"}
    return sandbox.control("dashboard/webhook_endpoints", body)


def posted(receiver, count):
    receiver.wait(count)
    return sorted(receiver.events(), key=lambda event: event["type"])


def test_it_says_what_happened_to_what_and_whose_call_it_was(sandbox, client, receiver):
    secret = destination(sandbox, receiver)["secret"]
    product = client.v1.products.create({"id": "course_1", "name": "Etching"}, options={"idempotency_key": "k"})
    [body] = posted(receiver, 1)

    snapshot = client.v1.events.list().data[0]
    assert body == {
        "id": body["id"],
        "object": "v2.core.event",
        "context": None,
        "created": body["created"],
        "livemode": False,
        "reason": {
            "type": "request",
            "request": {"id": product.last_response.headers["Request-Id"], "idempotency_key": "k"},
        },
        "related_object": {"id": "course_1", "type": "product", "url": "/v1/products/course_1"},
        "snapshot_event": snapshot.id,
        "type": "v1.product.created",
    }
    signature, raw = receiver.got[0]
    notification = client.parse_event_notification(raw, signature, secret)
    assert isinstance(notification, stripe.events.V1ProductCreatedEventNotification)
    assert notification.fetch_related_object().name == "Etching"
    event = notification.fetch_event()
    assert (event.id, event.type) == (notification.id, "v1.product.created")


def test_the_dashboard_has_no_reason(sandbox, receiver):
    destination(sandbox, receiver)
    sandbox.control("dashboard/products", {"name": "Etching"})

    assert posted(receiver, 1)[0]["reason"] is None


def test_one_update_can_be_several(sandbox, client, receiver):
    product = client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": USD})
    destination(sandbox, receiver)
    client.v1.products.update("course_1", {"active": False, "default_price": "", "name": "Drypoint"})

    events = posted(receiver, 3)
    assert [event["type"] for event in events] == [
        "v1.product.deactivated",
        "v1.product.default_price_changed",
        "v1.product.updated",
    ]
    assert len({event["id"] for event in events}) == 3
    for event in events:
        assert client.raw_request("get", f"/v2/core/events/{event['id']}").data["type"] == event["type"]
    assert product.default_price


def test_a_destination_is_sent_what_it_asked_for(sandbox, client, receiver):
    destination(sandbox, receiver, "price.updated", "v1.price.deactivated")
    price = client.v1.prices.create({**USD, "product_data": {"name": "A"}})
    client.v1.prices.update(price.id, {"active": False})

    assert [event["type"] for event in posted(receiver, 2)] == ["v1.price.deactivated", "v1.price.updated"]


def test_it_is_none_of_the_webhook_endpoints(sandbox, client, receiver):
    made = destination(sandbox, receiver)

    assert client.v1.webhook_endpoints.list().data == []
    assert sandbox.raw("GET", f"/v1/webhook_endpoints/{made['id']}").status_code == 404
    assert sandbox.raw("GET", "/v2/core/events/evt_test_none").status_code == 404
    odd = {"url": receiver.url, "enabled_events": ["*"], "payload": "fat"}
    assert sandbox.raw("POST", "/_sandbox/dashboard/webhook_endpoints", json=odd).status_code == 400
