"""Which of Stripe's events the portal is told of, and which function says what one of them means here.

A new event type is one function with one decorator, in `billings.sync.event_handlers`:

    @handles("charge.refunded")
    def charge_changed(event: StripeEvent, batch: Batch) -> StripeEvent.Outcome: ...

From the decorators follows the rest: what the webhook endpoint is registered for, what the Sync page misses there, and
what is read from Stripe's list of events. The types: https://docs.stripe.com/api/events/types
"""

from collections.abc import Callable
from typing import Any

from billings.models import StripeEvent

# The second argument is the batch that the event came in, with what it is compared with.
type Handler = Callable[[StripeEvent, Any], StripeEvent.Outcome]

_handlers: dict[str, Handler] = {}


def handles[H: Handler](*types: str) -> Callable[[H], H]:
    """Have the function below handle events of these types. Raises ValueError for a type that has a handler."""

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
    """Every type that a function here handles, as Stripe names them, in the order of the code."""
    return list(_handlers)
