"""A database that is older than Stripe is recognised by lost requests before a price could be created twice."""

import threading
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import StripeKey, StripeRequest
from billings.money import PriceSpec
from billings.status import describe
from billings.stripe_api import gateway, rate_limit
from billings.sync import restored_database
from billings.sync.converge import Result
from billings.tests.support.drifting import edit, open_drift
from billings.tests.support.restored import older_afterwards
from billings.tests.support.sold import USD59
from tools.processes import until

USD29 = PriceSpec(2900, "usd")

USD39 = PriceSpec(3900, "usd")


def time_passes(seconds: float = restored_database.COUNTS_FOR) -> None:
    StripeKey.objects.update(looked_at=timezone.now() - timedelta(seconds=seconds))


def looks(sandbox) -> int:
    return [call["path"] for call in sandbox.calls(account=True)].count("/v1/events")


def amounts(sandbox) -> list[int]:
    return sorted(price["unit_amount"] for price in sandbox.prices())


def look() -> set[UUID]:
    return restored_database.look(seconds=lambda: 5.0)


class TestAProcess:
    def test_looks_before_it_makes_a_price_and_that_counts_for_a_while(self, sold, sandbox):
        for price in (USD59, USD39):
            sold.price(price)
            assert sold.converge() is Result.DONE
        assert looks(sandbox) == 1

        time_passes()
        sold.price(USD29)
        assert sold.converge() is Result.DONE
        assert looks(sandbox) == 2

    def test_does_not_take_a_look_from_before_the_backup_for_one_of_its_own(self, sold, sandbox):
        """Whatever process it is, and however long it has been running."""
        sold.price(USD59)
        sold.converge()
        time_passes()
        with older_afterwards():
            sold.price(USD39)
            sold.converge()

        sold.price(USD39)
        assert sold.converge() is Result.DONE

        assert amounts(sandbox) == [3900, 4900, 5900]

    def test_makes_no_price_on_what_another_look_found_to_be_history(self, sold, sandbox, monkeypatch):
        """Another thread looks right between the plan of this one and its commit."""
        with older_afterwards():
            sold.price(USD59)
            sold.converge()
        has_looked = restored_database.has_looked

        def another_thread_has_just_looked() -> bool:
            monkeypatch.setattr(restored_database, "has_looked", has_looked)
            assert look() == {sold.row.pk}
            return True

        monkeypatch.setattr(restored_database, "has_looked", another_thread_has_just_looked)
        sold.price(USD59)
        sold.converge()

        assert amounts(sandbox) == [4900, 5900]

    def test_goes_on_where_no_call_is_remembered_at_all(self, sold, sandbox):
        StripeRequest.objects.all().delete()
        look()
        while sold.product.reads_requested > sold.product.reads_done:
            sold.converge()

        sold.price(USD59)

        assert sold.converge() is Result.DONE

    def test_that_makes_no_price_does_not_look(self, sold, sandbox):
        sold.listing(name="Oil", status="draft")
        sold.converge()

        assert looks(sandbox) == 0

    def test_looks_again_with_another_key(self, sold, sandbox, settings):
        sold.price(USD59)
        sold.converge()
        sandbox.register_key("sk_test_rolled", account=sold.product.account)
        settings.STRIPE_SECRET_KEY = "sk_test_rolled"

        sold.price(USD39)
        assert sold.converge() is Result.DONE

        assert looks(sandbox) == 2

    def test_whose_key_may_not_read_events_goes_on(self, sold, sandbox, caplog):
        sandbox.fault("403", path="^/v1/events$", times=None)

        for price in (USD59, USD39):
            sold.price(price)
            assert sold.converge() is Result.DONE

        assert looks(sandbox) == 1
        assert "may not read Stripe's events" in caplog.text

    def test_that_gets_no_answer_makes_no_price(self, sold, sandbox):
        sandbox.fault("reset", path="^/v1/events$")
        sold.price(USD59)

        assert sold.converge() is Result.FAILED
        assert len(sandbox.prices()) == 1
        assert sold.product.trouble == "unreachable"

        assert sold.converge() is Result.DONE


class TestALook:
    def test_finds_the_products_whose_calls_are_unknown(self, make_sold, sandbox):
        one, other = make_sold(), make_sold()
        assert {one.converge(), other.converge()} == {Result.DONE}
        with older_afterwards():
            one.listing(name="Oil")
            one.converge()

        assert look() == {one.row.pk}

        assert one.converge() is Result.DONE
        assert open_drift(one).remote_value == "Oil"
        assert other.product.reads_requested == 0

    def test_finds_a_course_that_was_first_sold_after_the_backup(self, make_sold, sandbox):
        """Here it is free, with no product; in Stripe it is on sale."""
        sold = make_sold(price=None)
        sold.converge()
        with older_afterwards():
            sold.price(USD59)
            sold.converge()
        assert look() == {sold.row.pk}
        assert sold.converge() is Result.DONE

        assert {drift.field for drift in sold.product.drifts.all()} == {"active", "price"}
        assert "older than Stripe's" in describe(sold.product, staff=False).sentence
        assert len(sandbox.writes()) == 1

    def test_finds_nothing_in_what_is_known_or_was_done_by_people(self, sold, sandbox):
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")

        assert look() == set()

    def test_that_is_the_first_goes_through_all_that_stripe_remembers(self, sold, sandbox):
        """The backup was made before anybody had looked."""
        with older_afterwards():
            sold.price(USD59)
            sold.converge()
        sandbox.advance_clock(20 * 86_400)

        assert look() == {sold.row.pk}

    def test_begins_where_the_last_one_ended(self, sold, sandbox):
        assert look() == set()
        (key,) = StripeKey.objects.all()
        newest = sandbox.events()[0]["created"]
        assert key.events_until == newest

        look()

        asked = [call["params"] for call in sandbox.calls(account=True) if call["path"] == "/v1/events"]
        assert int(asked[-1]["created"]["gte"]) == newest - restored_database.OVERLAP_SECONDS

    def test_goes_through_all_pages(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 2)
        with older_afterwards():
            sold.listing(name="Oil")
            sold.converge()
        for number in range(4):
            sandbox.dashboard(f"products/{sold.product.stripe_id}", name=f"By hand {number}")

        assert look() == {sold.row.pk}

        assert looks(sandbox) >= 3

    def test_of_a_worker_survives_a_page_that_fails(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 1)
        monkeypatch.setattr(gateway, "PAUSES", (0.0,))
        edit(sandbox, sold, name="By hand")
        sandbox.fault("503", path="^/v1/events", skip=1)

        PatientWorker()._look_for_forgotten_calls()

        assert restored_database.has_looked()

    def test_ends_with_its_worker(self, sold, sandbox, monkeypatch):
        worker, before = PatientWorker(), looks(sandbox)
        monkeypatch.setattr(rate_limit, "wait_for_turn", lambda: setattr(worker, "running", False))

        worker._look_for_forgotten_calls()

        assert looks(sandbox) == before
        assert not StripeKey.objects.exclude(looked_at=None).exists()

    def test_that_goes_on_is_not_begun_again(self, monkeypatch, sold):
        """A first one may take longer than the minute after which the next is due."""
        ends, begun = threading.Event(), []
        monkeypatch.setattr(restored_database, "LOOK_EVERY", 0.0)
        worker = PatientWorker(threads=2)
        monkeypatch.setattr(worker, "_look_for_forgotten_calls", lambda: begun.append(ends.wait(60)))

        for _ in range(4):
            worker._keep_order()
        assert list(worker._while_running(lambda work: work, [(sold.row.pk, None)])) == [(sold.row.pk, None)]
        ends.set()
        worker._threads.shutdown()

        assert len(begun) == 1


def test_of_workers_that_begin_together_one_looks(sold, sandbox):
    for _ in range(3):
        PatientWorker().round()

    assert looks(sandbox) == 1


def test_the_worker_shows_a_restored_backup_for_what_it_is(sold, sandbox, caplog):
    with older_afterwards():
        sold.price(USD59)
        sold.converge()

    worker = PatientWorker()
    until(lambda: not worker.round())

    assert open_drift(sold).remote_value["words"] == "$59.00"
    assert "1 courses are read again" in caplog.text
