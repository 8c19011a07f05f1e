"""The sweep finds work by the rows' own state: due and not leased, whatever became of any task."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from billings.sync import events, lease
from billings.sync import sweep as sweep_module
from billings.sync.converge import Result
from billings.sync.sweep import due, sweep
from billings.sync.tasks import converge_product
from billings.tests.support.drifting import ask_for_a_read, edit, open_drift
from billings.tests.support.due import wait_until
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59


class TestWhatIsDue:
    def test_is_a_row_whose_generation_is_ahead(self, sold):
        assert due(10) == []

        sold.price(USD59)

        assert due(10) == [sold.row.pk]

    def test_is_a_row_of_which_a_read_is_wanted(self, sold):
        ask_for_a_read(sold)

        assert due(10) == [sold.row.pk]

    def test_is_a_row_with_an_open_call(self, sold, sandbox):
        sandbox.fault("reset", method="POST")
        sold.price(USD59)
        sold.converge()
        wait_until(sold, 0)

        assert due(10) == [sold.row.pk]

    def test_is_none_that_waits_for_its_next_attempt(self, sold):
        sold.price(USD59)
        wait_until(sold, 60)

        assert due(10) == []

    def test_is_none_that_another_process_holds(self, sold):
        sold.price(USD59)
        lease.take(sold.row.pk, seconds=60)

        assert due(10) == []

    def test_is_one_whose_holder_never_came_back(self, sold):
        sold.price(USD59)
        lease.take(sold.row.pk, seconds=0)

        assert due(10) == [sold.row.pk]

    def test_is_the_row_first_that_waits_longest(self, make_sold):
        rows = [make_sold() for _ in range(3)]
        for sold, seconds in zip(rows, (-10, -30, -20), strict=True):
            wait_until(sold, seconds)

        assert due(2) == [rows[1].row.pk, rows[2].row.pk]


class TestTheSweep:
    def test_converges_what_no_task_was_made_for(self, sold, sandbox):
        sold.price(USD59)

        assert sweep() == 1

        assert_in_sync(sold, sandbox)
        assert sweep() == 0

    def test_reads_what_a_read_is_wanted_of(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        ask_for_a_read(sold)

        sweep()

        assert open_drift(sold).remote_value == "Oil"

    def test_takes_no_more_than_it_is_told(self, make_sold, sandbox):
        for _ in range(3):
            make_sold()

        assert [sweep(limit=2), sweep(limit=2), sweep(limit=2)] == [2, 1, 0]

    def test_leaves_a_failed_row_until_its_time_has_come(self, sold, sandbox):
        sandbox.fault("401", method="POST")
        sold.price(USD59)
        sweep()
        calls = len(sandbox.calls())

        assert sweep() == 0
        assert len(sandbox.calls()) == calls

        wait_until(sold, 0)
        assert sweep() == 1
        assert_in_sync(sold, sandbox)

    def test_goes_on_behind_a_row_that_fails(self, make_sold, sandbox):
        rows = [make_sold() for _ in range(3)]
        sandbox.fault("reset", method="POST")

        sweep()

        assert sorted(sold.product.exists for sold in rows) == [False, True, True]


class TestTheTask:
    def test_converges_its_row(self, sold, sandbox):
        sold.price(USD59)

        assert converge_product.call(str(sold.row.pk)) == Result.DONE.value

        assert_in_sync(sold, sandbox)

    def test_that_finds_the_lease_taken_leaves_the_row_to_the_sweep(self, sold, sandbox):
        sold.price(USD59)
        held = lease.take(sold.row.pk, seconds=60)
        assert held

        assert converge_product.call(str(sold.row.pk)) == Result.BUSY.value

        held.release()
        assert sweep() == 1
        assert_in_sync(sold, sandbox)

    @pytest.mark.django_db
    def test_of_a_row_that_is_no_more_does_nothing(self):
        assert converge_product.call("00000000-0000-0000-0000-000000000000") == "not due"

    def test_of_a_row_that_waits_for_its_next_attempt_does_nothing(self, sold, sandbox):
        """The first attempt failed, and Stripe said not to come back soon."""
        sold.price(USD59)
        wait_until(sold, 60)
        calls = len(sandbox.calls())

        assert converge_product.call(str(sold.row.pk)) == "not due"

        assert len(sandbox.calls()) == calls


class TestSeveralAtOnce:
    def test_are_converged_each_in_a_thread_of_its_own(self, monkeypatch):
        both = threading.Barrier(2, timeout=10)  # passed only while two rows are worked on
        monkeypatch.setattr(events, "process", lambda: 0)
        monkeypatch.setattr(sweep_module, "due", lambda limit: ["one", "other"])
        monkeypatch.setattr(sweep_module, "converge", lambda product_id, prefetched: both.wait())

        with ThreadPoolExecutor(2) as pool:
            assert sweep(limit=2, each=pool.map, together=False) == 2
