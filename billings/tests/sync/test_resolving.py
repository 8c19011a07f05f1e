"""An open request is resolved before anything new is planned: by its own key or, once that has expired, by a read."""

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from billings.models import BillingProduct, StripeRequest, Trouble, WriteBudget
from billings.plan import plan
from billings.stripe_api.rate_limit import PAUSE_SECONDS
from billings.sync import converge as converge_module
from billings.sync.converge import (
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    LANDED_AFTER,
    LEAST_SECONDS,
    MAX_TURNS,
    Result,
    backoff_seconds,
    converge,
)
from billings.tests.support.drifting import add_price, ask_for_a_read
from billings.tests.support.due import forget_the_lease
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import Killed, at_call, kill
from billings.tests.support.sold import USD49, USD59, Sold
from tools.processes import until

# Stripe forgets a key after 24 hours; none is sent beyond 22.
STILL_ALIVE, TOO_OLD = timedelta(hours=21, minutes=59), timedelta(hours=22, minutes=1)


def open_call(sold: Sold) -> StripeRequest:
    return sold.product.requests.get(resolved_at=None)


def age(call: StripeRequest, *, created: timedelta, sent: timedelta | None) -> None:
    now = timezone.now()
    StripeRequest.objects.filter(pk=call.pk).update(
        created_at=now - created, last_sent_at=None if sent is None else now - sent
    )


class TestAnOpenCall:
    def test_is_repeated_to_the_letter_though_the_course_has_moved_on(self, sold, sandbox):
        sandbox.fault("reset", method="POST", when="after")
        sold.listing(name="Oil")
        sold.converge()
        sold.listing(name="Pastel")

        assert sold.converge() is Result.DONE

        first, again, new = sandbox.writes()[1:]
        assert (again["idempotency_key"], again["params"]) == (first["idempotency_key"], first["params"])
        assert new["idempotency_key"] != first["idempotency_key"]
        assert [call["params"]["name"] for call in (first, again, new)] == ["Oil", "Oil", "Pastel"]
        assert_in_sync(sold, sandbox)

    def test_is_there_before_stripe_hears_of_it(self, sold, sandbox, monkeypatch):
        at_call(monkeypatch, 1, before=kill)
        sold.price(USD59)

        with suppress(Killed):
            sold.converge()

        call = open_call(sold)
        assert (call.step, call.sends, call.account) == ("create_price", 1, sold.product.account)
        assert len(sandbox.writes()) == 1

    def test_keeps_its_row_in_the_queue(self, sold, sandbox, monkeypatch):
        at_call(monkeypatch, 1, before=kill)
        sold.price(USD59)
        with suppress(Killed):
            sold.converge()

        assert sold.product.generation > sold.product.observed_generation

    def test_leaves_the_mirror_as_it_was_until_the_answer(self, sold, sandbox, monkeypatch):
        mirror = sold.product.observed()
        at_call(monkeypatch, 1, after=kill)
        sold.listing(name="Pastel")

        with suppress(Killed):
            sold.converge()

        assert sandbox.products()[0]["name"] == "Pastel"
        assert sold.product.observed() == mirror

    def test_remembers_how_often_it_was_sent_and_when_last(self, sold, sandbox):
        sandbox.fault("reset", method="POST", times=2)
        sold.listing(name="Pastel")
        for _ in range(3):
            sold.converge()

        call = sold.product.requests.first()
        assert call.sends == 3
        assert call.created_at < call.last_sent_at < call.resolved_at

    def test_keeps_what_stripe_answered(self, sold, sandbox):
        sandbox.fault("503", method="POST")
        sold.listing(name="Pastel")
        sold.converge()
        failed = open_call(sold)
        assert (failed.http_status, failed.request_id) == (503, sandbox.calls()[-1]["request_id"])
        assert failed.error_message

        sold.converge()
        resolved = sold.product.requests.first()
        assert (resolved.outcome, resolved.http_status, resolved.error_message) == ("succeeded", 200, "")
        assert resolved.request_id == sandbox.calls()[-1]["request_id"]

    @pytest.mark.parametrize("kind", ["401", "403", "409", "429", "lock", "503", "reset"])
    def test_stays_open_where_stripe_gave_no_verdict(self, sold, sandbox, kind):
        sandbox.fault(kind, method="POST")
        sold.listing(name="Pastel")

        assert sold.converge() is Result.FAILED

        assert open_call(sold).sends == 1
        assert sold.product.next_attempt_at > open_call(sold).last_sent_at
        assert sold.product.lease_expires_at is None

    def test_of_a_row_that_agrees_but_for_the_plan_raises_the_generation(self, sold, sandbox):
        """As if a new version of the code planned otherwise: an open call must leave its row behind."""
        BillingProduct.objects.filter(pk=sold.row.pk).update(desired_name="Pastel")
        sandbox.fault("reset", method="POST")

        sold.converge()

        assert sold.product.generation == sold.product.observed_generation + 1
        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)


class TestADeadKey:
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_is_not_sent_but_read_back(self, sold, sandbox, when):
        sandbox.fault("reset", method="POST", when=when)
        sold.price(USD59)
        sold.converge()
        dead = open_call(sold)
        age(dead, created=TOO_OLD, sent=LANDED_AFTER + timedelta(minutes=1))

        assert sold.converge() is Result.DONE

        dead.refresh_from_db()
        assert dead.outcome == StripeRequest.Outcome.INDETERMINATE
        assert [call["idempotency_key"] for call in sandbox.writes()].count(dead.key) == 1
        assert not sold.product.drifts.exists()
        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) == 2

    def test_is_not_read_back_while_its_last_send_may_still_land(self, sold, sandbox):
        sandbox.fault("reset", method="POST")
        sold.price(USD59)
        sold.converge()
        dead = open_call(sold)
        age(dead, created=TOO_OLD, sent=LANDED_AFTER - timedelta(minutes=1))
        calls = len(sandbox.calls())

        assert sold.converge() is Result.FAILED

        assert len(sandbox.calls()) == calls
        dead.refresh_from_db()
        assert sold.product.next_attempt_at == dead.last_sent_at + LANDED_AFTER
        assert sold.product.lease_expires_at is None

    def test_that_was_never_sent_is_read_back_at_once(self, sold, sandbox, monkeypatch):
        at_call(monkeypatch, 1, before=kill)
        sold.price(USD59)
        with suppress(Killed):
            sold.converge()
        forget_the_lease(sold)
        age(open_call(sold), created=TOO_OLD, sent=None)

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_is_alive_until_its_last_hour(self, sold, sandbox):
        sandbox.fault("reset", method="POST", when="after")
        sold.price(USD59)
        sold.converge()
        age(open_call(sold), created=STILL_ALIVE, sent=STILL_ALIVE)

        assert sold.converge() is Result.DONE

        assert sandbox.writes()[1]["idempotency_key"] == sandbox.writes()[2]["idempotency_key"]
        assert_in_sync(sold, sandbox)


class TestASaveMeanwhile:
    @pytest.mark.parametrize("nth", [1, 2, 3])
    @pytest.mark.parametrize("side", ["before", "after"])
    def test_at_any_call_of_a_price_change_is_converged_too(self, sold, sandbox, monkeypatch, nth, side):
        at_call(monkeypatch, nth, **{side: lambda: (sold.listing(name="Pastel"), sold.price(USD49))})
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) <= 2

    def test_between_plan_and_commit_makes_the_plan_history(self, make_sold, sandbox, monkeypatch):
        """The first call, whose key this is, comes right between the two."""
        sold = make_sold()
        at_call(monkeypatch, 1, after=lambda: sold.price(USD59))

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert len(sandbox.writes()) == len(sandbox.prices()) == 1

    def test_right_before_the_end_is_not_taken_for_converged(self, sold, sandbox, monkeypatch):
        saves = iter([lambda: sold.listing(name="Pastel")])

        def plan_and_save(*values, **excluded):
            steps = plan(*values, **excluded)
            if not steps:
                next(saves, lambda: None)()
            return steps

        monkeypatch.setattr(converge_module, "plan", plan_and_save)

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)


class TestTheEnd:
    def test_of_more_turns_than_any_plan_takes_comes_and_goes_on_later(self, sold, sandbox):
        for number in range(MAX_TURNS):
            add_price(sandbox, sold, unit_amount=10_000 + number)
        BillingProduct.objects.filter(pk=sold.row.pk).update(reads_requested=1)
        sold.converge()
        sold.price(USD59)

        assert sold.converge() is Result.FAILED
        assert (sold.product.trouble, sold.product.lease_expires_at) == (Trouble.FAILING, None)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_of_the_budget_leaves_the_rest_for_the_worker_now(self, sold, sandbox):
        sold.price(USD59)

        assert converge(sold.row.pk, budget=0) is Result.LATER

        assert len(sandbox.calls()) == 1
        assert sold.product.next_attempt_at <= timezone.now()
        assert (sold.product.lease_expires_at, sold.product.trouble, sold.product.attempts) == (None, "", 0)

    def test_of_the_budget_that_is_too_near_begins_no_call(self, sold, sandbox):
        """Or Stripe would be blamed for not answering at once."""
        sandbox.fault("block", method="POST")
        sold.listing(name="Oil")

        assert converge(sold.row.pk, budget=LEAST_SECONDS / 2) is Result.LATER

        assert sold.product.trouble == ""
        assert len(sandbox.writes()) == 1

    def test_of_the_budget_comes_where_the_turn_to_write_would_be_later(self, sold, sandbox, settings):
        settings.STRIPE_MAX_WRITES_PER_SECOND = 1
        soon = timezone.now() + timedelta(minutes=2)
        WriteBudget.objects.update_or_create(pk=WriteBudget.ONLY, defaults={"next_slot_at": soon})
        sold.listing(name="Oil")

        assert converge(sold.row.pk, budget=60) is Result.LATER

        assert len(sandbox.writes()) == 1
        assert not sold.product.requests.filter(resolved_at=None).exists()

    def test_of_the_budget_of_one_who_lost_the_lease_meanwhile_writes_nothing(self, make_sold, sandbox, monkeypatch):
        sold, budget = make_sold(), 0.1
        give_up_at = time.monotonic() + budget

        def too_late() -> None:
            until(lambda: time.monotonic() > give_up_at + budget)
            forget_the_lease(sold)
            converge_module.lease.take(sold.row.pk, seconds=60)

        BillingProduct.objects.filter(pk=sold.row.pk).update(next_attempt_at=None)
        at_call(monkeypatch, 1, after=too_late)

        assert converge(sold.row.pk, budget=5 * budget) in (Result.BUSY, Result.FAILED)

        assert sold.product.next_attempt_at is None
        assert sold.product.lease_expires_at is not None


def test_a_slot_in_the_far_future_stops_nobody(sold, sandbox):
    """As a clock that was wrong leaves it behind."""
    in_a_year = timezone.now() + timedelta(days=365)
    WriteBudget.objects.update_or_create(pk=WriteBudget.ONLY, defaults={"next_slot_at": in_a_year})
    sold.listing(name="Oil")

    assert converge(sold.row.pk, budget=60) is Result.DONE


class TestARead:
    def test_by_a_worker_takes_turns_with_what_is_written(self, sold, sandbox, settings):
        ask_for_a_read(sold)
        before = timezone.now()
        settings.STRIPE_MAX_WRITES_PER_SECOND = 100

        assert converge(sold.row.pk) is Result.DONE

        assert WriteBudget.objects.get().next_slot_at >= before + timedelta(seconds=3 / 100)

    def test_that_comes_too_soon_slows_everyone(self, sold, sandbox):
        ask_for_a_read(sold)
        sandbox.fault("429", method="GET")
        before = timezone.now()

        assert converge(sold.row.pk) is Result.FAILED

        assert WriteBudget.objects.get().next_slot_at >= before + timedelta(seconds=PAUSE_SECONDS)


class TestBackoff:
    @pytest.mark.parametrize("attempts", [1, 2, 5, 8, 9, 40])
    def test_grows_and_stays_below_its_cap_with_jitter(self, attempts):
        ceiling = min(BACKOFF_BASE_SECONDS * 2 ** (attempts - 1), BACKOFF_CAP_SECONDS)

        waits = {backoff_seconds(attempts) for _ in range(20)}

        assert 0 <= min(waits) < max(waits) <= ceiling

    def test_begins_again_after_an_answer(self, sold, sandbox):
        sandbox.fault("reset", method="POST", times=3)
        sold.price(USD59)
        for attempts in (1, 2, 3):
            sold.converge()
            assert sold.product.attempts == attempts

        sandbox.fault("reset", method="POST", skip=1)
        sold.converge()

        assert sold.product.attempts == 1
