"""A clock jumped a day ahead or back and returned: moments it left are bounded."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import DateTimeField
from django.utils import timezone

from billings import clock, horizons
from billings.management.commands import worker
from billings.models import BillingProduct, Schedule, StripeKey, SyncRun, WriteBudget
from billings.prices.row_polling import SLOWEST, PolledRow, seconds
from billings.status import describe
from billings.stripe_api import rate_limit
from billings.sync import events, restored_database
from billings.tests.support.sold import USD59

# Moments that people read, or that nothing compares with now.
SHOWN = {
    *("BillingProduct.created_at", "BillingProduct.confirmed_at", "BillingProduct.price_changed_at"),
    *("StripeKey.checked_at", "WorkerHeartbeat.started_at", "WorkerHeartbeat.stopped_at", "FormerProduct.left_at"),
    *(
        "StripeRequest.resolved_at",
        "StripeEvent.processed_at",
        "Drift.opened_at",
        "Drift.closed_at",
        "Rejection.created_at",
    ),
    *("PriceChange.created_at", "SyncRun.started_at", "SyncRun.finished_at", "StrayProduct.seen_at"),
}
FAR = timedelta(days=1)


def test_every_moment_has_its_longest_meaning_or_is_only_shown():
    fields = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("billings").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, DateTimeField)
    }

    assert fields == horizons.OF.keys() | SHOWN
    assert not horizons.OF.keys() & SHOWN


@pytest.mark.parametrize("name", horizons.OF)
def test_no_moment_means_more_than_what_its_work_takes(name):
    now, longest = timezone.now(), horizons.OF[name]()

    assert timedelta(0) < longest <= timedelta(hours=25)
    assert horizons.is_believed(now + longest, now, longest)
    assert not horizons.is_believed(now + longest + timedelta(seconds=1), now, longest)


def test_a_lease_and_the_look_for_it_take_less_than_two_minutes(settings):
    """With the time-out that is the default."""
    settings.STRIPE_TIMEOUT_SECONDS = 20

    assert horizons.lease() + timedelta(seconds=worker.WATCH_EVERY) < timedelta(minutes=2)


class TestAMomentOfAnotherDay:
    @pytest.fixture(autouse=True)
    def far(self, db):
        self.then = timezone.now() + FAR

    def test_of_a_slot_makes_nobody_wait(self):
        WriteBudget.objects.create(pk=WriteBudget.ONLY, next_slot_at=self.then)

        assert rate_limit.reserve() == 0
        assert WriteBudget.objects.get().next_slot_at < timezone.now() + timedelta(seconds=2)

    def test_of_a_compare_is_no_compare_of_a_moment_ago(self, sold, settings):
        settings.COMPARE_EVERY_HOURS = 24
        run = SyncRun.objects.create(kind="compare", state="done", seen_at=self.then)
        SyncRun.objects.filter(pk=run.pk).update(asked_at=self.then)

        restored_database._have_compared()

        assert Schedule.objects.get().compare_due_at <= timezone.now()

    def test_of_a_fetch_of_missed_events_leaves_none_out(self, sandbox, monkeypatch):
        asked: list[int] = []
        events.fetch_missed()
        StripeKey.objects.update_or_create(
            pk=events.gateway.key_fingerprint(), defaults={"missed_fetched_at": self.then, "livemode": False}
        )

        def pages(*, since: int, seconds: float) -> list[object]:
            asked.append(since)
            return []

        monkeypatch.setattr(events.gateway, "missed_event_pages", pages)

        events.fetch_missed()

        assert asked[0] <= timezone.now().timestamp() - events.KEEP_DAYS * 86_400

    def test_of_a_next_attempt_is_not_told_to_anybody(self, sold):
        sold.price(USD59)
        BillingProduct.objects.update(next_attempt_at=self.then, attempts=2, trouble="slow")

        status = describe(sold.product, staff=False)

        assert "1440" not in status.sentence
        assert status.poll_seconds <= SLOWEST

    def test_of_waiting_makes_no_page_ask_every_second(self, sold):
        sold.price(USD59)
        BillingProduct.objects.update(behind_since=self.then)

        assert seconds([PolledRow(sold.product, describe(sold.product, staff=False))]) == SLOWEST


def test_a_call_that_begins_after_the_clock_was_set_knows_stripes_time(sold, sandbox, monkeypatch):
    """Otherwise nobody could tell, with the clock back, how old its key is, and it would wait for two hours."""
    known = clock._Known.stripe
    assert known is not None
    moved = clock._Measured(known.ahead, clock._Moment(known.at.wall - FAR.total_seconds(), known.at.ticks))
    monkeypatch.setattr(clock._Known, "stripe", moved)
    sold.price(USD59)

    sold.converge()

    assert all(call.key_made_at for call in sold.product.requests.all())


JUMPED = """
import time
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from billings import horizons
from billings.management.commands.worker import PatientWorker
from billings.models import *
from billings.money import PriceSpec
from billings.tests.support.sold import Sold

sold = Sold(User.objects.create_user("{sign}"))
sold.converge()
sold.price(PriceSpec(5900, "usd"))
then = timezone.now() {sign} timedelta(days=1)
BillingProduct.objects.filter(pk=sold.row.pk).update(
    next_attempt_at=then, lease_expires_at=then, lease_token=7, behind_since=then, reads_requested=9
)
WriteBudget.objects.update_or_create(pk=1, defaults={{"next_slot_at": then}})
Schedule.objects.update_or_create(pk=1, defaults={{"compare_due_at": then + timedelta(days=1)}})
StripeKey.objects.update(
    next_look_at=then, looked_at=then, permissions_checked_at=then, endpoints_checked_at=then, missed_fetched_at=then
)
SyncRun.objects.filter(kind="compare", state="open").delete()
run = SyncRun.objects.create(kind="compare", started_at=then, seen_at=then)
SyncRun.objects.filter(pk=run.pk).update(asked_at=then)
WorkerHeartbeat.objects.create(host="other", pid=1, started_at=then, seen_at=then)
began = time.monotonic()
worker = PatientWorker()
while time.monotonic() - began < 90:
    worker._watch_at = 0
    worker._attempt(once=True)
    row = sold.product
    ended = SyncRun.objects.get(pk=run.pk).state == "done"
    if row.generation == row.observed_generation and row.reads_requested == row.reads_done and ended:
        break
now = timezone.now()
# What is history stays as it was written; what is waited for does not.
late = [
    name
    for name, longest in horizons.OF.items()
    if name not in {{"SyncRun.asked_at", "StripeKey.missed_fetched_at", "StripeKey.permissions_checked_at"}}
    for model, field in [name.split(".")]
    for value in globals()[model].objects.exclude(**{{field: None}}).values_list(field, flat=True)
    if not horizons.is_believed(value, now, longest())
]
print(ended, row.generation == row.observed_generation, row.observed_default_price != "", sorted(set(late)))
"""


@pytest.mark.parametrize("sign", ["+", "-"])
def test_everything_is_in_step_soon_after_the_clocks_return(database_url, sign, sandbox, run_script):
    """Real rows, left by a clock that was a day ahead or behind; and a worker's real rounds."""
    own = {"STRIPE_API_BASE": sandbox.url, "STRIPE_TIMEOUT_SECONDS": "0.5", "COMPARE_EVERY_HOURS": "24"}

    said = run_script(JUMPED.format(sign=sign), database_url, **own)

    assert said.splitlines()[-1] == "True True True []"
