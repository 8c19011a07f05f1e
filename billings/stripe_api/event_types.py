"""Which of Stripe's events the portal gets, and which function handles each.

A new event type is one function with one decorator, in `billings.sync.event_handlers`:

    @handles("charge.refunded")
    def charge_changed(event: StripeEvent, batch: Batch) -> StripeEvent.Outcome: ...

Everything else follows from the decorators: the events the webhook endpoint is registered for, those the Sync page
reports as missing, and those that polling lists. The types: https://docs.stripe.com/api/events/types
"""

from collections.abc import Callable
from typing import Any

from billings.models import StripeEvent

# The second argument is the batch of the event, with the rows it is compared with.
type Handler = Callable[[StripeEvent, Any], StripeEvent.Outcome]

_handlers: dict[str, Handler] = {}


def handles[H: Handler](*types: str) -> Callable[[H], H]:
    """Register the decorated function for these event types. Raises ValueError for a type that has a handler."""

    def register(handler: H) -> H:
        for name in types:
            if name in _handlers:
                raise ValueError(f"{name} is handled twice: by {_handlers[name]} and by {handler}")
            _handlers[name] = handler
        return handler

    return register


def handler_of(name: str) -> Handler | None:
    return _handlers.get(name)


def handled_types() -> list[str]:
    """Every handled type, as Stripe names them, in the order of the code."""
    return list(_handlers)
