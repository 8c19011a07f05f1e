"""A price in further currencies is drift wherever it is found."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from billings.drift import decisions
from billings.drift.decisions import Inexpressible
from billings.models import BillingPrice, Drift, StripeRequest
from billings.product_fields import Field
from billings.status import as_json, describe, state_of
from billings.sync.events import store
from billings.sync.sweep import sweep
from billings.tests.support.drifting import ask_for_a_read, edit_price, no_drift, open_drift, read
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD49, USD59, Sold
from tools.testing.sandbox import Sandbox

EURO = {"eur": {"unit_amount": 100}}
OPTIONS = [
    (EURO, "€1.00"),
    ({"eur": {"unit_amount": 100}, "jpy": {"unit_amount": 4900}}, "€1.00 and ¥4,900"),
    ({"kwd": {"unit_amount": 12340}}, "KWD 12.340"),
    ({"eur": {"unit_amount_decimal": "99.5"}}, "an amount in EUR that only Stripe can show"),
    ({"eur": {"custom_unit_amount": {"enabled": True, "minimum": 50}}}, "an amount in EUR that buyers choose"),
    ({"eur": {"tiers": [{"up_to": "inf", "flat_amount": 100}]}}, "an amount in EUR that only Stripe can show"),
]


def add_currencies(sandbox: Sandbox, sold: Sold, options: Any = EURO) -> None:
    sandbox.dashboard(f"prices/{sold.product.observed_default_price}", currency_options=options)


def words(sold: Sold) -> str:
    return describe(sold.product, staff=False).sentence.replace("\N{NO-BREAK SPACE}", " ")


class TestARead:
    @pytest.mark.parametrize(("options", "shown"), OPTIONS)
    def test_finds_further_currencies_and_says_what_they_cost(self, sold, sandbox, options, shown):
        add_currencies(sandbox, sold, options)

        read(sold)

        assert open_drift(sold).field == Field.PRICE
        assert state_of(sold.product) == "drift"
        assert f"Stripe now also sells it at {shown}." in words(sold)
        assert f"also sells it at {shown}" in str(as_json(sold.product)["error"]).replace("\N{NO-BREAK SPACE}", " ")
        assert sold.product.prices.get().spec is None

    def test_makes_no_call_more_than_it_did(self, sold, sandbox):
        calls = len(sandbox.calls())

        read(sold)

        assert len(sandbox.calls()) == calls + 3

    def test_takes_the_prices_own_currency_for_no_other(self, sold, sandbox):
        read(sold)

        assert no_drift(sold)
        assert sold.product.prices.get().currency_options == {}

    def test_tells_another_amount_from_the_one_that_was_seen(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)
        add_currencies(sandbox, sold, {"eur": {"unit_amount": 200}})

        read(sold)

        assert "also sells it at €2.00" in words(sold)

    def test_closes_the_drift_when_the_currencies_are_gone_again(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)
        add_currencies(sandbox, sold, "")

        read(sold)

        assert sold.product.drifts.get().decision == Drift.Decision.REVERTED
        assert_in_sync(sold, sandbox)

    def test_is_not_fooled_by_an_edit_that_comes_with_our_own_indeterminate_request(self, sold, sandbox):
        """The price that was made and is not known of here sells in euros by the time that it is found."""
        sandbox.fault("500", method="POST", when="after", stored=True)
        sold.price(USD59)
        sold.converge()
        made = next(price for price in sandbox.prices() if price["unit_amount"] == 5900)
        sandbox.dashboard(f"prices/{made['id']}", currency_options=EURO)

        sold.converge()
        sold.converge()

        assert sold.product.prices.get(stripe_id=made["id"]).currency_options == EURO
        assert sold.product.observed_default_price != made["id"]


class TestAPriceThatAlsoSellsInEuros:
    def test_is_not_brought_back_as_if_it_were_plain(self, sold, sandbox):
        first = sold.product.observed_default_price
        sold.price(USD59)
        sold.converge()
        sandbox.dashboard(f"prices/{first}", currency_options=EURO)

        sold.price(USD49)
        sold.converge()

        assert_in_sync(sold, sandbox)
        assert sold.product.observed_default_price != first
        assert not next(price for price in sandbox.prices() if price["id"] == first)["active"]

    def test_is_replaced_when_the_teacher_sets_another_price(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)

        sold.price(USD59)
        sold.converge()

        assert_in_sync(sold, sandbox)

    def test_is_left_alone_by_a_change_of_the_title(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)

        sold.listing(name="Oil")
        sold.converge()

        assert state_of(sold.product) == "drift"
        assert sandbox.products()[0]["name"] == "Oil"
        assert len(sandbox.prices()) == 1


@pytest.mark.django_db(transaction=True)
class TestADecision:
    def test_to_restore_makes_a_price_in_one_currency(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)
        drift = open_drift(sold)

        decisions.restore_local_value(drift, shown=drift.remote_value, actor=None)

        assert_in_sync(sold, sandbox)
        assert sold.product.observed_default_price != drift.local_value["default"]
        assert [price.currency_options for price in sold.product.prices.filter(active=True)] == [{}]

    def test_to_accept_is_rejected_in_words(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)
        drift = open_drift(sold)

        with pytest.raises(Inexpressible, match="one currency, and this price also sells at €1"):
            decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=None, adopt=lambda field, value: None)

        (choice,) = describe(sold.product, staff=True).drifts
        assert (choice.restore_label, choice.accept_label) == ("Restore $49.00", None)

    def test_to_accept_another_price_that_sells_in_euros_is_rejected_too(self, sold, sandbox):
        other = edit_price(sandbox, sold, 3900)
        sandbox.dashboard(f"prices/{other}", currency_options=EURO)
        read(sold)
        drift = open_drift(sold)

        with pytest.raises(Inexpressible, match="one currency"):
            decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=None, adopt=lambda field, value: None)

    def test_on_what_was_shown_does_not_reach_what_came_later(self, sold, sandbox):
        add_currencies(sandbox, sold)
        read(sold)
        drift = open_drift(sold)
        add_currencies(sandbox, sold, {"eur": {"unit_amount": 200}})

        with pytest.raises(decisions.MovedOn):
            decisions.restore_local_value(drift, shown=drift.remote_value, actor=None)


class TestWebhooks:
    def test_of_the_edit_ask_for_a_read(self, sold, sandbox):
        add_currencies(sandbox, sold)
        store(sandbox.events()[0])

        sweep()

        assert "also sells it at €1.00" in words(sold)

    def test_that_name_a_call_of_ours_but_show_another_currency_are_no_echo(self, sold, sandbox):
        call = sold.product.requests.get()
        add_currencies(sandbox, sold)
        event = sandbox.events()[0]
        event["request"] = {"id": call.request_id, "idempotency_key": call.key}
        event["data"]["object"]["currency_options"] = {"usd": {"unit_amount": 4900}} | EURO
        event["data"]["previous_attributes"] = {"currency_options": {"usd": {"unit_amount": 4900}}}
        store(event)

        sweep()

        assert state_of(sold.product) == "drift"


@pytest.mark.django_db(transaction=True)
class TestReconcile:
    def test_names_the_course_and_repairs_it(self, sold, sandbox, capsys):
        add_currencies(sandbox, sold)

        with pytest.raises(SystemExit):
            call_command("reconcile", "--json")

        (drift,) = json.loads(capsys.readouterr().out)["drift"]
        assert (drift["course_id"], drift["field"]) == (str(sold.course.id), "price")
        assert drift["words"] == "Stripe now also sells it at €1.00."
        call_command("reconcile", "--repair")
        assert_in_sync(sold, sandbox)

    def test_finds_what_was_there_before_this_was_looked_at(self, sold, sandbox):
        """A database of an earlier version, with the drift overlooked until now."""
        add_currencies(sandbox, sold)
        BillingPrice.objects.update(currency_options={})

        with pytest.raises(SystemExit):
            call_command("reconcile")

        assert state_of(sold.product) == "drift"

    def test_of_many_rows_read_together_finds_it_as_well(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr("billings.sync.bulk_reads.FEWEST_ROWS", 1)
        monkeypatch.setattr("billings.sync.bulk_reads.WORTHWHILE", 10)
        add_currencies(sandbox, sold)
        ask_for_a_read(sold)

        sweep()

        assert state_of(sold.product) == "drift"


def test_an_answer_to_a_call_from_before_an_upgrade_takes_nothing_away(sold, sandbox):
    """Its parameters are repeated as they were, and so it does not show currencies."""
    add_currencies(sandbox, sold)
    read(sold)
    sold.price(USD59)
    sandbox.fault("reset", method="POST", path="^/v1/prices/")
    sold.converge()
    StripeRequest.objects.filter(resolved_at=None).update(params={"active": False})

    sold.converge()

    assert_in_sync(sold, sandbox)
    assert sold.product.prices.get(unit_amount=4900).currency_options == EURO
