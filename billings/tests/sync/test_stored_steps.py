"""A request stores the step that it carries out; older requests were migrated."""

import json
from importlib import import_module

import pytest
from django.apps import apps

from billings.models import StripeRequest
from billings.money import PriceSpec
from billings.plan import ActivatePrice, ArchivePrice, CreatePrice, CreateProduct, UpdatePrice, UpdateProduct
from billings.product_fields import Field
from billings.stored_steps import KINDS, fields_of, kind_of, step_of
from billings.sync.converge import Result
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD49, USD59

MONTHLY = PriceSpec(900, "jpy", "month")
TEXTS, TERMS = {Field.NAME: "Oil", Field.IMAGE: ""}, {Field.TAX_BEHAVIOR: "inclusive"}
STEPS = (
    CreateProduct(TEXTS, True, USD49, TERMS),
    UpdateProduct(TEXTS, active=False, default=MONTHLY, default_id="price_1", new_terms=TERMS),
    UpdateProduct(),
    CreatePrice(MONTHLY, TERMS),
    UpdatePrice("price_1", TERMS),
    ActivatePrice("price_1", USD49),
    ArchivePrice("price_1", None),
)
fill = import_module("billings.migrations.0023_fill_step_fields").fill


@pytest.mark.parametrize("step", STEPS, ids=kind_of)
def test_a_step_comes_back_from_json_as_it_was(step):
    kept = json.loads(json.dumps(fields_of(step)))

    assert step_of(kind_of(step), kept) == step


def test_every_kind_of_step_is_tried_here():
    assert {type(step) for step in STEPS} == set(KINDS)


def test_a_field_that_came_later_has_its_default_in_an_older_step():
    assert step_of("create_price", {"spec": [900, "jpy", "month"]}) == CreatePrice(MONTHLY)


def test_steps_of_requests_that_kept_none_are_filled_in_as_they_were_planned(sold):
    sold.listing(name="Oil", description="")
    sold.converge()
    for price in (USD59, USD49, None):
        sold.price(price)
        assert sold.converge() is Result.DONE
    planned = {request.pk: request.planned_step for request in StripeRequest.objects.all()}
    StripeRequest.objects.update(step_fields={})

    fill(apps, None)

    filled = {request.pk: request.planned_step for request in StripeRequest.objects.all()}
    assert {type(step) for step in planned.values()} == set(KINDS) - {UpdatePrice}
    assert {pk: _sent(step) for pk, step in filled.items()} == {pk: _sent(step) for pk, step in planned.items()}


def _sent(step):
    """Without what is not sent, and so cannot be known any more: what is empty in a product that is made."""
    if not isinstance(step, CreateProduct):
        return step
    return CreateProduct({name: text for name, text in step.texts.items() if text}, step.active, step.price, step.terms)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["reset", "500"])
def test_an_open_request_that_kept_no_step_is_resolved_after_the_filling(sold, sandbox, kind, when):
    sandbox.fault(kind, method="POST", when=when)
    sold.price(USD59)
    assert sold.converge() is Result.FAILED
    StripeRequest.objects.update(step_fields={})

    fill(apps, None)
    while sold.converge() is not Result.DONE:
        pass

    assert_in_sync(sold, sandbox)
    assert not sold.product.drifts.exists()
