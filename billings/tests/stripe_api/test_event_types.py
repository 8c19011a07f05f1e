"""A new event type is one function with one decorator; everything else follows from that."""

import pytest

from billings.models import StripeEvent
from billings.stripe_api import endpoints, event_types
from billings.stripe_api.event_types import handled_types, handles
from billings.sync.events import process

Outcome = StripeEvent.Outcome


@pytest.fixture(autouse=True)
def _forgets(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(event_types, "_handlers", dict(event_types._handlers))


def stored(name: str) -> StripeEvent:
    return StripeEvent.objects.create(event_id=f"evt_{name}", type=name, livemode=False, shown={"object": "charge"})


@pytest.mark.django_db
def test_one_function_with_one_decorator_handles_a_new_type():
    seen = []

    @handles("charge.refunded")
    def charge_changed(event, batch):
        seen.append(event.event_id)
        return Outcome.READ

    events = [stored("charge.refunded"), stored("charge.captured")]

    assert process() == 2
    assert seen == ["evt_charge.refunded"]
    assert [StripeEvent.objects.get(pk=event.pk).outcome for event in events] == [Outcome.READ, Outcome.IGNORED]


def test_the_webhook_endpoint_is_told_of_a_new_type():
    before = handled_types()

    handles("charge.refunded")(lambda event, batch: Outcome.IGNORED)

    assert endpoints.missing_events(before) == ["charge.refunded"]


def test_a_type_has_one_handler():
    with pytest.raises(ValueError, match=r"product\.updated is handled twice"):
        handles("product.updated")(lambda event, batch: Outcome.IGNORED)
