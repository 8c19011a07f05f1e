"""Many rows are read together: in few requests, concurrently with other work, and discarded where a lease came
between."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import BillingProduct
from billings.stripe_api import accounts, gateway
from billings.sync import bulk_reads, lease, mirror
from billings.sync import sweep as sweep_module
from billings.sync.converge import ReadResult, Result, converge
from billings.sync.events import request_reads
from billings.sync.sweep import due, sweep
from billings.tests.support.drifting import add_price, ask_for_a_read, edit, edit_price, open_drift
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import at_call
from billings.tests.support.sold import USD59

FIVE = 5


@pytest.fixture
def five(make_sold, sandbox, monkeypatch):
    """Courses in sync with Stripe, which are as many as are read together."""
    monkeypatch.setattr(bulk_reads, "FEWEST_ROWS", FIVE)
    monkeypatch.setattr(bulk_reads._Rest, "until", 0.0)
    rows = [make_sold() for _ in range(FIVE)]
    assert {sold.converge() for sold in rows} == {Result.DONE}
    return rows


def want(rows) -> None:
    request_reads([sold.row.pk for sold in rows])


def reads(sandbox, since: int) -> list[str]:
    return [call["path"].partition("course_")[0] for call in sandbox.calls()[since:] if call["method"] == "GET"]


def by_the_sweep(sandbox, limit: int = 100) -> list[str]:
    """Which reads a sweep costs."""
    before = len(sandbox.calls())
    sweep(limit)
    return reads(sandbox, before)


TOGETHER = ["/v1/products", "/v1/prices", "/v1/prices"]
ALONE = ["/v1/products/", "/v1/prices", "/v1/prices"]


class TestManyRows:
    def test_are_read_in_three_calls(self, five, sandbox):
        edit(sandbox, five[0], name="Oil")
        edit_price(sandbox, five[1], 3900)
        want(five)

        assert by_the_sweep(sandbox) == TOGETHER

        assert [sold.product.drifts.count() for sold in five] == [1, 1, 0, 0, 0]
        assert (open_drift(five[0]).remote_value, open_drift(five[1]).remote_value["words"]) == ("Oil", "$39.00")
        assert due(10) == []
        for sold in five[2:]:
            assert sold.product.reads_done == sold.product.reads_requested

    def test_that_are_fewer_are_read_one_by_one(self, five, sandbox):
        want(five[:2])

        assert by_the_sweep(sandbox) == ALONE * 2

    def test_are_read_one_by_one_where_all_prices_are_more_than_those_of_the_rows(self, five, sandbox, monkeypatch):
        monkeypatch.setattr(bulk_reads, "_pages", lambda objects: objects)  # a page holds one
        want(five)

        assert by_the_sweep(sandbox) == ALONE * FIVE

    def test_are_read_one_by_one_where_anonymous_users_have_more_prices_than_anybody_thought(
        self, five, sandbox, monkeypatch
    ):
        monkeypatch.setattr(bulk_reads, "CALLS_A_ROW", 1 / FIVE)
        monkeypatch.setattr(bulk_reads, "WORTHWHILE", 10)
        want(five)

        assert by_the_sweep(sandbox) == TOGETHER
        assert by_the_sweep(sandbox) == ALONE * FIVE

    def test_are_read_one_by_one_for_a_while_where_stripe_does_not_answer(self, five, sandbox, monkeypatch):
        """At the pace of everything else: no faster because there are many."""
        monkeypatch.setattr(gateway, "PAUSES", [0.0])
        sandbox.fault("reset", path="^/v1/prices$", times=2)
        want(five)

        assert by_the_sweep(sandbox) == ["/v1/products", "/v1/prices", "/v1/prices"]
        assert by_the_sweep(sandbox, limit=2) == ALONE * 2
        assert by_the_sweep(sandbox) == ALONE * 3
        assert due(10) == []

    def test_are_read_one_by_one_in_the_midst_of_another_work(self, five, sandbox):
        want(five)
        before = len(sandbox.calls())

        sweep(limit=2, together=False)

        assert reads(sandbox, before) == ALONE * 2

    def test_are_nobody_elses_meanwhile(self, five, sandbox, monkeypatch):
        want(five)
        seen = []
        at_call(monkeypatch, 2, before=lambda: seen.append((due(10), bulk_reads._claim())))

        sweep()

        assert seen == [([], None)]

    def test_come_due_again_if_the_worker_dies(self, five):
        want(five)
        bulk_reads._claim()
        assert due(10) == []

        BillingProduct.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))

        assert len(due(10)) == FIVE

    def test_come_due_at_once_if_the_worker_is_told_to_end(self, five, monkeypatch):
        worker = PatientWorker()
        want(five)
        at_call(monkeypatch, 3, after=lambda: setattr(worker, "running", False))

        worker._sweep_some()

        assert len(due(10)) == FIVE

    def test_come_due_at_once_if_one_of_them_fails_as_nobody_expected(self, five, monkeypatch):
        want(five)
        rows = iter(range(FIVE))

        def locked_once(product_id, prefetched):
            if next(rows) == 1:
                raise OperationalError("database is locked")
            return converge(product_id, prefetched=prefetched)

        monkeypatch.setattr(sweep_module, "converge", locked_once)
        with pytest.raises(OperationalError):
            sweep()

        assert len(due(10)) == FIVE - 1

    def test_are_not_read_to_the_end_by_a_worker_that_is_told_to_end(self, five, sandbox, monkeypatch):
        worker = PatientWorker()
        want(five)
        at_call(monkeypatch, 2, after=lambda: setattr(worker, "running", False))

        worker._sweep_some()

        assert reads(sandbox, -2) == TOGETHER[:2]
        assert due(FIVE) == [sold.row.pk for sold in five]

    def test_are_confirmed_as_of_the_reading(self, five, sandbox, monkeypatch):
        want(five)
        moments = []
        at_call(monkeypatch, 1, before=lambda: moments.append(timezone.now()))

        sweep()

        assert {sold.product.confirmed_at <= moments[0] for sold in five} == {True}

    def test_do_not_keep_waiting_what_becomes_due_meanwhile(self, five, make_sold, sandbox, monkeypatch):
        want(five)
        others = [make_sold()]  # due at once, and another one during the reading
        seen = []
        at_call(monkeypatch, 3, before=lambda: others.append(make_sold()))
        at_call(monkeypatch, 5, before=lambda: seen.append([other.product.exists for other in others]))

        sweep()

        assert seen == [[True, True]]


class TestARowIsReadByItself:
    def test_whose_lease_someone_had_meanwhile(self, five, sandbox, monkeypatch):
        """A save between the reading and its use: what was read is history, and would look like someone's edit."""
        want(five)

        def save() -> None:
            five[0].price(USD59)
            assert five[0].converge() is Result.DONE

        at_call(monkeypatch, 3, after=save)

        sweep()

        assert not five[0].product.drifts.exists()
        assert five[0].product.price == USD59
        while sweep():
            pass
        prices = [one for one in sandbox.prices() if one["product"] == five[0].product.stripe_id]
        assert [(one["unit_amount"], one["active"]) for one in prices] == [(4900, False), (5900, True)]
        assert not five[0].product.drifts.exists()

    def test_whose_title_someone_saved_meanwhile(self, five):
        """And whose event came, too, before the reading was used."""
        want(five)
        with bulk_reads.claim() as rows:
            found = dict(bulk_reads.read(rows, goes_on=lambda: True))
            five[0].listing(name="Oil")
            assert five[0].converge() is Result.DONE
            ask_for_a_read(five[0])

            assert converge(five[0].row.pk, prefetched=found[five[0].row.pk]) is Result.DONE

        assert not five[0].product.drifts.exists()
        assert five[0].product.observed_name == "Oil"

    def test_of_which_a_further_read_is_wanted_meanwhile(self, five, sandbox, monkeypatch):
        """An edit after the reading: its event asked for a read that the one before does not answer."""
        want(five)

        def someone_edits() -> None:
            edit(sandbox, five[0], name="Oil")
            ask_for_a_read(five[0])

        at_call(monkeypatch, 3, after=someone_edits)

        sweep()

        assert open_drift(five[0]).remote_value == "Oil"

    def test_with_an_open_call(self, five, sandbox):
        sandbox.fault("reset", when="after", method="POST")
        five[0].listing(name="Oil")
        five[0].converge()
        want(five)

        assert bulk_reads._waiting().count() == FIVE - 1

    def test_with_a_save_that_stripe_has_not_heard_of(self, five):
        """Its page says when it is tried again, and that is not up to a reading."""
        five[0].price(USD59)
        want(five)

        assert bulk_reads._waiting().count() == FIVE - 1

    def test_whose_last_attempt_failed(self, five, sandbox):
        want(five)
        sandbox.fault("reset", path="^/v1/products/")
        five[0].converge()
        BillingProduct.objects.update(next_attempt_at=timezone.now())

        assert bulk_reads._waiting().count() == FIVE - 1

    def test_whose_holder_may_wake_up_yet(self, five):
        want(five)
        lease.take(five[0].row.pk, seconds=0)

        assert bulk_reads._waiting().count() == FIVE - 1

    def test_one_of_whose_prices_was_in_neither_list(self, five, sandbox, monkeypatch):
        """It was made active right between the two."""
        old = five[0].product.observed_default_price
        five[0].price(USD59)
        five[0].converge()
        want(five)
        at_call(monkeypatch, 2, after=lambda: sandbox.dashboard(f"prices/{old}/activate"))

        assert by_the_sweep(sandbox) == TOGETHER + ALONE

        assert not five[0].product.prices.filter(gone=True).exists()
        assert sorted(open_drift(five[0]).remote_value["active"]) == sorted(
            price.stripe_id for price in five[0].product.prices.all()
        )

    def test_that_is_not_listed_any_more(self, five, sandbox):
        sandbox.dashboard(f"products/{five[0].product.stripe_id}/delete")
        want(five)

        assert by_the_sweep(sandbox) == [*TOGETHER, "/v1/products/", "/v1/products/"], "once more, to be sure"

        assert open_drift(five[0]).field == "product"

    def test_none_of_which_is_listed_any_more(self, five, sandbox):
        """All test data deleted in the Dashboard, say."""
        for sold in five:
            sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")
        want(five)

        by_the_sweep(sandbox)

        assert {open_drift(sold).field for sold in five} == {"product"}
        assert by_the_sweep(sandbox) == []


def test_a_price_archived_between_the_two_lists_is_archived(five, sandbox, monkeypatch):
    extra = add_price(sandbox, five[0])
    want(five)
    at_call(monkeypatch, 2, after=lambda: sandbox.dashboard(f"prices/{extra}/archive"))

    assert by_the_sweep(sandbox) == TOGETHER

    assert not five[0].product.prices.get(stripe_id=extra).active
    assert not five[0].product.drifts.exists()


def test_many_rows_cost_a_constant_number_of_queries_to_claim(five, django_assert_max_num_queries):
    want(five)

    with django_assert_max_num_queries(11), bulk_reads.claim() as rows:  # with the test's own savepoint
        assert len(rows) == FIVE


def test_rows_of_another_account_are_left_alone(five, sandbox, settings):
    sandbox.register_key("sk_test_of_another_school", account="acct_another_school")
    settings.STRIPE_SECRET_KEY = "sk_test_of_another_school"
    want(five)

    assert by_the_sweep(sandbox) == []


def test_everything_agrees_afterwards(make_sold, sandbox, monkeypatch):
    monkeypatch.setattr(bulk_reads, "FEWEST_ROWS", 1)
    monkeypatch.setattr(bulk_reads, "WORTHWHILE", 1)
    sold = make_sold()
    sold.converge()
    want([sold])

    assert by_the_sweep(sandbox) == TOGETHER

    assert_in_sync(sold, sandbox)


def test_a_snapshot_is_outdated_once_an_open_request_was_resolved(sold, sandbox):
    sandbox.fault("reset", method="POST")
    sold.listing(name="Oil")
    assert sold.converge() is Result.FAILED
    want([sold])
    row = sold.product
    snapshot = gateway.read(row.stripe_id, seconds=lambda: 5.0)

    baseline, account = mirror.baseline(row), accounts.present(seconds=5)
    prefetched = ReadResult(
        snapshot, baseline, account, token=row.lease_token, count=row.reads_requested, at=timezone.now()
    )
    converge(row.pk, prefetched=prefetched)

    assert not sold.product.drifts.exists()
    assert_in_sync(sold, sandbox)
