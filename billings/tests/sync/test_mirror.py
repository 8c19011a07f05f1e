"""What Stripe holds is mirrored; what nobody here asked for is drift."""

from contextlib import suppress
from typing import Any

import pytest

from billings.drift.decisions import restore_local_value
from billings.models import Drift, Rejection
from billings.money import PriceSpec
from billings.product_fields import Field
from billings.status import describe, state_of
from billings.sync.converge import Result
from billings.tests.support.drifting import (
    add_price,
    ask_for_a_read,
    edit,
    edit_price,
    no_drift,
    open_drift,
    read,
)
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import Killed, at_call, kill
from billings.tests.support.sold import USD49, USD59
from tools.testing.sandbox import Sandbox

USD39 = PriceSpec(3900, "usd")
PICTURE = "https://school.example/cover.webp"
EDITS = [
    ({"name": "Oil"}, Field.NAME, "Watercolour", "Oil"),
    ({"description": "For everyone"}, Field.DESCRIPTION, "For beginners", "For everyone"),
    ({"description": ""}, Field.DESCRIPTION, "For beginners", ""),
    ({"images": [PICTURE]}, Field.IMAGE, "", PICTURE),
    ({"active": False}, Field.ACTIVE, True, False),
]


def new_writes(sandbox: Sandbox, since: int) -> list[dict[str, Any]]:
    return sandbox.writes()[since:]


class TestARead:
    def test_of_what_the_mirror_says_changes_nothing(self, sold, sandbox):
        generation = sold.product.generation

        read(sold)

        assert no_drift(sold)
        assert sold.product.generation == generation
        assert len(sandbox.writes()) == 1

    def test_costs_a_call_for_the_product_and_one_for_each_kind_of_price(self, sold, sandbox):
        read(sold)

        reads = [(call["path"], call["params"].get("active")) for call in sandbox.calls()[1:]]
        assert reads == [
            (f"/v1/products/{sold.product.stripe_id}", None),
            ("/v1/prices", "true"),
            ("/v1/prices", "false"),
        ]

    def test_before_there_is_an_id_asks_whether_there_is_a_product_under_the_one_it_would_get(self, make_sold, sandbox):
        free = make_sold(price=None)

        read(free)

        (call,) = sandbox.calls()
        assert call["params"]["ids"] == {"0": f"course_{free.course.id.hex}"}
        assert free.product.reads_done == 1
        assert free.product.stripe_id == ""

    def test_without_an_answer_whether_there_is_a_product_is_asked_again(self, make_sold, sandbox):
        free = make_sold(price=None)
        ask_for_a_read(free)
        sandbox.fault("reset", path="^/v1/products$")

        assert free.converge() is Result.FAILED
        assert free.converge() is Result.DONE

    @pytest.mark.parametrize(("body", "field", "local", "remote"), EDITS)
    def test_finds_what_someone_changed_in_the_dashboard(self, sold, sandbox, body, field, local, remote):
        edit(sandbox, sold, **body)
        generation = sold.product.generation

        read(sold)

        drift = open_drift(sold)
        assert (drift.field, drift.local_value, drift.remote_value) == (field, local, remote)
        assert sold.product.generation == generation + 1
        assert state_of(sold.product) == "drift"
        assert len(sandbox.writes()) == 1, "nothing is undone before somebody decides"

    def test_knows_one_drift_however_often_it_is_read(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        read(sold)
        generation = sold.product.generation

        read(sold)

        assert sold.product.drifts.count() == 1
        assert sold.product.generation == generation

    def test_follows_a_second_edit_and_remembers_the_value_before_the_first(self, sold, sandbox):
        for name in ("Oil", "Pastel"):
            edit(sandbox, sold, name=name)
            read(sold)

        drift = open_drift(sold)
        assert (drift.local_value, drift.remote_value) == ("Watercolour", "Pastel")
        assert sold.product.observed_name == "Pastel"

    def test_sees_an_edit_taken_back(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        read(sold)
        generation = sold.product.generation

        edit(sandbox, sold, name="Watercolour")
        read(sold)

        assert sold.product.drifts.get().decision == Drift.Decision.REVERTED
        assert sold.product.generation == generation + 1
        assert_in_sync(sold, sandbox)

    def test_takes_what_is_desired_anyway_for_ours(self, sold, sandbox):
        sold.listing(name="Oil")
        edit(sandbox, sold, name="Oil")

        read(sold)

        assert no_drift(sold)
        assert len(sandbox.writes()) == 1
        assert_in_sync(sold, sandbox)

    @pytest.mark.parametrize("generation", ["9" * 20, "9" * 500])
    def test_does_not_trip_over_a_generation_that_is_none(self, sold, sandbox, generation):
        edit(sandbox, sold, metadata={"generation": generation})
        ask_for_a_read(sold)
        sold.price(USD59)

        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)

    def test_does_not_trip_over_metadata_that_a_person_wrote(self, sold, sandbox):
        edit(sandbox, sold, metadata={"generation": "a person's note"})

        read(sold)

        assert sold.product.metadata_generation == 0
        assert no_drift(sold)


class TestAReadOfPrices:
    def test_finds_a_price_changed_in_the_dashboard(self, sold, sandbox):
        price_id = edit_price(sandbox, sold, 3900)

        read(sold)

        drift = open_drift(sold)
        assert drift.field == Field.PRICE
        assert (drift.local_value["words"], drift.remote_value["words"]) == ("$49.00", "$39.00")
        assert sold.product.observed_default_price == price_id
        assert "The price was changed in Stripe to $39.00." in describe(sold.product, staff=False).sentence

    def test_finds_a_second_active_price(self, sold, sandbox):
        add_price(sandbox, sold)

        read(sold)

        assert open_drift(sold).remote_value["words"] == "$49.00 + $39.00"
        assert len(sandbox.prices(active=True)) == 2

    def test_finds_an_old_price_made_active_again(self, sold, sandbox):
        old = sold.product.observed_default_price
        sold.price(USD59)
        sold.converge()
        sandbox.dashboard(f"prices/{old}/activate")

        read(sold)

        assert open_drift(sold).field == Field.PRICE

    def test_finds_the_default_moved_to_another_price(self, sold, sandbox):
        other = add_price(sandbox, sold)
        sandbox.dashboard(f"prices/{other}/default")

        read(sold)

        assert open_drift(sold).remote_value["default"] == other

    def test_finds_the_default_taken_away(self, sold, sandbox):
        edit(sandbox, sold, default_price="")

        read(sold)

        remote = open_drift(sold).remote_value
        assert (remote["default"], remote["words"]) == ("", "$49.00")
        assert remote["active"] == [price["id"] for price in sandbox.prices()]

    def test_finds_the_price_deleted(self, sold, sandbox):
        (price,) = sandbox.prices()
        sandbox.dashboard(f"prices/{price['id']}/delete")

        read(sold)

        assert open_drift(sold).remote_value["words"] == "—"
        assert sold.product.prices.get().gone

    def test_does_not_mind_an_archived_price_that_nobody_can_buy(self, sold, sandbox):
        other = add_price(sandbox, sold)
        sandbox.dashboard(f"prices/{other}/archive")

        read(sold)

        assert no_drift(sold)
        assert sold.product.prices.filter(stripe_id=other, active=False).exists()

    @pytest.mark.parametrize(
        "terms",
        [
            {"recurring": {"interval": "month", "interval_count": 3}},
            {"recurring": {"interval": "month", "trial_period_days": 7}},
            {"recurring": {"interval": "week"}},
            {"transform_quantity": {"divide_by": 10, "round": "up"}},
            {"unit_amount": None, "custom_unit_amount": {"enabled": True}},
        ],
        ids=lambda terms: next(iter(terms)),
    )
    def test_never_takes_a_price_that_a_course_cannot_express_for_a_wanted_one(self, sold, sandbox, terms):
        terms = {name: value for name, value in ({"unit_amount": 4900} | terms).items() if value is not None}
        body = {"currency": "usd", "product": sold.product.stripe_id} | terms
        strange = sandbox.dashboard("prices", **body)["id"]

        read(sold)

        assert sold.product.prices.get(stripe_id=strange).spec is None
        assert strange in open_drift(sold).remote_value["active"]
        assert "a price that only Stripe can show" in open_drift(sold).remote_value["words"]

    def test_reuses_a_price_that_someone_made_in_the_dashboard(self, sold, sandbox):
        other = add_price(sandbox, sold)
        sandbox.dashboard(f"prices/{other}/archive")
        read(sold)

        sold.price(USD39)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert sold.product.observed_default_price == other
        assert len(sandbox.prices()) == 2

    def test_sees_a_price_edit_taken_back(self, sold, sandbox):
        old = sold.product.observed_default_price
        new = edit_price(sandbox, sold, 3900)
        read(sold)

        sandbox.dashboard(f"prices/{old}/activate")
        sandbox.dashboard(f"prices/{old}/default")
        sandbox.dashboard(f"prices/{new}/archive")
        read(sold)

        assert sold.product.drifts.get().decision == Drift.Decision.REVERTED
        assert_in_sync(sold, sandbox)

    def test_of_hundreds_of_prices_turns_every_page(self, sold, sandbox):
        made = [add_price(sandbox, sold, unit_amount=10_000 + number) for number in range(101)]
        for price_id in made:
            sandbox.dashboard(f"prices/{price_id}/archive")

        read(sold)

        assert sold.product.prices.count() == 102
        assert len(sandbox.calls()) == 1 + 4


class TestADrift:
    """Held out of plans until someone decides, or sets that very field to something new."""

    def test_of_the_price_is_neither_undone_nor_adopted_by_mending_the_title(self, sold, sandbox):
        remote = edit_price(sandbox, sold, 3900)
        read(sold)

        sold.listing(name="Watercolour for all")
        assert sold.converge() is Result.DONE

        (product,) = sandbox.products()
        assert product["name"] == "Watercolour for all"
        assert product["default_price"] == remote
        assert [call["path"] for call in new_writes(sandbox, 1)] == [f"/v1/products/{product['id']}"]
        assert open_drift(sold).field == Field.PRICE
        assert sold.product.price == USD49

    def test_of_the_price_keeps_a_draft_from_going_on_sale_at_it(self, make_sold, sandbox):
        draft = make_sold(published=False)
        draft.converge()
        edit_price(sandbox, draft, 3900)
        read(draft)

        draft.listing(status="published")
        assert draft.converge() is Result.DONE

        assert not sandbox.products()[0]["active"]

    def test_of_the_price_keeps_no_course_from_going_off_sale(self, sold, sandbox):
        edit_price(sandbox, sold, 3900)
        read(sold)

        sold.listing(status="draft")
        assert sold.converge() is Result.DONE

        assert not sandbox.products()[0]["active"]

    @pytest.mark.parametrize("price", [USD59, USD39], ids=["another price", "the price of the Dashboard"])
    def test_of_the_price_ends_when_a_new_price_is_set(self, sold, sandbox, price):
        edit_price(sandbox, sold, 3900)
        read(sold)

        sold.price(price)
        assert sold.converge() is Result.DONE

        assert sold.product.drifts.get().decision == Drift.Decision.REPLACED
        assert_in_sync(sold, sandbox)

    def test_of_the_title_ends_when_a_new_title_is_set(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        read(sold)

        sold.listing(name="Pastel")
        assert sold.converge() is Result.DONE

        assert sold.product.drifts.get().decision == Drift.Decision.REPLACED
        assert_in_sync(sold, sandbox)

    def test_of_the_title_outlives_a_save_that_leaves_the_title_alone(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        read(sold)

        sold.listing(description="For everyone")
        assert sold.converge() is Result.DONE

        (product,) = sandbox.products()
        assert (product["name"], product["description"]) == ("Oil", "For everyone")
        assert open_drift(sold).field == Field.NAME

    def test_that_two_edits_made_is_two_drifts(self, sold, sandbox):
        edit(sandbox, sold, name="Oil", active=False)

        read(sold)

        assert set(sold.product.drifts.values_list("field", flat=True)) == {Field.NAME, Field.ACTIVE}

    def test_of_a_deleted_product_stops_every_write(self, sold, sandbox):
        sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")
        read(sold)

        sold.listing(name="Pastel")
        sold.price(USD59)
        assert sold.converge() is Result.DONE

        assert open_drift(sold).field == Field.PRODUCT
        assert not sold.product.exists
        assert not sold.product.prices.filter(gone=False).exists()
        assert sandbox.products() == []
        assert len(sandbox.writes()) == 1

    def test_ends_with_the_product_so_that_it_can_be_made_again(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        edit_price(sandbox, sold, 3900)
        read(sold)
        sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")
        read(sold)

        restore_local_value(open_drift(sold), shown="", actor=None)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert sold.product.price == USD49

    def test_of_a_deleted_product_is_found_by_the_next_save_too(self, sold, sandbox):
        sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")

        sold.listing(name="Pastel")
        assert sold.converge() is Result.DONE

        assert open_drift(sold).field == Field.PRODUCT
        assert not Rejection.objects.exists()
        assert state_of(sold.product) == "drift"


class TestAnAnswer:
    """From an answer to our own call we take the fields we sent; what else differs from the mirror is drift too."""

    @pytest.mark.parametrize(("body", "field", "local", "remote"), EDITS[1:])
    def test_shows_an_edit_of_another_field(self, sold, sandbox, body, field, local, remote):
        edit(sandbox, sold, **body)

        sold.listing(name="Pastel")
        assert sold.converge() is Result.DONE

        drift = open_drift(sold)
        assert (drift.field, drift.local_value, drift.remote_value) == (field, local, remote)
        assert len(sandbox.writes()) == 2

    def test_of_the_field_we_set_shows_none(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")

        sold.listing(name="Pastel")
        assert sold.converge() is Result.DONE

        assert no_drift(sold)
        assert_in_sync(sold, sandbox)

    def test_with_a_strange_default_price_asks_which_price_that_is(self, sold, sandbox):
        remote = edit_price(sandbox, sold, 3900)

        sold.listing(name="Pastel")
        assert sold.converge() is Result.DONE

        assert open_drift(sold).remote_value["words"] == "$39.00"
        assert sold.product.prices.get(stripe_id=remote).spec == USD39
        assert sandbox.products()[0]["default_price"] == remote

    def test_with_a_strange_default_price_leads_to_no_second_price_of_the_same_terms(self, sold, sandbox):
        edit_price(sandbox, sold, 3900)
        sold.listing(name="Pastel")
        sold.converge()

        sold.price(USD39)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) == 2


class TestAReadAskedForDuringARead:
    def test_stays_wanted(self, sold, sandbox, monkeypatch):
        """An edit behind the GET that would have shown it; its event comes before the read is stored."""

        def edited() -> None:
            edit(sandbox, sold, name="Oil")
            ask_for_a_read(sold)

        at_call(monkeypatch, 1, after=edited)

        read(sold)

        assert sold.product.reads_done == sold.product.reads_requested == 2
        assert open_drift(sold).remote_value == "Oil"

    def test_stays_wanted_when_the_process_dies_behind_the_first(self, sold, sandbox, monkeypatch):
        at_call(monkeypatch, 3, after=lambda: ask_for_a_read(sold))
        at_call(monkeypatch, 4, before=kill)
        ask_for_a_read(sold)
        with suppress(Killed):
            sold.converge()

        assert (sold.product.reads_done, sold.product.reads_requested) == (1, 2)
