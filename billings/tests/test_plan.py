"""The plan, checked by a small model of Stripe: every step is allowed, reaches the goal, and none is superfluous."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billings.money import PriceSpec
from billings.plan import (
    ActivatePrice,
    ArchivePrice,
    CreatePrice,
    CreateProduct,
    Desired,
    Observed,
    ObservedPrice,
    Step,
    UpdatePrice,
    UpdateProduct,
    describe,
    plan,
)
from billings.product_fields import BY_FIELD, Field
from billings.tests.support.stripe_rules import apply
from billings.tests.support.wanted import but, wanted

SPECS = [PriceSpec(4900, "usd"), PriceSpec(5900, "usd"), PriceSpec(4900, "eur"), PriceSpec(4900, "usd", "month")]
NAMES = ["", "Watercolour", "Oil"]
CODES = ["", "txcd_10000000", "txcd_20060000"]
BEHAVIORS = ["unspecified", "inclusive", "exclusive"]

specs = st.sampled_from(SPECS)
desired_states = st.builds(
    wanted,
    name=st.sampled_from(NAMES[1:]),
    description=st.sampled_from(NAMES),
    image=st.sampled_from(["", "https://school.example/a.webp"]),
    tax_code=st.sampled_from(CODES),
    tax_behavior=st.sampled_from(BEHAVIORS),
    published=st.booleans(),
    price=st.none() | specs,
)
held_fields = st.frozensets(st.sampled_from(list(Field)))


@st.composite
def observed_states(draw: st.DrawFn) -> Observed:
    """Anything Stripe can hold, made by us, by others, or half way through a change; also nothing."""
    if draw(st.booleans()):
        return Observed()
    prices = tuple(
        ObservedPrice(
            id=f"price_{number}",
            spec=draw(st.none() | specs),
            active=draw(st.booleans()),
            ours=draw(st.booleans()),
            created=draw(st.integers(0, 3)),
            terms={Field.TAX_BEHAVIOR: draw(st.sampled_from(BEHAVIORS))},
        )
        for number in range(draw(st.integers(0, 4)))
    )
    active = [price.id for price in prices if price.active]
    return Observed(
        exists=True,
        texts={
            Field.NAME: draw(st.sampled_from(NAMES[1:])),
            Field.DESCRIPTION: draw(st.sampled_from(NAMES)),
            Field.IMAGE: draw(st.sampled_from(["", "https://school.example/b.webp"])),
            Field.TAX_CODE: draw(st.sampled_from(CODES)),
        },
        active=draw(st.booleans()),
        default_price=draw(st.sampled_from(["", *active])),
        prices=prices,
    )


def carry_out(steps: tuple[Step, ...], observed: Observed) -> Observed:
    for step in steps:
        observed = apply(step, observed)
    return observed


def terms_by_id(price: ObservedPrice) -> tuple[str, str]:
    return price.id, price.terms[Field.TAX_BEHAVIOR]


def in_sync(desired: Desired) -> Observed:
    return carry_out(plan(desired, Observed()), Observed())


@given(desired_states, observed_states())
def test_a_plan_reaches_what_is_desired(desired, observed):
    after = carry_out(plan(desired, observed), observed)

    if not after.exists:
        assert desired.price is None
        return
    assert after.active == desired.active
    if observed.exists or desired.price:
        assert after.texts == desired.texts
    if desired.price is not None:
        default = after.price(after.default_price)
        assert default is not None
        assert (default.spec, default.terms) == (desired.price, desired.terms)


@given(desired_states, observed_states())
def test_at_rest_at_most_one_price_is_active_and_it_is_the_default_if_there_is_one(desired, observed):
    after = carry_out(plan(desired, observed), observed)

    active = [price.id for price in after.prices if price.active]
    assert len(active) <= 1
    if after.default_price:
        assert active in ([after.default_price], [])


@given(desired_states, observed_states(), held_fields)
def test_planning_again_gives_nothing(desired, observed, excluded):
    after = carry_out(plan(desired, observed, excluded=excluded), observed)

    assert plan(desired, after, excluded=excluded) == ()


@given(desired_states, observed_states(), held_fields)
def test_each_step_alone_leads_on_to_the_same_end(desired, observed, excluded):
    """Converge carries out the first step and plans again: that must be the same walk."""
    whole = carry_out(plan(desired, observed, excluded=excluded), observed)
    for _ in range(12):
        steps = plan(desired, observed, excluded=excluded)
        if not steps:
            break
        observed = apply(steps[0], observed)

    assert replace(observed, prices=()) == replace(whole, prices=())
    assert sorted(observed.prices, key=str) == sorted(whole.prices, key=str)


@given(desired_states, observed_states(), held_fields)
def test_an_excluded_field_is_in_no_step(desired, observed, excluded):
    steps = plan(desired, observed, excluded=excluded)

    if Field.PRODUCT in excluded:
        assert steps == ()
    after = carry_out(steps, observed)
    if observed.exists:
        assert Field.ACTIVE not in excluded or after.active == observed.active
        for field in excluded & observed.texts.keys():
            assert after.texts[field] == observed.texts[field]
        if Field.TAX_BEHAVIOR in excluded:
            assert set(map(terms_by_id, observed.prices)) <= set(map(terms_by_id, after.prices))
    if Field.PRICE in excluded:
        assert (after.default_price, after.prices) == (observed.default_price, observed.prices)
    for step in steps:
        assert not (step.fields & excluded) or isinstance(step, CreatePrice)  # as buyers have it, see `_make_price`


@given(desired_states, observed_states())
def test_nothing_goes_on_sale_at_a_price_that_is_excluded(desired, observed):
    assume(not observed.active)
    after = carry_out(plan(desired, observed, excluded=frozenset({Field.PRICE})), observed)

    assert not after.active


@given(desired_states, observed_states())
def test_no_price_is_made_twice(desired, observed):
    steps = plan(desired, observed)

    if any(isinstance(step, CreatePrice) for step in steps):
        behavior, has_it = desired.terms[Field.TAX_BEHAVIOR], {"unspecified"} | {desired.terms[Field.TAX_BEHAVIOR]}
        fitting = [price for price in observed.prices if price.terms[Field.TAX_BEHAVIOR] in has_it]
        assert desired.price not in [price.spec for price in fitting], behavior


class TestCost:
    """From a state in sync, the number of steps is that of the table in docs/architecture.md."""

    BASE = wanted()

    def cost(self, before: Desired, **changes: Any) -> int:
        return len(plan(but(before, **changes), in_sync(before)))

    @given(desired_states, desired_states)
    def test_is_never_more_than_three_calls(self, before, after):
        assert len(plan(after, in_sync(before))) <= 3

    @given(desired_states)
    def test_create_is_one_call_or_none(self, desired):
        assert len(plan(desired, Observed())) == (0 if desired.price is None else 1)

    @given(desired_states)
    def test_a_save_that_changes_nothing_costs_nothing(self, desired):
        assert plan(desired, in_sync(desired)) == ()

    def test_title_summary_picture_and_status_are_one_call_together(self):
        assert self.cost(self.BASE, name="Oil") == 1
        assert self.cost(self.BASE, published=False) == 1
        assert (
            self.cost(self.BASE, name="Oil", description="", image="https://school.example/a.webp", published=False)
            == 1
        )

    def test_a_new_price_is_three_calls_with_or_without_other_changes(self):
        assert self.cost(self.BASE, price=SPECS[1]) == 3
        assert self.cost(self.BASE, price=SPECS[1], name="Oil", published=False) == 3

    def test_back_to_an_earlier_price_is_three_calls_and_makes_none(self):
        dearer = replace(self.BASE, price=SPECS[1])
        observed = carry_out(plan(dearer, in_sync(self.BASE)), in_sync(self.BASE))
        steps = plan(self.BASE, observed)

        assert [type(step) for step in steps] == [ActivatePrice, UpdateProduct, ArchivePrice]

    def test_to_free_and_back_is_one_call_each(self):
        free = replace(self.BASE, price=None)
        off = carry_out(plan(free, in_sync(self.BASE)), in_sync(self.BASE))

        assert self.cost(self.BASE, price=None) == 1
        assert len(plan(self.BASE, off)) == 1

    def test_a_draft_that_becomes_free_costs_nothing(self):
        assert self.cost(replace(self.BASE, published=False), price=None, published=False) == 0

    def test_a_free_course_costs_nothing_whatever_changes(self):
        free = replace(self.BASE, price=None)
        assert self.cost(free, name="Oil", published=False, description="") == 0


class TestRejections:
    """What Stripe rejected stays out; the rest goes on."""

    WANTED = wanted(image="https://school.example/a.webp", tax_behavior="inclusive")

    @pytest.mark.parametrize("field", sorted(BY_FIELD.keys() - {Field.NAME}))
    def test_a_rejected_text_is_left_out_of_the_create(self, field):
        (step,) = plan(self.WANTED, Observed(), excluded=frozenset({field}))
        assert isinstance(step, CreateProduct)
        assert {**step.texts, **step.terms}.keys() == BY_FIELD.keys() - {field}

    @pytest.mark.parametrize("field", [Field.NAME, Field.PRICE, Field.PRODUCT])
    def test_without_title_or_price_there_is_no_create(self, field):
        assert plan(self.WANTED, Observed(), excluded=frozenset({field})) == ()


class TestTax:
    """How a price is taxed is fixed once it is set (https://docs.stripe.com/api/prices/update)."""

    SOLD, INCLUSIVE, EXCLUSIVE = wanted(), wanted(tax_behavior="inclusive"), wanted(tax_behavior="exclusive")

    def walk(self, *states: Desired) -> tuple[Step, ...]:
        """The plan for the last state, after all before it were reached."""
        *earlier, last = states
        observed = Observed()
        for state in earlier:
            observed = carry_out(plan(state, observed), observed)
        return plan(last, observed)

    def kinds(self, *states: Desired) -> list[type]:
        return [type(step) for step in self.walk(*states)]

    def test_is_said_with_the_new_price_in_one_call(self):
        (step,) = self.walk(self.INCLUSIVE)

        assert isinstance(step, CreateProduct)
        assert step.terms == {Field.TAX_BEHAVIOR: "inclusive"}

    def test_is_set_on_the_price_that_there_is_where_it_was_not_yet(self):
        (step,) = self.walk(self.SOLD, self.INCLUSIVE)

        assert step == UpdatePrice("price_first", {Field.TAX_BEHAVIOR: "inclusive"})
        assert describe([step]) == "Tax on the price becomes “Included in the price”."

    @pytest.mark.parametrize("after", [EXCLUSIVE, SOLD])
    def test_takes_a_new_price_once_it_is_set(self, after):
        assert self.kinds(self.INCLUSIVE, after) == [CreatePrice, UpdateProduct, ArchivePrice]

    def test_back_to_what_an_earlier_price_says_makes_none(self):
        assert self.kinds(self.INCLUSIVE, self.EXCLUSIVE, self.INCLUSIVE) == [
            ActivatePrice,
            UpdateProduct,
            ArchivePrice,
        ]

    def test_of_an_earlier_price_is_set_as_that_comes_back(self):
        dearer = but(self.SOLD, price=SPECS[1])
        activate, *_rest = self.walk(self.SOLD, dearer, self.INCLUSIVE)

        assert activate == ActivatePrice("price_first", SPECS[0], {Field.TAX_BEHAVIOR: "inclusive"})

    def test_of_a_free_course_waits_for_a_price(self):
        free = but(self.SOLD, price=None)

        assert self.walk(self.SOLD, free, but(self.INCLUSIVE, price=None)) == ()
        assert self.kinds(self.SOLD, free, self.INCLUSIVE) == [UpdatePrice, UpdateProduct]

    def test_and_amount_change_together_in_three_calls(self):
        after = but(self.EXCLUSIVE, price=SPECS[1], name="Oil")

        steps = self.walk(self.INCLUSIVE, after)

        assert [type(step) for step in steps] == [CreatePrice, UpdateProduct, ArchivePrice]
        assert describe(steps).startswith(
            "Tax on the price becomes “Added to the price”. New price $59.00 replaces $49.00. Title becomes “Oil”."
        )

    def test_says_why_it_takes_a_new_price(self):
        assert describe(self.walk(self.INCLUSIVE, self.EXCLUSIVE)) == (
            "Tax on the price becomes “Added to the price”. "
            "Stripe never changes that on a price once it is set: a new one of $49.00 takes its place. "
            "People who already bought are not affected; payment links made for the old price stop working."
        )

    def test_excluded_is_for_a_new_price_what_buyers_have(self):
        observed, excluded = in_sync(self.EXCLUSIVE), frozenset({Field.TAX_BEHAVIOR})
        make, *_rest = plan(but(self.INCLUSIVE, price=SPECS[1]), observed, excluded=excluded)

        assert make == CreatePrice(SPECS[1], {Field.TAX_BEHAVIOR: "exclusive"})
        assert plan(self.INCLUSIVE, observed, excluded=excluded) == ()

    def test_a_field_that_is_left_to_stripe_is_in_no_step(self):
        untold = Desired({Field.NAME: "Watercolour"}, published=True, price=SPECS[0])

        assert plan(untold, in_sync(wanted(tax_code="txcd_10000000", tax_behavior="inclusive", description="x"))) == ()


class TestWords:
    SOLD = wanted()

    def say(self, before: Desired | None, after: Desired) -> str:
        steps = plan(after, Observed() if before is None else in_sync(before))
        return describe(steps, price=after.price, before=before.price if before else None)

    def test_name_the_new_price_and_the_one_it_replaces(self):
        assert self.say(self.SOLD, replace(self.SOLD, price=SPECS[1])) == (
            "New price $59.00 replaces $49.00. People who already bought are not affected; "
            "payment links made for the old price stop working."
        )

    def test_say_that_a_first_draft_is_not_on_sale_yet(self):
        draft = replace(self.SOLD, published=False)
        assert self.say(None, draft) == "The price is $49.00. The course is not on sale yet."

    def test_say_at_which_price_a_published_course_goes_on_sale(self):
        assert self.say(replace(self.SOLD, published=False), self.SOLD) == "The course goes on sale at $49.00."
        assert self.say(None, self.SOLD) == "The course goes on sale at $49.00."

    def test_say_who_keeps_a_course_that_goes_off_sale(self):
        assert self.say(self.SOLD, replace(self.SOLD, published=False)) == (
            "The course goes off sale. People who already bought keep it; payment links stop working."
        )

    def test_name_several_changes_in_one_text(self):
        after = but(self.SOLD, name="Oil", description="Anew", image="https://school.example/a.webp")
        assert self.say(self.SOLD, after) == "Title becomes “Oil”. Summary updated. Picture updated."

    def test_say_that_an_earlier_price_comes_back(self):
        dearer = replace(self.SOLD, price=SPECS[1])
        observed = carry_out(plan(dearer, in_sync(self.SOLD)), in_sync(self.SOLD))
        assert describe(plan(self.SOLD, observed)).startswith("The earlier price $49.00 replaces $59.00.")

    @pytest.mark.parametrize("after", [SPECS[1], PriceSpec(5900, "usd", "month")])
    def test_of_a_subscription_say_what_subscribers_go_on_paying(self, after):
        monthly = replace(self.SOLD, price=PriceSpec(4900, "usd", "month"))
        assert self.say(monthly, replace(monthly, price=after)).endswith(
            "People who already subscribe go on paying $49.00 a month."
        )

    def test_say_what_becomes_of_a_subscription_that_goes_off_sale(self):
        monthly = replace(self.SOLD, price=PriceSpec(4900, "usd", "month"))
        for after in (replace(monthly, published=False), replace(monthly, price=None)):
            assert "People who already subscribe go on paying $49.00 a month." in self.say(monthly, after)

    def test_say_what_is_removed(self):
        before = but(self.SOLD, image="https://school.example/a.webp")
        assert self.say(before, but(self.SOLD, description="")) == "Summary removed. Picture removed."

    @given(desired_states, observed_states(), held_fields)
    def test_are_whole_sentences_whatever_the_plan(self, desired, observed, excluded):
        steps = plan(desired, observed, excluded=excluded)

        words = describe(steps, price=desired.price)

        assert bool(words) == bool(steps)
        assert not words or (words[0].isupper() and words.endswith("."))
        assert "None" not in words

    def test_are_none_where_nothing_changes(self):
        assert self.say(self.SOLD, self.SOLD) == ""

    def test_do_without_an_amount_for_a_price_that_a_course_cannot_express(self):
        metered = ObservedPrice("price_x", None, active=True)
        observed = replace(in_sync(self.SOLD), prices=(*in_sync(self.SOLD).prices, metered))
        assert describe(plan(self.SOLD, observed)).startswith("No longer sold: a price made in Stripe.")

    def test_say_that_another_price_becomes_the_one_that_is_sold(self):
        observed = in_sync(self.SOLD)
        other = replace(observed.prices[0], id="price_other", spec=SPECS[1], created=9)
        observed = replace(observed, prices=(*observed.prices, other))
        steps = plan(replace(self.SOLD, price=SPECS[1]), observed)
        assert describe(steps).startswith("Price $59.00 replaces $49.00.")
