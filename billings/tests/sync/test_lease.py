"""The lease: one process per course at a time; one that was stopped beyond its expiry writes nothing."""

import os
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from billings.horizons import MARGIN_SECONDS, call_seconds
from billings.models import BillingProduct
from billings.sync import lease
from billings.sync.converge import Result, converge_within
from billings.sync.lease import LeaseLost
from billings.tests.support.due import forget_the_lease
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import at_call
from billings.tests.support.sold import USD59
from tools.processes import Process, until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def row(make_sold) -> BillingProduct:
    return make_sold().product


def everything(row: BillingProduct) -> list[object]:
    """Every column of the row, its prices and its calls."""
    own = BillingProduct.objects.filter(pk=row.pk).values().get()
    return [own, list(row.prices.values()), list(row.requests.values()), list(row.drifts.values())]


class TestTaking:
    def test_excludes_everyone_else(self, row):
        assert lease.take(row.pk, seconds=60)
        assert lease.take(row.pk, seconds=60) is None

    def test_is_free_again_after_a_release(self, row):
        first = lease.take(row.pk, seconds=60)
        assert first
        first.release(trouble="slow")

        second = lease.take(row.pk, seconds=60)

        assert second
        assert second.token != first.token
        assert second.lock().trouble == "slow"

    def test_is_free_again_after_its_expiry(self, row):
        first = lease.take(row.pk, seconds=0)

        second = lease.take(row.pk, seconds=60)

        assert first
        assert second
        assert second.token != first.token

    def test_of_what_is_not_there_is_none(self, row):
        assert lease.take(uuid.uuid4(), seconds=60) is None

    def test_lasts_longer_than_the_longest_call(self, make_sold, sandbox, settings, monkeypatch):
        sold = make_sold()
        left = []

        def look() -> None:
            left.append((sold.product.lease_expires_at - timezone.now()).total_seconds())

        at_call(monkeypatch, 2, before=look)
        sold.converge()

        longest = call_seconds(settings.STRIPE_TIMEOUT_SECONDS)
        assert longest < left[0] <= longest + MARGIN_SECONDS


class TestALostLease:
    @pytest.fixture
    def lost(self, row) -> lease.Lease:
        lost = lease.take(row.pk, seconds=0)
        assert lost
        assert lease.take(row.pk, seconds=60)
        return lost

    @pytest.mark.parametrize(
        "write",
        [
            lambda lost: lost.lock(),
            lambda lost: lost.renew(),
            lambda lost: lost.release(observed_generation=1, trouble="key"),
        ],
        ids=["lock", "renew", "release"],
    )
    def test_can_do_nothing_more(self, row, lost, write):
        before = everything(row)

        with pytest.raises(LeaseLost):
            write(lost)

        assert everything(row) == before

    def test_that_nobody_took_over_is_still_its_holders(self, row):
        late = lease.take(row.pk, seconds=60)
        assert late
        BillingProduct.objects.filter(pk=row.pk).update(lease_expires_at=timezone.now())

        late.renew()

        assert lease.take(row.pk, seconds=60) is None


class TestTwoConvergesOfOneCourse:
    def test_the_second_leaves_at_once(self, sold, sandbox, monkeypatch):
        results = []
        at_call(monkeypatch, 1, before=lambda: results.append(sold.converge()))
        sold.price(USD59)

        assert sold.converge() is Result.DONE

        assert results == [Result.BUSY]
        assert_in_sync(sold, sandbox)
        assert len(sandbox.writes()) == 1 + 3

    @pytest.mark.parametrize("side", ["before", "after"])
    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_the_first_writes_nothing_once_its_lease_was_taken_over(self, sold, sandbox, monkeypatch, nth, side):
        """Stopped during a call; the other repeats that very call and ends the work; then the answer comes."""
        left = []

        def take_over() -> None:
            forget_the_lease(sold)
            assert sold.converge() is Result.DONE
            left.append(everything(sold.product))

        at_call(monkeypatch, nth, **{side: take_over})
        sold.price(USD59)

        assert sold.converge() is Result.BUSY

        assert everything(sold.product) == left[0]
        assert_in_sync(sold, sandbox)
        assert len(sandbox.prices()) == 2

    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_who_lost_the_lease_does_not_write_what_it_read(self, sold, sandbox, monkeypatch, nth):
        left = []

        def take_over() -> None:
            forget_the_lease(sold)
            sold.price(USD59)
            assert sold.converge() is Result.DONE
            left.append(everything(sold.product))

        BillingProduct.objects.filter(pk=sold.row.pk).update(reads_requested=1)
        at_call(monkeypatch, nth, after=take_over)

        assert sold.converge() is Result.BUSY

        assert everything(sold.product) == left[0]
        assert_in_sync(sold, sandbox)

    @pytest.mark.parametrize("kind", ["reset", "401", "refuse"])
    def test_who_lost_the_lease_does_not_write_why_it_failed(self, sold, sandbox, monkeypatch, kind):
        left = []

        def take_over() -> None:
            forget_the_lease(sold)
            assert sold.converge() is Result.DONE
            left.append(everything(sold.product))

        sandbox.fault(kind, method="POST")
        at_call(monkeypatch, 1, after=take_over)
        sold.listing(name="Pastel")

        assert sold.converge() is Result.BUSY

        assert everything(sold.product) == left[0]

    def test_sends_nothing_more_once_its_lease_was_taken_over(self, make_sold, sandbox, monkeypatch):
        """Lost while it asked whose key it has: the create is sent by the other alone."""
        sold = make_sold()

        def take_over() -> None:
            forget_the_lease(sold)
            assert sold.converge() is Result.DONE

        at_call(monkeypatch, 1, after=take_over)

        assert sold.converge() is Result.BUSY

        assert len(sandbox.writes()) == 1
        assert_in_sync(sold, sandbox)

    def test_does_not_even_repeat_what_is_open(self, sold, sandbox, settings, monkeypatch):
        """Lost between the commit of a call and its send, while it asked whose the new key is."""
        sandbox.fault("reset", method="POST")
        sold.listing(name="Pastel")
        sold.converge()
        sandbox.register_key("sk_test_rolled", account=sold.product.account)
        settings.STRIPE_SECRET_KEY = "sk_test_rolled"
        left = []

        def take_over() -> None:
            forget_the_lease(sold)
            assert sold.converge() is Result.DONE
            left.append(len(sandbox.writes()))

        at_call(monkeypatch, 1, after=take_over)

        assert sold.converge() is Result.BUSY

        assert left == [len(sandbox.writes())]
        assert_in_sync(sold, sandbox)


class TestWaiting:
    def test_for_another_within_the_budget_converges_behind_it(self, sold, sandbox):
        sold.price(USD59)
        BillingProduct.objects.filter(pk=sold.row.pk).update(
            lease_expires_at=timezone.now() + timedelta(milliseconds=100)
        )

        assert converge_within(sold.row.pk, budget=20) is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_for_another_that_does_it_all_ends_as_soon_as_it_is_done(self, sold, sandbox):
        lease.take(sold.row.pk, seconds=3600)

        assert converge_within(sold.row.pk, budget=3600) is Result.DONE

    def test_beyond_the_budget_is_given_up(self, sold, sandbox):
        sold.price(USD59)
        lease.take(sold.row.pk, seconds=3600)

        assert converge_within(sold.row.pk, budget=0.1) is Result.BUSY


PREPARE = """
from django.contrib.auth.models import User
from billings.tests.support.sold import Sold
owner, _ = User.objects.get_or_create(username="teacher")
print(Sold(owner).row.pk)
"""
CONVERGE = """
from billings.sync.converge import converge
print(converge("{row}").value)
"""
TAKE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from django.db import connection
from billings.sync import lease
from billings.models import BillingProduct
start = Barrier(8)
def take(_):
    connection.ensure_connection()
    start.wait()
    try:
        return bool(lease.take("{row}", seconds=3600))
    finally:
        connection.close()
print(sum(ThreadPoolExecutor(8).map(take, range(8))))
"""
SAVE = """
from django.db.models import F
from billings.models import BillingProduct
row = BillingProduct.objects.filter(pk="{row}")
print(row.update(desired_name="Pastel", generation=F("generation") + 1))
"""
REPORT = """
from billings.models import BillingProduct
row = BillingProduct.objects.get(pk="{row}")
print(row.observed_generation == row.generation, row.prices.count(), row.requests.count(), row.lease_expires_at)
"""


@pytest.mark.processes
class TestProcesses:
    """Real processes over a real database file, and over PostgreSQL where there is one."""

    @pytest.fixture
    def run(self, database_url, sandbox):
        """Starts Django shells over that database; a busy machine must not look like a slow Stripe."""
        own = {"DATABASE_URL": database_url, "STRIPE_API_BASE": sandbox.url, "STRIPE_TIMEOUT_SECONDS": "300"}

        def start(script: str) -> Process:
            command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", script]
            return Process.start(command, env=os.environ | own)

        return start

    @pytest.fixture
    def row(self, run) -> str:
        return run(PREPARE).result()

    def test_of_eight_threads_one_takes_the_lease(self, run, row):
        assert run(TAKE.format(row=row)).result() == "1"

    def test_at_one_course_do_its_work_once(self, run, row, sandbox):
        processes = [run(CONVERGE.format(row=row)) for _ in range(4)]

        results = {process.result() for process in processes}

        assert "done" in results
        assert results <= {"done", "busy"}
        assert len(sandbox.writes()) == len(sandbox.products()) == len(sandbox.prices()) == 1
        assert run(REPORT.format(row=row)).result() == "True 1 1 None"

    def test_leave_while_another_waits_for_stripe_and_no_lock_is_held_meanwhile(self, run, row, sandbox):
        """No transaction is open during a call: others read and write the very row while it lasts."""
        sandbox.fault("block", method="POST")
        first = run(CONVERGE.format(row=row))
        until(lambda: len(sandbox.writes()) == 1)

        assert run(CONVERGE.format(row=row)).result() == "busy"
        assert run(SAVE.format(row=row)).result() == "1"

        sandbox.release()
        assert first.result() == "done"
        assert sandbox.products()[0]["name"] == "Pastel"
        assert run(REPORT.format(row=row)).result() == "True 1 2 None"
