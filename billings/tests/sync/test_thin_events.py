"""Events without data (`v2.core.event`), in the real sandbox's shapes, are handled like those with data."""

import json
import time

import pytest
import stripe

from billings.models import StripeEvent
from billings.sync import events
from billings.sync.sweep import sweep
from billings.tests.support.delivering import SECRET, deliver, signature
from billings.tests.support.drifting import open_drift
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59

pytestmark = pytest.mark.django_db


def thin(kind: str, object_id: str, *, what: str = "updated", key: str | None = None, **changes):
    """As Stripe posts one to an event destination."""
    request = {"type": "request", "request": {"id": "req_1", "idempotency_key": key}} if key else None
    return {
        "id": f"evt_test_{object_id}_{what}_{key}",
        "object": "v2.core.event",
        "type": f"v1.{kind}.{what}",
        "livemode": False,
        "created": "2026-11-27T12:00:00.000Z",
        "context": None,
        "reason": request,
        "related_object": {"id": object_id, "type": kind, "url": f"/v1/{kind}s/{object_id}"},
        **changes,
    }


def swept() -> None:
    while sweep():
        pass


def outcomes() -> list[str]:
    return list(StripeEvent.objects.order_by("id").values_list("outcome", flat=True))


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(events._Rest, "until", 0.0)


def test_the_librarys_own_reader_takes_these_for_thin():
    body = json.dumps(thin("product", "prod_1", key="k"))
    header = signature(body, SECRET, at=int(time.time()))

    read = stripe.StripeClient("sk_test_x").parse_event_notification(body, header, SECRET)

    assert (read.type, read.related_object.id) == ("v1.product.updated", "prod_1")


class TestAThinEvent:
    def test_asks_for_a_read_of_its_product(self, sold, sandbox):
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")
        assert deliver(thin("product", sold.product.stripe_id)).status_code == 200

        swept()

        assert open_drift(sold).remote_value == "By hand"
        stored = StripeEvent.objects.get()
        assert (stored.type, stored.stripe_product, stored.outcome) == (
            "product.updated", sold.product.stripe_id, "read",
        )  # fmt: skip

    def test_that_is_forged_is_rejected(self, sold):
        assert deliver(thin("product", sold.product.stripe_id), "whsec_forged").status_code == 400
        assert not StripeEvent.objects.exists()

    def test_of_a_known_price_leads_to_its_product_at_no_call(self, sold, sandbox):
        price = sold.product.observed_default_price
        sandbox.dashboard(f"prices/{price}", nickname="By hand")
        deliver(thin("price", price))
        calls = len(sandbox.calls())

        events.process()

        assert len(sandbox.calls()) == calls
        assert sold.product.reads_requested == 1

    def test_of_a_price_that_nobody_here_knows_leads_to_its_product(self, sold, sandbox):
        made = sandbox.dashboard("prices", product=sold.product.stripe_id, currency="usd", unit_amount=100)
        deliver(thin("price", made["id"], what="created"))

        swept()

        assert outcomes() == ["read"]
        assert sold.product.drifts.exists()

    def test_of_a_price_that_nobody_knows_is_ignored(self, sold, sandbox):
        deliver(thin("price", "price_nobody"))

        swept()

        assert outcomes() == ["ignored"]

    def test_waits_while_its_price_cannot_be_asked_for_and_keeps_no_other_waiting(self, sold, sandbox, monkeypatch):
        made = sandbox.dashboard("prices", product=sold.product.stripe_id, currency="usd", unit_amount=100)
        sandbox.fault("reset", path="^/v1/prices/")
        deliver(thin("price", made["id"], what="created"))
        deliver(thin("price", "price_later", what="created"))
        deliver(thin("product", sold.product.stripe_id))

        assert events.process() == 1
        assert outcomes() == ["", "", "read"]
        assert events.process() == 0, "nothing is asked again at once"

        monkeypatch.setattr(events._Rest, "until", 0.0)
        swept()
        assert outcomes() == ["read", "ignored", "read"]

    def test_that_echoes_our_own_call_asks_for_none(self, sold, sandbox):
        sold.price(USD59)
        sold.converge()
        for call in sold.product.requests.order_by("id"):
            deliver(thin("product", sold.product.stripe_id, key=call.key))
        new = sold.product.observed_default_price
        deliver(thin("price", new, what="created", key=sold.product.requests.filter(step="create_price").get().key))
        calls = len(sandbox.calls())

        swept()

        assert set(outcomes()) == {"echo"}
        assert len(sandbox.calls()) == calls
        assert_in_sync(sold, sandbox)

    def test_that_echoes_a_forgotten_call_is_read_by_the_product_in_its_key(self, sold, sandbox):
        """No call of that key is known here, and no such price: as in a restored database."""
        deliver(thin("price", "price_forgotten", what="created", key=f"{sold.product.stripe_id}-of-yesterday"))

        events.process()

        assert outcomes() == ["read"]

    def test_that_echoes_an_unanswered_call_asks_for_nothing_while_it_is_open(self, sold, sandbox):
        sandbox.fault("reset", when="after", method="POST")
        sold.listing(name="Oil")
        sold.converge()
        key = sold.product.requests.get(resolved_at=None).key
        deliver(thin("product", sold.product.stripe_id, key=key))

        events.process()

        assert outcomes() == ["echo"]

    @pytest.mark.parametrize(
        "odd",
        [
            {"related_object": None},
            {"related_object": "odd", "reason": 7},
            {"related_object": {"id": 5, "type": None}},
            {"type": "v2.core.event_destination.ping", "related_object": {"id": "ed_1", "type": "event_destination"}},
            {"livemode": True},
        ],
    )
    def test_of_an_odd_shape_is_kept_and_ignored(self, sold, odd):
        assert deliver(thin("product", sold.product.stripe_id, **odd)).status_code == 200

        swept()

        assert outcomes() == ["ignored"]

    def test_in_a_storm_costs_a_constant_number_of_queries(self, sold, sandbox, django_assert_max_num_queries):
        price = sold.product.observed_default_price
        for number in range(50):
            deliver(thin("price", price, id=f"evt_test_{number}"))

        with django_assert_max_num_queries(12):
            assert events.process() == 50
