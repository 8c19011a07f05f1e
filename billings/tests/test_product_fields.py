"""Every text that Stripe keeps, entry by entry: sent, mirrored, drifted, decided, rejected.

A new entry is tested by that, without a line here.
"""

import pytest
from hypothesis import find
from hypothesis import strategies as st

from billings.drift import decisions, wording
from billings.drift.decisions import Inexpressible
from billings.models import BillingPrice, BillingProduct
from billings.operations.agreement import disagreements
from billings.operations.rebind import FORGOTTEN
from billings.plan import describe, plan
from billings.product_fields import (
    FIELDS,
    IMAGE,
    NAME,
    TAX_BEHAVIOR,
    TAX_CODE,
    Field,
    ProductField,
    of_price,
    of_product,
)
from billings.status import state_of
from billings.sync import desired
from billings.sync.converge import Result
from billings.tests.support.drifting import open_drift, read
from billings.tests.support.rejecting import reject
from billings.tests.support.sold import USD49, USD59, Sold
from billings.tests.support.wanted import but

each_field = pytest.mark.parametrize("entry", FIELDS, ids=lambda entry: entry.field)


@pytest.fixture(autouse=True)
def _all_in_use(settings):
    for entry in FIELDS:
        if entry.input:
            setattr(settings, entry.input.setting, True)


def values(entry: ProductField) -> tuple[str, str]:
    """Two that it can hold, and neither is empty."""
    if entry is IMAGE:
        return "https://school.example/a.webp", "https://school.example/b.webp"
    if entry.input and entry.input.choices:
        first, second, *_rest = (value for value in entry.input.choices if value != entry.empty)
        return first, second
    if entry.input and entry.input.pattern:
        matching = st.from_regex(entry.input.pattern, fullmatch=True)
        first = find(matching, lambda _value: True)
        return first, find(matching, lambda value: value != first)
    return "First", "Second"


def held(sandbox, sold: Sold, entry: ProductField) -> str:
    """What Stripe holds."""
    (product,) = (one for one in sandbox.products() if one["id"] == sold.product.stripe_id)
    prices = {price["id"]: price for price in sandbox.prices()}
    return entry.seen_in(prices[product["default_price"]] if entry.on_price else product)


def mirrored(sold: Sold, entry: ProductField) -> str:
    observed = sold.product.observed()
    return (observed.terms if entry.on_price else observed.texts)[entry.field]


def set_locally(sold: Sold, entry: ProductField, value: str) -> None:
    sold.listing(**{entry.field: value})


def edit_in_the_dashboard(sandbox, sold: Sold, entry: ProductField, value: str) -> None:
    path = f"products/{sold.product.stripe_id}"
    if entry.on_price:  # what is fixed on a price, the Dashboard changes by a new one of the same amount
        sandbox.dashboard(f"{path}/price", unit_amount=sold.product.desired_unit_amount, **{entry.param: value})
    else:
        sandbox.dashboard(path, **{entry.param: entry.to_stripe(value)})


def plan_of(sold: Sold):
    product = sold.product
    return plan(product.desired, product.observed(), excluded=product.excluded_fields())


class TestAnEntry:
    @each_field
    def test_has_its_columns(self, entry):
        intended = BillingProduct._meta.get_field(entry.desired_column)
        mirror = (BillingPrice if entry.on_price else BillingProduct)._meta.get_field(entry.mirror_column)

        assert intended.max_length == entry.max_length
        assert mirror.get_default() == entry.empty
        assert entry in (NAME,) or intended.get_default() == entry.empty
        assert entry.on_price or entry.mirror_column in FORGOTTEN

    def test_is_the_only_one_of_its_field_and_parameter(self):
        assert len({entry.field for entry in FIELDS}) == len({entry.param for entry in FIELDS}) == len(FIELDS)
        assert {entry.field for entry in FIELDS} == set(Field) - {Field.PRODUCT, Field.ACTIVE, Field.PRICE}

    @each_field
    def test_is_told_in_whole_sentences(self, entry):
        for value in (*values(entry), entry.empty):
            for words in (entry.plan_sentence(value), entry.drift_sentence(value)):
                assert words[0].isupper()
                assert words.endswith(".")
                assert "%" not in words

    @each_field
    def test_says_what_it_cannot_hold(self, entry):
        assert [entry.problem(value) for value in values(entry)] == ["", ""]
        assert entry.problem("x" * (entry.max_length + 1))


@each_field
class TestTheWay:
    def test_with_a_new_product_there_and_back(self, make_sold, sandbox, entry):
        sold, (value, _other) = make_sold(), values(entry)
        set_locally(sold, entry, value)

        assert sold.converge() is Result.DONE

        assert [request["path"] for request in sandbox.writes()] == ["/v1/products"]
        assert held(sandbox, sold, entry) == mirrored(sold, entry) == value
        assert plan_of(sold) == ()

    def test_of_a_change_there_and_back(self, sold, sandbox, entry):
        before = len(sandbox.writes())
        for value in values(entry):
            set_locally(sold, entry, value)
            assert describe(plan_of(sold))
            assert sold.converge() is Result.DONE
            assert held(sandbox, sold, entry) == mirrored(sold, entry) == value
            assert plan_of(sold) == ()
        assert len(sandbox.writes()) - before == (4 if entry.fixed_once_set else 2)

    def test_of_a_save_that_leaves_it_alone(self, sold, sandbox, entry):
        set_locally(sold, entry, values(entry)[0])
        sold.converge()
        before = len(sandbox.writes())

        set_locally(sold, entry, values(entry)[0])
        read(sold)

        assert len(sandbox.writes()) == before
        assert not sold.product.drifts.exists()

    def test_of_an_answer_that_never_came(self, sold, sandbox, entry):
        set_locally(sold, entry, values(entry)[0])
        sandbox.fault("reset", when="after", method="POST")

        assert sold.converge() is Result.FAILED
        assert sold.converge() is Result.DONE

        assert held(sandbox, sold, entry) == mirrored(sold, entry) == values(entry)[0]
        assert not sold.product.drifts.exists()


@pytest.mark.parametrize("entry", [entry for entry in FIELDS if entry is not NAME], ids=lambda entry: entry.field)
def test_a_value_is_taken_away_again(sold, sandbox, entry):
    for value in (values(entry)[0], entry.empty):
        set_locally(sold, entry, value)
        assert sold.converge() is Result.DONE

    assert held(sandbox, sold, entry) == mirrored(sold, entry) == entry.empty


@pytest.mark.django_db(transaction=True)
@each_field
class TestDrift:
    @pytest.fixture
    def drift(self, sold, sandbox, entry):
        local, remote = values(entry)
        set_locally(sold, entry, local)
        assert sold.converge() is Result.DONE
        edit_in_the_dashboard(sandbox, sold, entry, remote)
        read(sold)
        return open_drift(sold)

    def test_is_seen_and_told(self, sold, sandbox, entry, drift):
        local, remote = values(entry)
        assert (drift.field, drift.local_value, drift.remote_value) == (entry.field, local, remote)
        assert wording.sentence(drift) == entry.drift_sentence(remote)
        assert wording.choice(sold.product, drift).restore_label
        assert state_of(sold.product) == "drift"

    def test_is_left_alone_by_other_changes(self, sold, sandbox, entry, drift):
        sold.listing(status="draft")
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        assert not sandbox.products()[0]["active"]
        assert held(sandbox, sold, entry) == values(entry)[1]
        assert drift.pk == open_drift(sold).pk

    def test_ends_where_the_local_value_comes_back(self, sold, sandbox, entry, drift):
        edit_in_the_dashboard(sandbox, sold, entry, values(entry)[0])
        read(sold)

        drift.refresh_from_db()
        assert drift.decision == "reverted"

    def test_ends_where_someone_sets_something_new(self, sold, sandbox, entry, drift):
        new = values(entry)[1]
        set_locally(sold, entry, new)

        assert sold.converge() is Result.DONE
        drift.refresh_from_db()
        assert (drift.decision, held(sandbox, sold, entry)) == ("replaced", new)

    def test_is_restored(self, sold, sandbox, entry, drift, manager):
        decisions.restore_local_value(drift, shown=drift.remote_value, actor=manager)

        assert held(sandbox, sold, entry) == mirrored(sold, entry) == values(entry)[0]
        assert state_of(sold.product) == "in_sync"

    def test_is_accepted(self, sold, sandbox, entry, drift, manager):
        def adopt(field, value):
            sold.listing(**{field: value})

        writes = len(sandbox.writes())
        if entry.never_accepted:
            with pytest.raises(Inexpressible):
                decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=manager, adopt=adopt)
            return

        decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=manager, adopt=adopt)

        assert getattr(sold.product, entry.desired_column) == values(entry)[1]
        drift.refresh_from_db()
        assert (drift.decision, state_of(sold.product)) == ("accepted", "in_sync")
        assert len(sandbox.writes()) == writes


@each_field
class TestARejection:
    def test_excludes_the_value_until_it_changes(self, sold, sandbox, entry):
        rejected, accepted = values(entry)
        reject(sandbox, param=entry.param)
        set_locally(sold, entry, rejected)
        assert sold.converge() is Result.DONE
        assert sold.product.excluded_fields() == {entry.field}

        sold.listing(status="draft")
        assert sold.converge() is Result.DONE
        assert held(sandbox, sold, entry) != rejected

        set_locally(sold, entry, accepted)
        assert sold.converge() is Result.DONE
        assert held(sandbox, sold, entry) == accepted
        assert state_of(sold.product) == "in_sync"


@each_field
def test_a_mirror_that_differs_is_found_when_everything_is_compared(sold, entry):
    rows = BillingPrice.objects if entry.on_price else BillingProduct.objects
    rows.update(**{entry.mirror_column: values(entry)[0]})

    (found,) = disagreements(BillingProduct.objects.all())

    assert found.state == "differs"
    assert entry.plan_sentence(getattr(sold.product, entry.desired_column)) in found.words


class TestLeftToStripe:
    """A field whose setting is off is neither sent nor compared."""

    @pytest.fixture(autouse=True)
    def _off(self, _all_in_use, settings):
        settings.TAX_FIELDS = False

    def test_nothing_of_it_is_in_a_plan(self, sold):
        assert TAX_CODE not in of_product()
        assert TAX_BEHAVIOR not in of_price()
        set_locally(sold, TAX_CODE, "txcd_10000000")
        set_locally(sold, TAX_BEHAVIOR, "inclusive")

        assert plan_of(sold) == ()

    def test_what_someone_sets_in_the_dashboard_is_theirs(self, sold, sandbox):
        edit_in_the_dashboard(sandbox, sold, TAX_CODE, "txcd_10000000")
        sandbox.dashboard(f"prices/{sold.product.observed_default_price}", tax_behavior="inclusive")
        read(sold)
        sold.listing(name="Oil")
        assert sold.converge() is Result.DONE

        assert not sold.product.drifts.exists()
        assert held(sandbox, sold, TAX_CODE) == "txcd_10000000"
        assert held(sandbox, sold, TAX_BEHAVIOR) == "inclusive"

    def test_switched_on_it_is_drift_and_not_overwritten(self, sold, sandbox, settings):
        edit_in_the_dashboard(sandbox, sold, TAX_CODE, "txcd_10000000")
        sandbox.dashboard(f"prices/{sold.product.observed_default_price}", tax_behavior="inclusive")
        read(sold)
        settings.TAX_FIELDS = True

        read(sold)

        assert {drift.field for drift in sold.product.drifts.filter(closed_at=None)} == {"tax_code", "tax_behavior"}
        assert held(sandbox, sold, TAX_CODE) == "txcd_10000000"


class TestTax:
    def test_an_unknown_code_is_asked_for_once_and_told(self, sold, sandbox):
        sandbox.settings(unknown_tax_codes=["txcd_99999998"])
        before = len(sandbox.writes())
        set_locally(sold, TAX_CODE, "txcd_99999998")

        assert sold.converge() is Result.DONE

        assert len(sandbox.writes()) - before == 1
        assert sold.product.excluded_fields() == {Field.TAX_CODE}
        (rejection,) = sold.product.rejections.all()
        assert rejection.request.error_message == "No such tax code: 'txcd_99999998'"

    def test_an_unknown_code_keeps_no_course_from_being_sold(self, make_sold, sandbox):
        sandbox.settings(unknown_tax_codes=["txcd_99999998"])
        sold = make_sold()
        set_locally(sold, TAX_CODE, "txcd_99999998")

        assert sold.converge() is Result.DONE

        assert sold.product.exists
        assert held(sandbox, sold, TAX_CODE) == ""

    def test_a_price_without_behavior_gets_one_where_it_is(self, sold, sandbox):
        price = sold.product.observed_default_price
        set_locally(sold, TAX_BEHAVIOR, "inclusive")

        assert sold.converge() is Result.DONE

        assert sold.product.observed_default_price == price
        assert held(sandbox, sold, TAX_BEHAVIOR) == "inclusive"

    def test_behavior_set_in_the_dashboard_meanwhile_is_drift_and_no_rejection(self, sold, sandbox):
        sandbox.dashboard(f"prices/{sold.product.observed_default_price}", tax_behavior="exclusive")
        set_locally(sold, TAX_BEHAVIOR, "inclusive")

        assert sold.converge() is Result.DONE

        assert open_drift(sold).remote_value == "exclusive"
        assert not sold.product.rejections.exists()

    def test_a_new_price_is_taxed_as_the_last_one_while_staff_have_not_decided(self, sold, sandbox):
        edit_in_the_dashboard(sandbox, sold, TAX_BEHAVIOR, "exclusive")
        read(sold)
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        assert held(sandbox, sold, TAX_BEHAVIOR) == "exclusive"
        assert open_drift(sold).field == "tax_behavior"

    def test_an_archived_price_that_was_taxed_otherwise_meanwhile_is_not_sold_again(self, sold, sandbox):
        old = sold.product.observed_default_price
        sold.price(USD59)
        sold.converge()
        sandbox.dashboard(f"prices/{old}", tax_behavior="inclusive")
        sold.price(USD49)

        assert sold.converge() is Result.DONE

        assert held(sandbox, sold, TAX_BEHAVIOR) == mirrored(sold, TAX_BEHAVIOR) == "unspecified"
        (price,) = sandbox.prices(active=True)
        assert (price["id"], price["unit_amount"]) == (sold.product.observed_default_price, 4900)
        assert price["id"] != old

    def test_a_preview_is_what_runs(self, sold):
        set_locally(sold, TAX_BEHAVIOR, "inclusive")
        sold.converge()
        steps = desired.preview(sold.product, but(sold.product.desired, tax_behavior="exclusive"))
        set_locally(sold, TAX_BEHAVIOR, "exclusive")

        assert plan_of(sold) == steps
        assert describe(steps).startswith(
            "Tax on the price becomes “Added to the price”. "
            "Stripe never changes that on a price once it is set: a new one of $49.00 takes its place."
        )
