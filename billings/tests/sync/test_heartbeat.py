"""Workers are known by their heartbeats, on the Sync page and for monitoring."""

import os
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import WorkerHeartbeat
from billings.sync import heartbeat
from tools.processes import Process, until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker_here():
    yield
    heartbeat._Own.row = None


def seen(**ago: float) -> WorkerHeartbeat:
    at = timezone.now() - timedelta(**ago)
    return WorkerHeartbeat.objects.create(host="here", pid=1, started_at=at, seen_at=at)


class TestReadyz:
    def ask(self, client):
        answer = client.get("/readyz?worker")
        return answer.status_code, answer.json()["status"]

    def test_says_that_there_never_was_a_worker(self, client):
        assert self.ask(client) == (503, "no worker has ever been seen")

    def test_is_content_with_one_that_was_seen_a_moment_ago(self, client):
        seen(seconds=30)

        assert self.ask(client) == (200, "ok")

    def test_says_since_when_there_is_none(self, client):
        row = seen(seconds=90)

        at = row.seen_at.isoformat(timespec="seconds")
        assert self.ask(client) == (503, f"no worker has been seen since {at}")

    def test_is_content_with_one_of_several(self, client):
        seen(hours=2)
        seen(seconds=1)

        assert self.ask(client) == (200, "ok")

    def test_does_not_believe_a_sign_of_life_from_the_future(self, client):
        """As a clock leaves it that was ahead."""
        seen(hours=-3)

        assert self.ask(client)[0] == 503

    def test_sees_the_living_one_behind_one_from_the_future(self, client):
        seen(hours=-3)
        seen(seconds=1)

        assert self.ask(client) == (200, "ok")

    def test_that_is_not_asked_for_the_worker_knows_nothing_of_it(self, client):
        assert client.get("/readyz").json() == {"status": "ok"}


class TestAWorker:
    def test_shows_that_it_lives_and_that_it_has_ended(self, client):
        PatientWorker().work(once=True)

        row = WorkerHeartbeat.objects.get()
        assert (row.pid, row.stopped_at is not None) == (os.getpid(), True)
        assert client.get("/readyz?worker").status_code == 503

    def test_beats_as_long_as_it_runs(self, monkeypatch):
        heartbeat.begin()
        WorkerHeartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
        heartbeat.beat()
        assert not heartbeat.is_alive(heartbeat.last(), timezone.now()), "not before its time"

        monkeypatch.setattr(heartbeat, "BEAT_EVERY", 0)
        heartbeat.beat()

        assert heartbeat.is_alive(heartbeat.last(), timezone.now())

    def test_beats_while_it_waits_for_stripe_for_many_courses(self, monkeypatch):
        beats = []
        monkeypatch.setattr(heartbeat, "beat", lambda: beats.append(1))

        list(PatientWorker()._while_running(lambda work: work, [(uuid4(), None), (uuid4(), None)]))

        assert len(beats) == 2

    def test_forgets_workers_of_the_days_before_but_never_the_last(self):
        seen(days=9)
        assert heartbeat.last().pid == 1

        heartbeat.begin()

        assert WorkerHeartbeat.objects.get().pid == os.getpid()


def test_a_killed_worker_is_missed_after_a_minute(database_url, run_script):
    """A real process; SIGKILL leaves no time to say goodbye."""
    command = [sys.executable, "manage.py", "worker"]
    process = Process.start(command, env={**os.environ, "DATABASE_URL": database_url})
    until(lambda: run_script(COUNT, database_url) == "1")

    process.kill()

    assert run_script(ALIVE.format(later=0), database_url) == "True", "nobody can know yet"
    assert run_script(ALIVE.format(later=61), database_url) == "False"


COUNT = "from billings.models import WorkerHeartbeat; print(WorkerHeartbeat.objects.count())"
ALIVE = """
from datetime import timedelta
from billings import clock; from billings.sync import heartbeat
print(heartbeat.is_alive(heartbeat.last(), clock.now() + timedelta(seconds={later})))
"""
