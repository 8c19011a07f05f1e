"""How a step becomes a request to Stripe: path and parameters; and what its response is compared with."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from billings.models import BillingProduct, StripeRequest
from billings.money import PriceSpec
from billings.plan import ActivatePrice, ArchivePrice, CreatePrice, CreateProduct, Step, UpdatePrice, UpdateProduct
from billings.product_fields import BY_FIELD, FIELDS, Field, Texts
from billings.stripe_api.gateway import Answer, Indeterminate, Rejected, Succeeded

PRICE_PARAMS = ("currency", "unit_amount", "recurring")


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    params: dict[str, Any]


# A price's further currencies are only shown on request (https://docs.stripe.com/api/prices/object).
_SHOWING_CURRENCIES = {"expand": ["currency_options"]}
# The response then also tells, at no extra request, whether Stripe knows a generation that this database lacks.
_SHOWING_PRODUCT = {"expand": ["product", "currency_options"]}


PRODUCT_ID = re.compile(r"course_(?P<course>[0-9a-f]{32})(_\d+)?")


def product_id_for(product: BillingProduct) -> str:
    """Our own id: from the course's UUID, with a counter if a deleted product still blocks the first."""
    number = f"_{product.stripe_id_number}" if product.stripe_id_number else ""
    return f"course_{product.course_id.hex}{number}"


def request_for(step: Step, product: BillingProduct) -> Request:
    """The POST that carries out `step`. Parameters: https://docs.stripe.com/api/products, /api/prices."""
    match step:
        case CreateProduct():
            return Request("/v1/products", _create_product(step, product))
        case UpdateProduct():
            return Request(f"/v1/products/{product.stripe_id}", _update_product(step, product))
        case CreatePrice():
            params = _price(step.spec, step.terms, product) | {"product": product.stripe_id} | _SHOWING_PRODUCT
            return Request("/v1/prices", params)
        case UpdatePrice():
            return Request(f"/v1/prices/{step.price_id}", _changed(step.terms) | _SHOWING_PRODUCT)
        case ActivatePrice():
            params = {"active": True} | _changed(step.terms) | _SHOWING_PRODUCT
            return Request(f"/v1/prices/{step.price_id}", params)
        case ArchivePrice():
            return Request(f"/v1/prices/{step.price_id}", {"active": False} | _SHOWING_CURRENCIES)


def _create_product(step: CreateProduct, product: BillingProduct) -> dict[str, Any]:
    return {
        "id": product.stripe_id,
        "active": step.active,
        "default_price_data": _price(step.price, step.terms, product),
        "metadata": _product_metadata(product),
        "expand": ["default_price", "default_price.currency_options"],
        **_new(step.texts),
    }


def _update_product(step: UpdateProduct, product: BillingProduct) -> dict[str, Any]:
    params = {"metadata": _product_metadata(product)} | _changed(step.texts)
    if step.active is not None:
        params["active"] = step.active
    if step.default is not None:
        params["default_price"] = step.default_id
    return params


def _new(texts: Texts) -> dict[str, Any]:
    """As a create takes them: without empty values."""
    return _changed(_not_empty(texts))


def _not_empty(texts: Texts) -> Texts:
    return {name: value for name, value in texts.items() if value != BY_FIELD[name].empty}


def _changed(texts: Texts) -> dict[str, Any]:
    """As an update takes them: an empty string clears a field."""
    return {BY_FIELD[name].param: BY_FIELD[name].to_stripe(value) for name, value in texts.items()}


def _product_metadata(product: BillingProduct) -> dict[str, str]:
    return {"course_id": str(product.course_id), "generation": str(product.generation)}


def _price(spec: PriceSpec, terms: Texts, product: BillingProduct) -> dict[str, Any]:
    params: dict[str, Any] = {
        "currency": spec.currency,
        "unit_amount": spec.unit_amount,
        "metadata": {"course_id": str(product.course_id)},
        **_new(terms),
    }
    if spec.interval:
        params["recurring"] = {"interval": spec.interval}
    return params


def resolve(request: StripeRequest, answer: Answer) -> None:
    """Record the outcome of a request; its consequences are up to the caller."""
    match answer:
        case Succeeded():
            request.outcome = StripeRequest.Outcome.SUCCEEDED
            request.error_code = request.error_message = ""
        case Rejected():
            request.outcome = StripeRequest.Outcome.REJECTED
            request.error_code, request.error_message = answer.code, answer.message
        case Indeterminate():
            request.outcome = StripeRequest.Outcome.INDETERMINATE
            request.error_code, request.error_message = "", answer.message
    request.resolved_at = timezone.now()
    request.http_status, request.request_id = answer.status, answer.request_id
    # Not the columns of its sends, which were written right before the request, bypassing this object.
    request.save(update_fields=["outcome", "resolved_at", "http_status", "request_id", "error_code", "error_message"])


def sent_fields(step: Step) -> dict[Field, Any]:
    """The values that a step asks for, in the mirror's terms; for the price itself see `made_spec`."""
    match step:
        case CreateProduct():
            return {**_not_empty(step.texts), **_not_empty(step.terms), Field.ACTIVE: step.active}
        case UpdateProduct():
            return {**step.texts} | ({} if step.active is None else {Field.ACTIVE: step.active})
        case CreatePrice():
            return {**_not_empty(step.terms)}
        case UpdatePrice() | ActivatePrice():
            return {**step.terms}
        case ArchivePrice():
            return {}


def made_spec(step: Step) -> PriceSpec | None:
    """The price that a step creates, with its product or alone; None if it creates none."""
    match step:
        case CreateProduct():
            return step.price
        case CreatePrice():
            return step.spec
    return None


def request_fields(step: Step) -> frozenset[Field]:
    """The fields that a step would change."""
    sent = frozenset(sent_fields(step))
    leaves_price = isinstance(step, UpdatePrice) or (isinstance(step, UpdateProduct) and not step.default_id)
    return sent if leaves_price else sent | {Field.PRICE}


def rejected_fields(step: Step, param: str) -> frozenset[Field]:
    """The field a rejection names by its `param`; if it names none of the step's, all of them."""
    fields, named = request_fields(step), _field_named(param)
    return frozenset({named}) if named in fields else fields


def is_about_a_text(param: str) -> bool:
    """Whether a rejection's `param` names a text that people write, rather than an object of Stripe's."""
    return _field_named(param) in BY_FIELD


def _field_named(param: str) -> Field | None:
    """`images[0]` is the picture, `default_price_data[tax_behavior]` a term of the price."""
    names = {entry.param: entry.field for entry in FIELDS} | {"active": Field.ACTIVE}
    names |= dict.fromkeys(("default_price", "default_price_data", *PRICE_PARAMS), Field.PRICE)
    return names.get(param.removeprefix("default_price_data[").partition("[")[0].rstrip("]"))
