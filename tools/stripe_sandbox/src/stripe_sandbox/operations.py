"""The supported API requests: for each method and path its class in `stripe.params`, and its function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stripe_sandbox import account, endpoints, listing, prices, products, search, thin_events, values
from stripe_sandbox.context import Context
from stripe_sandbox.errors import exclusive, no_such, no_such_address
from stripe_sandbox.shapes import Json


@dataclass(frozen=True, slots=True)
class Operation:
    params: str  # the class in stripe.params
    returns: str  # the kind of response, for expansion
    run: Callable[..., Json]  # (context, params[, id])
    examine: Callable[[Json], None] | None = None

    @property
    def kind(self) -> str:
        """The kind of object it is about."""
        return self.returns.rpartition(" ")[2]


def examine_price(params: Json) -> None:
    prices.examine_create(params)
    products.examine(params.get("product_data", {}), inside="product_data")


def create_price(context: Context, params: Json) -> Json:
    if "product_data" in params:
        params = params | {"product": products.create(context, params["product_data"])["id"]}
    return prices.create(context, params)


def list_events(context: Context, params: Json) -> Json:
    """docs.stripe.com/api/events/list. `delivery_success=false`: not yet delivered to some endpoint, or given up."""
    conditions = listing.like(params.get("type")) + listing.like(*params.get("types", []))
    if "delivery_success" in params:
        conditions.append(("undelivered = 0" if params["delivery_success"] else "undelivered > 0", ()))
    conditions.append(("created >= ?", (context.clock.now() - 30 * 86_400,)))  # docs.stripe.com/api/events: 30 days
    return listing.page(context.store.events, context.realm, "notification", params, conditions, "/v1/events")


def examine_events(params: Json) -> None:
    """docs.stripe.com/api/events/list: either `type` or up to 20 `types`."""
    if "type" in params and "types" in params:
        raise exclusive(("type", "types"))
    values.few(params.get("types"), "types", 20)


def retrieve_event(context: Context, params: Json, event_id: str) -> Json:
    event = context.store.events.get(context.realm, event_id)
    if event is None:
        raise no_such("event", event_id)
    return event


OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "products"): Operation("ProductCreateParams", "product", products.create, products.examine),
    ("GET", "products"): Operation("ProductListParams", "list of product", products.list_all, products.examine_list),
    ("GET", "products/search"): Operation("ProductSearchParams", "search of product", search.products, search.examine),
    ("GET", "prices/search"): Operation("PriceSearchParams", "search of price", search.prices, search.examine),
    ("GET", "products/*"): Operation("ProductRetrieveParams", "product", products.retrieve),
    ("POST", "products/*"): Operation("ProductUpdateParams", "product", products.update, products.examine),
    ("DELETE", "products/*"): Operation("ProductDeleteParams", "product", products.delete),
    ("POST", "prices"): Operation("PriceCreateParams", "price", create_price, examine_price),
    ("GET", "prices"): Operation("PriceListParams", "list of price", prices.list_all, prices.examine_list),
    ("GET", "prices/*"): Operation("PriceRetrieveParams", "price", prices.retrieve),
    ("POST", "prices/*"): Operation("PriceUpdateParams", "price", prices.update, prices.examine_update),
    ("GET", "events"): Operation("EventListParams", "list of event", list_events, examine_events),
    ("GET", "events/*"): Operation("EventRetrieveParams", "event", retrieve_event),
    ("GET", "account"): Operation("AccountRetrieveCurrentParams", "account", account.retrieve),
    ("GET", "accounts"): Operation("AccountListParams", "list of account", account.list_all),
    ("GET", "accounts/*"): Operation("AccountRetrieveParams", "account", account.retrieve),
    ("POST", "webhook_endpoints"): Operation(
        "WebhookEndpointCreateParams", "webhook_endpoint", endpoints.create, endpoints.examine
    ),
    ("GET", "webhook_endpoints"): Operation(
        "WebhookEndpointListParams", "list of webhook_endpoint", endpoints.list_all
    ),
    ("GET", "webhook_endpoints/*"): Operation("WebhookEndpointRetrieveParams", "webhook_endpoint", endpoints.retrieve),
    ("POST", "webhook_endpoints/*"): Operation(
        "WebhookEndpointUpdateParams", "webhook_endpoint", endpoints.update, endpoints.examine
    ),
    ("DELETE", "webhook_endpoints/*"): Operation("WebhookEndpointDeleteParams", "webhook_endpoint", endpoints.delete),
}


# The library's `fetch_event()`: a thin event, by its own id.
THIN_EVENT = Operation("EventRetrieveParams", "event", thin_events.retrieve)


def find(method: str, path: str) -> tuple[Operation, list[str]]:
    """The operation for a path, and the ids in it."""
    if method == "GET" and (match := re.fullmatch(r"/v2/core/events/([^/]+)", path)):
        return THIN_EVENT, [match[1]]
    start, _, rest = path.removeprefix("/v1/").partition("/")
    operation = None
    if path.startswith("/v1/") and "/" not in rest and not path.endswith("/"):
        if rest == "search" and (searching := OPERATIONS.get((method, f"{start}/search"))):
            return searching, []
        operation = OPERATIONS.get((method, f"{start}/*" if rest else start))
    if operation is None:
        raise no_such_address(method, path)
    return operation, [rest] if rest else []
