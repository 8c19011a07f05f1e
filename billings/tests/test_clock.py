"""A clock that is hours off, on one machine or on all, does no harm."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from billings import clock, horizons
from billings.models import BillingProduct, StripeKey, StripeRequest, SyncRun, WriteBudget
from billings.operations import runs
from billings.stripe_api import gateway, rate_limit
from billings.sync import lease, restored_database
from billings.sync.converge import LANDED_AFTER, Result
from billings.sync.sweep import due
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59
from tools.testing.scripted_server import serving

HOURS = [pytest.param(hours, id=f"{hours:+d} h") for hours in (3, -3, 40, -40)]


@contextmanager
def wrong_clock(monkeypatch: pytest.MonkeyPatch, hours: float) -> Iterator[None]:
    """This machine's clock is so many hours ahead."""
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))
        yield


@pytest.fixture(autouse=True)
def nothing_known_yet(monkeypatch) -> None:
    monkeypatch.setattr(clock._Known, "stripe", None)
    monkeypatch.setattr(clock._Known, "database", None)
    monkeypatch.setattr(clock._Known, "warned_at", -clock.WARN_EVERY)


def ask(url: str, settings) -> None:
    settings.STRIPE_API_BASE = url
    gateway.ask_the_time(seconds=5)


class TestStripesTime:
    @pytest.mark.parametrize("hours", HOURS)
    @pytest.mark.django_db
    def test_is_known_from_any_answer_however_wrong_ours_is(self, sandbox, monkeypatch, hours):
        with wrong_clock(monkeypatch, hours):
            gateway.ask_the_time(seconds=5)

            stripe_now = clock.stripe_now()

        assert stripe_now is not None
        assert abs(stripe_now - timezone.now()) < timedelta(seconds=clock.TOLERATED_SECONDS)

    @pytest.mark.django_db
    def test_is_unknown_before_the_first_answer_and_once_the_clock_was_set(self, sandbox, monkeypatch):
        assert clock.stripe_now() is None
        gateway.ask_the_time(seconds=5)
        assert clock.stripe_now() is not None

        with wrong_clock(monkeypatch, 3):
            assert clock.stripe_now() is None

    @pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Nov 2026 19:00:00 GMT"])
    def test_is_not_learnt_from_what_is_no_date(self, settings, date):
        clock.note_answer({"Date": date}, clock.moment())

        assert clock.stripe_now() is None

    @pytest.mark.parametrize(("hours", "words"), [(3, "ahead of Stripe's"), (-3, "behind Stripe's")])
    @pytest.mark.django_db
    def test_that_is_another_than_ours_is_said_once(self, sandbox, monkeypatch, caplog, hours, words):
        with wrong_clock(monkeypatch, hours), caplog.at_level(logging.WARNING):
            for _ in range(3):
                gateway.ask_the_time(seconds=5)

        assert [words in record.getMessage() for record in caplog.records].count(True) == 1

    def test_takes_a_slow_answer_for_no_wrong_clock(self, settings, caplog):
        now = clock.moment()
        sent = replace(now, wall=now.wall - 16, ticks=now.ticks - 16)

        clock.note_answer({"Date": format_datetime(timezone.now())}, sent)

        assert clock.stripe_ahead() == pytest.approx(0, abs=1)
        assert not caplog.records

    def test_is_learnt_from_a_rejection_too(self, settings):
        with serving(body=b'{"error": {"message": "no"}}', status=403) as scripted:
            ask(scripted.url, settings)

        assert clock.stripe_now() is not None


class TestALease:
    def test_from_a_clock_that_was_ahead_does_not_outlive_the_longest_legal_one(self, sold, sandbox, settings):
        sold.price(USD59)
        in_three_hours = timezone.now() + timedelta(hours=3)
        BillingProduct.objects.update(lease_expires_at=in_three_hours)

        assert sold.converge() is Result.BUSY, "its holder may be at work"

        longest = horizons.lease().total_seconds()
        assert sold.product.lease_expires_at <= timezone.now() + timedelta(seconds=longest)
        assert in_three_hours - timezone.now() > timedelta(seconds=longest)

    def test_of_a_legal_length_is_left_alone(self, sold, settings):
        taken = lease.take(sold.row.pk, seconds=horizons.lease_seconds(settings.STRIPE_TIMEOUT_SECONDS))
        before = sold.product.lease_expires_at

        assert taken
        assert lease.take(sold.row.pk, seconds=5) is None
        assert sold.product.lease_expires_at == before


class TestARow:
    @pytest.mark.parametrize("hours", [3, 40, 9000])
    def test_whose_next_attempt_was_written_by_a_clock_far_ahead_is_due(self, sold, hours):
        sold.price(USD59)
        BillingProduct.objects.update(next_attempt_at=timezone.now() + timedelta(hours=hours))

        assert due(10) == [sold.row.pk]

    def test_that_waits_for_a_call_to_have_landed_is_not(self, sold):
        sold.price(USD59)
        BillingProduct.objects.update(next_attempt_at=timezone.now() + LANDED_AFTER)

        assert due(10) == []


class TestTheGuardAgainstARestoredDatabase:
    @pytest.mark.parametrize("hours", HOURS)
    def test_takes_no_look_of_another_time_for_one_of_now(self, sold, sandbox, hours):
        """A look in the future was written by a clock that was ahead."""
        StripeKey.objects.update(looked_at=timezone.now() + timedelta(hours=hours))

        assert not restored_database.has_looked()

    @pytest.mark.parametrize("hours", HOURS)
    def test_counts_a_look_made_with_a_wrong_clock_for_as_long_as_any_other(self, sold, sandbox, monkeypatch, hours):
        with wrong_clock(monkeypatch, hours):
            restored_database.look(seconds=lambda: 5.0)
            assert restored_database.has_looked()
        (key,) = StripeKey.objects.all()

        assert abs(key.looked_at - timezone.now()) < timedelta(seconds=60)

    def test_is_not_switched_off_by_a_clock_of_the_time_of_the_backup(self, sold, sandbox, monkeypatch):
        """Restored from three hours ago on a machine whose clock is three hours behind."""
        StripeKey.objects.update(looked_at=timezone.now() - timedelta(hours=3))

        with wrong_clock(monkeypatch, -3):
            assert not restored_database.has_looked()
            gateway.ask_the_time(seconds=5)
            assert not restored_database.has_looked()


def unanswered(sold, sandbox) -> StripeRequest:
    """A price that Stripe may have made, without an answer."""
    sandbox.fault("reset", method="POST", path="^/v1/prices$", when="after")
    sold.price(USD59)
    assert sold.converge() is Result.FAILED
    call: StripeRequest = sold.product.requests.get(resolved_at=None)
    return call


def age(call: StripeRequest, *, really: timedelta, seems: timedelta) -> None:
    """Made so long ago by Stripe's clock, and by ours; sent long ago."""
    now = timezone.now()
    StripeRequest.objects.filter(pk=call.pk).update(
        key_made_at=now - really, created_at=now - seems, last_sent_at=now - 2 * LANDED_AFTER
    )


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class TestTheAgeOfAKey:
    @pytest.mark.parametrize("seems", [HOUR, -3 * HOUR])
    def test_is_stripes_so_that_a_clock_that_was_ahead_makes_no_price_twice(self, sold, sandbox, seems):
        age(unanswered(sold, sandbox), really=DAY + HOUR, seems=seems)
        sandbox.advance_clock(25 * 3600)  # the key is forgotten there

        while sold.converge() is not Result.DONE:
            BillingProduct.objects.update(next_attempt_at=None)

        assert_in_sync(sold, sandbox)
        assert sorted(price["unit_amount"] for price in sandbox.prices()) == [4900, 5900]

    def test_is_asked_for_by_a_process_that_does_not_know_the_time(self, sold, sandbox, monkeypatch):
        """As one that has just begun, on a machine whose clock is behind."""
        age(unanswered(sold, sandbox), really=DAY + HOUR, seems=DAY + HOUR)
        sandbox.advance_clock(25 * 3600)
        monkeypatch.setattr(clock._Known, "stripe", None)

        with wrong_clock(monkeypatch, -20):
            sold.converge()

        assert [call["params"].get("unit_amount") for call in sandbox.writes()].count("5900") == 1

    def test_of_a_clock_that_is_behind_now_is_no_reason_to_distrust_it(self, sold, sandbox, monkeypatch):
        call = unanswered(sold, sandbox)

        with wrong_clock(monkeypatch, -3):
            assert sold.converge() is Result.DONE

        call.refresh_from_db()
        assert (call.outcome, call.sends) == ("succeeded", 2)

    def test_that_no_clock_of_stripes_tells_is_not_trusted_when_it_is_in_the_future(self, sold, sandbox):
        call = unanswered(sold, sandbox)
        StripeRequest.objects.filter(pk=call.pk).update(key_made_at=None, created_at=timezone.now() + 3 * HOUR)

        assert sold.converge() is Result.FAILED

        call.refresh_from_db()
        assert call.sends == 1, "it waits until nothing can be on its way, and is read back"

    def test_was_sent_at_the_latest_just_now(self, sold, sandbox):
        call = unanswered(sold, sandbox)
        StripeRequest.objects.filter(pk=call.pk).update(
            key_made_at=timezone.now() - 2 * DAY, last_sent_at=timezone.now() + 9 * DAY
        )

        sold.converge()

        assert sold.product.next_attempt_at <= timezone.now() + LANDED_AFTER


@pytest.mark.django_db
def test_a_turn_that_a_clock_far_ahead_has_taken_makes_nobody_wait_long(settings):
    settings.STRIPE_MAX_WRITES_PER_SECOND = 20
    WriteBudget.objects.create(pk=WriteBudget.ONLY, next_slot_at=timezone.now() + timedelta(hours=3))

    assert rate_limit.reserve() == 0


@pytest.mark.django_db
def test_a_run_whose_sign_of_life_is_in_the_future_stands_in_nobodys_way():
    in_three_hours = timezone.now() + timedelta(hours=3)
    run = SyncRun.objects.create(kind="compare", started_at=in_three_hours, seen_at=in_three_hours)

    assert runs.is_dead(run)
    assert runs.claim_stalled() == [run]
    assert not runs.claim_stalled(), "it was claimed a moment ago"


DATABASES_TIME = """
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from django.utils import timezone
from billings import clock
wrong = lambda: datetime.now(UTC) + timedelta(hours={hours})
clock.now()
with patch.object(timezone, "now", wrong):
    print(abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60))
"""


@pytest.mark.parametrize("hours", HOURS)
def test_what_processes_tell_each_other_is_in_the_time_of_the_database_they_share(
    postgresql_url, hours, run_script: Callable[..., str]
):
    assert run_script(DATABASES_TIME.format(hours=hours), postgresql_url) == "True"
