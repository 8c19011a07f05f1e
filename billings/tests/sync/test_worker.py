"""The worker's rounds; neither a locked database nor a signal harms it."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.tasks import task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from billings.management.commands import worker as worker_module
from billings.management.commands.worker import PatientWorker
from billings.models import Schedule
from tools.processes import Process, run

ROOT = Path(__file__).resolve().parents[3]


@task
def note(text: str) -> str:
    return text


@task
def fail() -> None:
    raise ValueError("on purpose")


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(worker_module, "INTERVAL", 0)


@pytest.fixture
def sweeps(monkeypatch) -> Callable[..., list[int]]:
    """Answers, one for each call of `sweep`; nothing is due after the last. An exception is raised."""

    def answer(*answers: int | Exception) -> list[int]:
        waiting, asked = list(answers), []

        def sweep(limit: int, each: object, goes_on: object) -> int:
            asked.append(limit)
            found = waiting.pop(0) if waiting else 0
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(worker_module, "sweep", sweep)
        return asked

    return answer


@pytest.mark.django_db
class TestOnce:
    def test_runs_every_task_that_is_ready(self, sweeps):
        sweeps()
        results = [note.enqueue(text=str(number)) for number in range(3)]

        PatientWorker().work(once=True)

        for number, result in enumerate(results):
            result.refresh()
            assert result.return_value == str(number)

    def test_a_task_that_fails_stops_nothing(self, sweeps):
        sweeps()
        failing, good = fail.enqueue(), note.enqueue(text="after")

        PatientWorker().work(once=True)

        failing.refresh()
        good.refresh()
        assert failing.status == "FAILED"
        assert good.return_value == "after"

    def test_leaves_a_task_for_later(self, sweeps):
        sweeps()
        later = note.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(text="later")

        PatientWorker().work(once=True)

        later.refresh()
        assert later.status == "READY"

    def test_sweeps_until_nothing_is_due(self, sweeps):
        asked = sweeps(1, 1, 1)

        PatientWorker().work(once=True)

        assert len(asked) > 3

    def test_tasks_have_their_turn_between_sweeps(self, sweeps, monkeypatch):
        monkeypatch.setattr(worker_module, "ROWS_A_ROUND", 2)
        sweeps(1, 1, 1)
        worker = PatientWorker()

        assert [worker.round(), worker.round(), worker.round()] == [2, 1, 0]

    def test_says_what_went_wrong(self, sweeps):
        sweeps(RuntimeError("a bug"))

        with pytest.raises(RuntimeError, match="a bug"):
            PatientWorker().work(once=True)

    def test_a_locked_database_is_tried_again(self, sweeps):
        asked = sweeps(OperationalError("database is locked"), 1)

        PatientWorker().work(once=True)

        assert len(asked) > 2

    def test_forgets_tasks_that_ended_weeks_ago(self, sweeps):
        sweeps()
        old, recent = note.enqueue(text="old"), note.enqueue(text="recent")
        PatientWorker().work(once=True)
        DBTaskResult.objects.filter(pk=old.id).update(finished_at=timezone.now() - timedelta(days=15))
        Schedule.objects.update(housekeeping_due_at=timezone.now())

        PatientWorker().work(once=True)

        assert [str(row.pk) for row in DBTaskResult.objects.all()] == [recent.id]


@pytest.mark.django_db
class TestForEver:
    def test_goes_on_after_what_nobody_expected(self, monkeypatch, caplog):
        worker = PatientWorker()

        def sweep(limit: int, each: object, goes_on: object) -> int:
            if "a bug" not in caplog.text:
                raise RuntimeError("a bug")
            worker.running = False
            return 0

        monkeypatch.setattr(worker_module, "sweep", sweep)
        worker.work()

        assert "a bug" in caplog.text

    def test_a_signal_waits_for_the_row_that_is_being_converged(self, monkeypatch):
        worker = PatientWorker()
        converged = []

        def sweep(limit: int, each: object, goes_on: object) -> int:
            worker.shutdown(signal.SIGTERM, None)  # would raise SystemExit here, were this not known as work
            converged.append(limit)
            return 1

        monkeypatch.setattr(worker_module, "sweep", sweep)
        worker.work()

        assert len(converged) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_after_a_signal_no_row_is_begun(threads):
    worker, begun = PatientWorker(threads=threads), []

    def converge(number: int) -> None:
        begun.append(number)
        worker.running = False

    list(worker._while_running(converge, range(100)))

    assert 1 <= len(begun) <= threads


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    """A database of its own in a file, since another process shall use it."""
    path = tmp_path_factory.mktemp("worker") / "db.sqlite3"
    run([sys.executable, "manage.py", "migrate", "-v0"], env=environment(path))
    return path


def environment(database: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}


@pytest.mark.processes
class TestProcess:
    @pytest.fixture
    def process(self, database) -> Iterator[Process]:
        with Process.start([sys.executable, "manage.py", "worker"], env=environment(database)) as process:
            yield process

    def test_that_works_once_ends_by_itself(self, database):
        run([sys.executable, "manage.py", "worker", "--once"], env=environment(database), seconds=30)

    def test_survives_a_lock_longer_than_sqlite_waits_and_ends_by_sigterm(self, database, process):
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        process.wait_until(lambda: "database is locked" in process.output())
        other.execute("COMMIT")
        other.close()
        assert process.runs

        process.popen.terminate()

        assert process.wait() == 0
