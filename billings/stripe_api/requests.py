"""How a step of a plan is said to Stripe: path and parameters, and what a committed request had asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.plan import ActivatePrice, ArchivePrice, CreatePrice, CreateProduct, Field, Step, UpdateProduct

# Names of the kinds of request, as they are kept with each of them.
CREATE_PRODUCT = "create_product"
UPDATE_PRODUCT = "update_product"
CREATE_PRICE = "create_price"
ACTIVATE_PRICE = "activate_price"
ARCHIVE_PRICE = "archive_price"

PRICE_PARAMS = ("currency", "unit_amount", "recurring")


@dataclass(frozen=True, slots=True)
class Request:
    kind: str
    path: str
    params: dict[str, Any]


# What else a price sells at is shown only on request (https://docs.stripe.com/api/prices/object).
_SHOWING_CURRENCIES = {"expand": ["currency_options"]}
# The answer then tells too, at no call more, whether Stripe knows a generation that a restored database does not.
_SHOWING_PRODUCT = {"expand": ["product", "currency_options"]}


PRODUCT_ID = re.compile(r"course_(?P<course>[0-9a-f]{32})(_\d+)?")


def product_id_for(product: BillingProduct) -> str:
    """Our own id: from the course's UUID, with a counter behind it where a deleted product still blocks the first."""
    number = f"_{product.stripe_id_number}" if product.stripe_id_number else ""
    return f"course_{product.course_id.hex}{number}"


def request_for(step: Step, product: BillingProduct) -> Request:
    """The one POST that carries out `step`. Every parameter is documented at https://docs.stripe.com/api/products."""
    match step:
        case CreateProduct():
            return Request(CREATE_PRODUCT, "/v1/products", _create_product(step, product))
        case UpdateProduct():
            return Request(UPDATE_PRODUCT, f"/v1/products/{product.stripe_id}", _update_product(step, product))
        case CreatePrice():
            params = _price(step.spec, product) | {"product": product.stripe_id} | _SHOWING_PRODUCT
            return Request(CREATE_PRICE, "/v1/prices", params)
        case ActivatePrice():
            return Request(ACTIVATE_PRICE, f"/v1/prices/{step.price_id}", {"active": True} | _SHOWING_PRODUCT)
        case ArchivePrice():
            return Request(ARCHIVE_PRICE, f"/v1/prices/{step.price_id}", {"active": False} | _SHOWING_CURRENCIES)


def _create_product(step: CreateProduct, product: BillingProduct) -> dict[str, Any]:
    params = {
        "id": product.stripe_id,
        "name": step.name,
        "active": step.active,
        "default_price_data": _price(step.price, product),
        "metadata": _product_metadata(product),
        "expand": ["default_price", "default_price.currency_options"],
    }
    if step.description:
        params["description"] = step.description
    if step.image:
        params["images"] = [step.image]
    return params


def _update_product(step: UpdateProduct, product: BillingProduct) -> dict[str, Any]:
    params: dict[str, Any] = {"metadata": _product_metadata(product)}
    if step.name is not None:
        params["name"] = step.name
    if step.description is not None:
        params["description"] = step.description  # an empty string clears it
    if step.image is not None:
        params["images"] = [step.image] if step.image else ""
    if step.active is not None:
        params["active"] = step.active
    if step.default is not None:
        params["default_price"] = step.default_id
    return params


def _product_metadata(product: BillingProduct) -> dict[str, str]:
    return {"course_id": str(product.course_id), "generation": str(product.generation)}


def _price(spec: PriceSpec, product: BillingProduct) -> dict[str, Any]:
    params: dict[str, Any] = {
        "currency": spec.currency,
        "unit_amount": spec.unit_amount,
        "metadata": {"course_id": str(product.course_id)},
    }
    if spec.interval:
        params["recurring"] = {"interval": spec.interval}
    return params


def sent_fields(params: Mapping[str, Any]) -> dict[Field, Any]:
    """The values of a product that a request asked for, in the mirror's terms; the price is left to `sent_spec`."""
    sent: dict[Field, Any] = {}
    if "name" in params:
        sent[Field.NAME] = params["name"]
    if "description" in params:
        sent[Field.DESCRIPTION] = params["description"]
    if "images" in params:
        sent[Field.IMAGE] = next(iter(params["images"]), "")
    if "active" in params:
        sent[Field.ACTIVE] = params["active"]
    return sent


def sent_spec(params: Mapping[str, Any]) -> PriceSpec:
    """The price that a create asked for, of a product with its price or of a price alone."""
    data = params.get("default_price_data", params)
    return PriceSpec(data["unit_amount"], data["currency"], data.get("recurring", {}).get("interval"))


def request_fields(kind: str, params: Mapping[str, Any]) -> frozenset[Field]:
    """The fields that a request would change."""
    if kind not in (CREATE_PRODUCT, UPDATE_PRODUCT):
        return frozenset({Field.PRICE})
    price = {Field.PRICE} if {"default_price", "default_price_data"} & params.keys() else set()
    return frozenset(sent_fields(params)) | price


def rejected_fields(kind: str, params: Mapping[str, Any], param: str) -> frozenset[Field]:
    """Which fields a rejection names by its `param`; where it names none of the request's own, every field of it."""
    names = {"name": Field.NAME, "description": Field.DESCRIPTION, "images": Field.IMAGE, "active": Field.ACTIVE}
    names |= dict.fromkeys(("default_price", "default_price_data", *PRICE_PARAMS), Field.PRICE)
    fields = request_fields(kind, params)
    named = names.get(param.partition("[")[0])
    return frozenset({named}) if named in fields else fields
