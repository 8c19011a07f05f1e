"""Old rows are deleted by one worker once an hour, however often workers are started; what is needed stays."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from billings.management.commands.worker import PatientWorker
from billings.models import Schedule, StripeEvent, SyncRun
from billings.operations import housekeeping
from billings.operations import runs as sync_runs
from billings.sync import events

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(housekeeping, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(housekeeping, "LONGEST_SECONDS", 60)


def make_due() -> None:
    Schedule.objects.update(housekeeping_due_at=timezone.now())


def event(number: int, age: timedelta, *, processed: bool = True) -> StripeEvent:
    row = StripeEvent.objects.create(
        event_id=f"evt_{number}", livemode=False, shown={}, processed_at=timezone.now() if processed else None
    )
    StripeEvent.objects.filter(pk=row.pk).update(received_at=timezone.now() - age)
    return row


def task(status: str, age: timedelta) -> "DBTaskResult[..., None]":
    then = timezone.now() - age
    return DBTaskResult.objects.create(
        status=status,
        args_kwargs={},
        run_after=then,
        started_at=then,
        finished_at=then if status != "RUNNING" else None,
    )


class TestWhen:
    def test_it_is_due_at_first_and_then_once_an_hour(self):
        assert housekeeping.keep_if_due()
        assert not housekeeping.keep_if_due()

        make_due()
        assert housekeeping.keep_if_due()

    def test_a_worker_that_is_started_again_and_again_does_not_do_it_each_time(self):
        PatientWorker().work(once=True)
        event(1, 60 * DAY)

        PatientWorker().work(once=True)

        assert StripeEvent.objects.count() == 1

    def test_it_is_due_where_a_clock_that_was_ahead_has_written_when(self):
        housekeeping.keep_if_due()
        Schedule.objects.update(housekeeping_due_at=timezone.now() + DAY)

        assert housekeeping.keep_if_due()

    def test_it_does_not_move_the_compare(self):
        Schedule.objects.create(pk=Schedule.ONLY, compare_due_at=timezone.now() + HOUR)
        before = Schedule.objects.get().compare_due_at

        housekeeping.keep_if_due()

        assert Schedule.objects.get().compare_due_at == before

    def test_one_chore_that_fails_keeps_no_other_from_being_done(self, monkeypatch):
        def fail(goes_on: object) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(housekeeping, "_tasks", fail)
        event(1, 60 * DAY)

        assert housekeeping.keep_if_due()

        assert not StripeEvent.objects.exists()

    def test_a_worker_that_ends_leaves_the_rest(self):
        event(1, 60 * DAY)

        housekeeping.keep_if_due(lambda: False)

        assert StripeEvent.objects.exists()

    def test_what_takes_long_goes_on_after_a_while(self, monkeypatch):
        """In the meantime the worker looks after courses."""
        monkeypatch.setattr(housekeeping, "PART", 1)
        monkeypatch.setattr(housekeeping, "LONGEST_SECONDS", 0.05)
        monkeypatch.setattr(housekeeping, "PAUSE_SECONDS", 0.06)
        for _ in range(3):
            task("SUCCESSFUL", 20 * DAY)

        assert housekeeping.keep_if_due()

        assert DBTaskResult.objects.exists()
        assert Schedule.objects.get().housekeeping_due_at <= timezone.now() + housekeeping.GOES_ON_AFTER

    def test_what_is_done_is_due_in_an_hour(self):
        housekeeping.keep_if_due()

        assert Schedule.objects.get().housekeeping_due_at > timezone.now() + timedelta(minutes=59)


class TestWhat:
    def test_events_stay_longer_than_stripe_tells_of_them_again(self):
        rows = [event(1, 29 * DAY), event(2, 34 * DAY), event(3, 36 * DAY), event(4, 90 * DAY, processed=False)]

        housekeeping.keep_if_due()

        assert set(StripeEvent.objects.all()) == {rows[0], rows[1], rows[3]}

    def test_very_many_go_part_by_part(self, monkeypatch):
        monkeypatch.setattr(events, "BATCH", 4)
        for number in range(10):
            event(number, 60 * DAY)
        event(99, DAY)

        assert events.prune() == 10

    def test_no_statement_deletes_more_than_a_part(self, monkeypatch):
        monkeypatch.setattr(housekeeping, "PART", 3)
        for _ in range(8):
            task("SUCCESSFUL", 20 * DAY)

        assert housekeeping.delete_by_parts(DBTaskResult.objects.all()) == 8

    def test_tasks_that_ended_or_died_weeks_ago_are_deleted(self):
        old = [task(status, 15 * DAY) for status in ("SUCCESSFUL", "FAILED", "RUNNING")]
        kept = [task("SUCCESSFUL", 13 * DAY), task("RUNNING", HOUR), task("READY", 15 * DAY)]

        housekeeping.keep_if_due()

        assert set(DBTaskResult.objects.all()) == set(kept)
        assert old

    def test_sessions_that_are_over_for_days(self):
        model = import_module(configured.SESSION_ENGINE).SessionStore.get_model_class()
        for key, age in (("old", 3 * DAY), ("just", DAY), ("open", -DAY)):
            model.objects.create(session_key=key, session_data="", expire_date=timezone.now() - age)

        housekeeping.keep_if_due()

        assert {row.session_key for row in model.objects.all()} == {"just", "open"}

    def test_runs_but_the_last_ones_and_none_that_is_under_way(self, monkeypatch):
        monkeypatch.setattr(sync_runs, "KEEP", 2)
        under_way = SyncRun.objects.create(kind="compare", seen_at=timezone.now())
        runs = [SyncRun.objects.create(kind="compare", state="done", seen_at=timezone.now()) for _ in range(4)]

        housekeeping.keep_if_due()

        assert set(SyncRun.objects.all()) == {under_way, *runs[2:]}
