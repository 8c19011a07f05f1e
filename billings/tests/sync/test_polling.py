"""Changes are found without webhooks: Stripe's events are polled from where the last poll ended, one at a time."""

import os
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import Schedule, StripeEvent, StripeKey
from billings.stripe_api import gateway
from billings.sync import polling, restored_database
from billings.sync.restored_database import Look
from billings.sync.sweep import sweep
from billings.tests.support.delivering import deliver
from billings.tests.support.drifting import open_drift
from billings.tests.support.sold import USD59
from tools.processes import Process, until

pytestmark = pytest.mark.django_db


def poll():
    return polling.poll(seconds=lambda: 5.0)


def make_due() -> None:
    StripeKey.objects.update(next_look_at=None)


def again():
    make_due()
    return poll()


def asked(sandbox):
    return [call["params"] for call in sandbox.calls(account=True) if call["path"] == "/v1/events"]


def key() -> StripeKey:
    return StripeKey.objects.get()


@pytest.fixture
def looked(sold, sandbox):
    """Someone has looked before, and found what there was."""
    poll()
    while sweep():
        pass
    make_due()
    return sold


class TestALook:
    def test_finds_a_change_made_in_the_dashboard(self, looked, sandbox):
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="By hand")

        poll()
        while sweep():
            pass

        assert open_drift(looked).remote_value == "By hand"

    def test_finds_what_an_endpoint_was_told_that_nobody_answers_at(self, looked, sandbox):
        """Delivered or not makes no difference: another endpoint's delivery says nothing of ours."""
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="By hand")

        poll()

        (asked_for,) = asked(sandbox)[-1:]
        assert "delivery_success" not in asked_for

    def test_keeps_no_echo_of_our_own_calls(self, looked, sandbox):
        before = StripeEvent.objects.count()
        looked.price(USD59)
        looked.converge()

        again()

        assert StripeEvent.objects.count() == before

    def test_keeps_what_came_of_a_request_that_stayed_indeterminate(self, looked, sandbox):
        sandbox.fault("500", stored=True, when="after", method="POST")
        looked.listing(name="Oil")
        looked.converge()
        looked.converge()

        again()

        assert StripeEvent.objects.filter(shown__name="Oil", fetched=True).exists()

    def test_finds_that_a_price_was_deleted(self, looked, sandbox):
        looked.price(USD59)
        looked.converge()
        again()
        old = next(price for price in sandbox.prices() if not price["active"])
        sandbox.dashboard(f"prices/{old['id']}/delete")

        again()

        assert StripeEvent.objects.filter(type="price.deleted", stripe_product=looked.product.stripe_id).exists()

    def test_keeps_what_a_webhook_has_brought_once(self, looked, sandbox):
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="By hand")
        delivered = sandbox.events()[0]
        assert deliver(delivered).status_code == 200
        before = StripeEvent.objects.count()

        poll()

        assert StripeEvent.objects.count() == before
        assert not StripeEvent.objects.get(event_id=delivered["id"]).fetched

    def test_goes_on_from_the_newest_event_in_stripes_time(self, looked, sandbox):
        newest = sandbox.events()[0]["created"]

        poll()

        assert int(asked(sandbox)[-1]["created"]["gte"]) == newest - restored_database.OVERLAP_SECONDS

    def test_goes_through_more_than_one_page(self, looked, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 2)
        for number in range(5):
            sandbox.dashboard(f"products/{looked.product.stripe_id}", name=f"By hand {number}")

        poll()

        shown = StripeEvent.objects.filter(idempotency_key="", fetched=True).values_list("shown__name", flat=True)
        assert {f"By hand {number}" for number in range(5)} <= set(shown)

    def test_at_rest_reads_one_page_however_much_there_was_just_before(self, looked, sandbox, monkeypatch):
        """The last seconds are read again, for what came late; but not for ever."""
        monkeypatch.setattr(gateway, "PAGE", 2)
        for number in range(7):
            sandbox.dashboard(f"products/{looked.product.stripe_id}", name=f"By hand {number}")
        sandbox.advance_clock(20)
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="The last one")
        reads = []
        for _ in range(3):
            StripeKey.objects.update(looked_at=timezone.now() - timedelta(seconds=60))
            before = len(asked(sandbox))
            again()
            reads.append(len(asked(sandbox)) - before)

        assert reads[:2] != [1, 1]
        assert reads[2] == 1
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="Still seen")
        again()
        assert StripeEvent.objects.filter(shown__name="Still seen").exists()

    def test_of_an_account_without_any_event_misses_none_that_comes_later(self, make_sold, sandbox):
        poll()
        sold = make_sold()
        sold.converge()
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")

        again()

        assert StripeEvent.objects.filter(stripe_product=sold.product.stripe_id).exists()

    def test_that_fails_half_way_moves_no_cursor(self, looked, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 2)
        monkeypatch.setattr(gateway, "PAUSES", ())
        for number in range(5):
            sandbox.dashboard(f"products/{looked.product.stripe_id}", name=f"By hand {number}")
        before = key().events_until
        sandbox.fault("503", path="^/v1/events", skip=1)

        with pytest.raises(gateway.ReadFailed):
            poll()
        assert key().events_until == before

        again()
        assert StripeEvent.objects.filter(shown__name="By hand 0").exists()

    def test_leaves_out_what_others_sold_before_the_first_one(self, sold, sandbox):
        sandbox.dashboard("products", name="Of another program")
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")

        poll()

        assert set(StripeEvent.objects.values_list("stripe_product", flat=True)) == {sold.product.stripe_id}


class TestAGap:
    @pytest.fixture
    def compares(self, settings) -> None:
        settings.COMPARE_EVERY_HOURS = 24

    def due(self) -> bool:
        return Schedule.objects.filter(compare_due_at__lte=timezone.now()).exists()

    def test_longer_than_stripe_remembers_is_closed_by_a_full_compare(self, looked, sandbox, compares):
        StripeKey.objects.update(looked_at=timezone.now() - timedelta(days=31))

        poll()

        assert self.due()

    def test_before_the_first_look_is_closed_by_one_too(self, sold, sandbox, compares):
        poll()

        assert self.due()

    def test_is_none_where_someone_looked_a_while_ago(self, looked, sandbox, compares):
        StripeKey.objects.update(looked_at=timezone.now() - timedelta(days=20))

        poll()

        assert not self.due()

    def test_is_said_where_no_compare_comes_by_itself(self, looked, sandbox, caplog):
        StripeKey.objects.update(looked_at=timezone.now() - timedelta(days=31))

        poll()

        assert "run `manage.py reconcile` once" in caplog.text


class TestThePace:
    def next_look(self) -> float:
        return (key().next_look_at - timezone.now()).total_seconds()

    def test_is_fast_after_a_change_and_slower_with_each_look_that_finds_none(self, looked, sandbox):
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="By hand")
        paces = []
        for _ in range(8):
            again()
            paces.append(key().look_pace)

        assert paces == [5, 10, 20, 40, 80, 160, 300, 300]
        assert 290 < self.next_look() <= 300

    def test_is_not_changed_by_what_we_did_ourselves(self, looked, sandbox):
        StripeKey.objects.update(look_pace=300)
        looked.price(USD59)
        looked.converge()

        again()

        assert key().look_pace == 300

    def test_is_not_changed_by_what_a_webhook_has_told(self, looked, sandbox):
        StripeKey.objects.update(look_pace=300)
        sandbox.dashboard(f"products/{looked.product.stripe_id}", name="By hand")
        deliver(sandbox.events()[0])

        again()

        assert key().look_pace == 300

    def test_is_never_slower_than_the_setting(self, looked, settings):
        settings.EVENTS_POLL_SECONDS = 7

        for _ in range(3):
            again()

        assert key().look_pace == 7

    @pytest.mark.parametrize("longest", [1, 7, 300])
    def test_stays_within_stripes_allowance_whatever_happens(self, longest):
        """News at every single look, for two months."""
        row, elapsed, reads = StripeKey(spare_looks=polling.SPARE_LOOKS), 0.0, 0
        while elapsed < 60 * 86_400:
            look = Look(pages=1, news=1, seconds_since_last=row.look_pace)
            row.look_pace, row.spare_looks = polling.next_pause(row, look, longest=longest)
            elapsed += row.look_pace
            reads += 1

        assert reads / 2 <= 9_500

    def test_at_rest_needs_no_spare_look(self):
        row = StripeKey(spare_looks=0, look_pace=300)

        for _ in range(100):
            row.look_pace, row.spare_looks = polling.next_pause(row, Look(pages=1, seconds_since_last=300), longest=300)

        assert row.look_pace == 300

    def test_of_zero_is_never(self, looked, settings):
        settings.EVENTS_POLL_SECONDS = 0

        assert not polling.is_due()

    def test_written_by_a_clock_that_was_ahead_counts_for_nothing(self, looked):
        StripeKey.objects.update(next_look_at=timezone.now() + timedelta(hours=3))

        assert polling.is_due()

    def test_after_a_failure_is_not_a_storm(self, looked, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAUSES", ())
        sandbox.fault("reset", path="^/v1/events", times=None)

        with pytest.raises(gateway.ReadFailed):
            poll()

        assert 5 < self.next_look() <= polling.RETRY_SECONDS


class TestOneAtATime:
    def test_is_at_it(self, looked, sandbox):
        before, during = len(asked(sandbox)), []

        def seconds() -> float:
            during.append(polling.is_due())
            return 5.0

        polling.poll(seconds=seconds)

        assert during[1:] == [False] * len(during[1:]), "from its claim on, nobody else finds a look due"
        assert len(asked(sandbox)) == before + 1

    def test_of_two_that_saw_the_same_time_one_begins(self, looked):
        one, other = polling._Claim(key()), polling._Claim(key())

        assert [one.take(), other.take()] == [True, False]

    def test_a_worker_looks_by_itself(self, looked, sandbox):
        before = len(asked(sandbox))
        worker = PatientWorker()

        worker.round()
        worker.round()

        assert len(asked(sandbox)) == before + 1


POLL = """
from billings.sync import polling
polling.poll(seconds=lambda: 300.0)
"""
PREPARE = """
from django.contrib.auth.models import User
from billings.sync import polling
from billings.models import StripeKey
from billings.tests.support.sold import Sold
sold = Sold(User.objects.create_user("killed"))
sold.converge()
polling.poll(seconds=lambda: 5.0)
StripeKey.objects.update(next_look_at=None)
print(sold.product.stripe_id)
"""
AFTERWARDS = """
from billings.sync import polling
from billings.models import StripeEvent, StripeKey
print(polling.is_due(), StripeEvent.objects.filter(shown__name__startswith="By hand").count())
StripeKey.objects.update(next_look_at=None)
polling.poll(seconds=lambda: 300.0)
ids = list(StripeEvent.objects.values_list("event_id", flat=True))
print(StripeEvent.objects.filter(shown__name__startswith="By hand").count(), len(ids) == len(set(ids)))
"""


def test_a_killed_process_loses_no_event(database_url, sandbox, run_script):
    """SIGKILL between two pages, in a real process: the first page is stored, and the cursor stays where it was."""
    own = {"STRIPE_API_BASE": sandbox.url, "DATABASE_URL": database_url, "STRIPE_TIMEOUT_SECONDS": "300"}
    product = run_script(PREPARE, database_url, **own)
    for number in range(150):
        sandbox.dashboard(f"products/{product}", name=f"By hand {number}")
    sandbox.fault("block", path="^/v1/events", skip=1)
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", POLL]
    process = Process.start(command, env={**os.environ, **own})
    until(lambda: len(asked(sandbox)) == 3)

    process.kill()
    sandbox.release()

    first, then = run_script(AFTERWARDS, database_url, **own).splitlines()
    assert first == "False 100", "its claim lasts a while longer, and its first page is stored"
    assert then == "150 True"
