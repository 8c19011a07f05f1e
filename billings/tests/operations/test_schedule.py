"""The full comparison runs periodically, in one process, however often processes are killed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import Schedule, SyncRun
from billings.operations import schedule
from billings.stripe_api import gateway
from billings.tests.support.drifting import open_drift
from tools.processes import until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def daily(settings) -> None:
    settings.COMPARE_EVERY_HOURS = 24


def due() -> timedelta:
    return Schedule.objects.get().compare_due_at - timezone.now()


def end_runs() -> None:
    SyncRun.objects.update(state="done")


class TestACompare:
    def test_finds_what_no_event_told_of(self, sold, sandbox, settings):
        settings.EVENTS_POLL_SECONDS = 0
        sandbox.fault("vanish", target="webhook", times=None)
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")

        worker = PatientWorker()
        until(lambda: not worker.round())

        assert open_drift(sold).remote_value == "By hand"
        assert SyncRun.objects.get().state == "done"

    def test_comes_once_in_its_time(self):
        assert schedule.begin_compare_if_due()
        end_runs()
        assert not schedule.begin_compare_if_due()
        assert timedelta(hours=23) < due() <= timedelta(hours=24)

        Schedule.objects.update(compare_due_at=timezone.now())
        assert schedule.begin_compare_if_due()

    def test_may_be_due_every_few_minutes(self, settings):
        settings.COMPARE_EVERY_HOURS = 0.1

        assert schedule.begin_compare_if_due()

        assert timedelta(minutes=5) < due() <= timedelta(minutes=6)

    def test_is_never_due_with_zero(self, settings):
        settings.COMPARE_EVERY_HOURS = 0
        Schedule.objects.create(pk=Schedule.ONLY, compare_due_at=timezone.now())

        assert not schedule.begin_compare_if_due()

    def test_that_staff_asked_for_today_counts(self):
        SyncRun.objects.create(kind="compare", state="done", seen_at=timezone.now())

        assert not schedule.begin_compare_if_due()

    def test_is_due_at_once_under_a_shorter_setting_or_after_a_clock_that_was_ahead(self, settings):
        schedule.begin_compare_if_due()
        end_runs()
        settings.COMPARE_EVERY_HOURS = 1

        assert schedule.begin_compare_if_due()

    def test_is_begun_by_one_of_two_that_saw_the_same_time(self, monkeypatch):
        """The other one has begun, and ended, in between."""
        Schedule.objects.create(pk=Schedule.ONLY, compare_due_at=timezone.now())
        seen = Schedule.objects.all()[:1]
        stale = list(seen)
        assert schedule.begin_compare_if_due()
        end_runs()

        class Stale:
            def first(self):
                return stale[0]

        real = Schedule.objects.filter
        monkeypatch.setattr(
            Schedule.objects, "filter", lambda **how: real(**how) if "compare_due_at" in how else Stale()
        )
        assert not schedule.begin_compare_if_due()

    def test_that_is_under_way_is_not_begun_again(self):
        schedule.begin_compare_if_due()
        Schedule.objects.update(compare_due_at=timezone.now())

        assert not schedule.begin_compare_if_due()
        assert SyncRun.objects.count() == 1

    def test_that_failed_is_tried_again_soon(self, sold, sandbox, settings, monkeypatch):
        settings.EVENTS_POLL_SECONDS = 0
        monkeypatch.setattr(gateway, "PAUSES", ())
        sandbox.fault("reset", path="^/v1/products$", times=None)

        worker = PatientWorker()
        until(lambda: not worker.round())

        assert SyncRun.objects.get().state == "failed"
        assert timedelta(minutes=10) < due() <= timedelta(minutes=15)
