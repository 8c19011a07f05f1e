"""`manage.py worker`: runs tasks as they come, and sweeps for rows that are due, whatever became of their tasks."""

import logging
import os
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV, run_with_reloader
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from billings.models import BillingProduct
from billings.operations import housekeeping, schedule, tasks
from billings.stripe_api import endpoints, gateway, permissions, rate_limit
from billings.stripe_api.permissions import PERMISSIONS, is_granted
from billings.sync import heartbeat, lease, polling, restored_database
from billings.sync.sweep import Work, sweep

logger = logging.getLogger("billings.worker")

INTERVAL = 0.5
TASKS_A_ROUND = 100
ROWS_A_ROUND = 100
# How often a worker checks whether it is due.
KEEP_HOUSE_EVERY = 60.0
WATCH_EVERY = 30.0
# Stripe takes its time, so several courses wait for their responses concurrently.
THREADS = 4
ROWS_A_THREAD = 4


class _Ended(Exception):
    """A signal arrived."""


class PatientWorker(Worker):
    """The library's worker, which by itself dies of a locked database and never resumes the task of a killed worker.

    It works in rounds: first the sweep, in several threads, then the tasks, most of which find their work done. An
    error is logged, and the next round begins after a pause.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._rows_at_once = threads * ROWS_A_THREAD
        super().__init__(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=INTERVAL,
            batch=True,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=TASKS_A_ROUND,
            worker_id=get_random_string(32),
        )
        self._threads = ThreadPoolExecutor(threads) if threads > 1 else None
        self._look: Future[None] | None = None
        self._keep_house_at = self._watch_at = self._look_at = 0.0
        self._once = False
        self._failures = 0

    def work(self, *, once: bool = False) -> None:
        """Run until SIGTERM; with `once`, until a round finds nothing to do."""
        self._once = once
        try:
            self._until_ended(once)
        finally:
            with suppress(DatabaseError):
                heartbeat.end()

    def _until_ended(self, once: bool) -> None:
        while self.running:
            found = self._attempt(once)
            if found == 0 and once:
                return
            if not found and self.running:
                # Exponential while the database is unavailable; jitter keeps several workers apart.
                time.sleep(INTERVAL * min(2**self._failures, 60) * random.uniform(0.8, 1.2))

    def _attempt(self, once: bool) -> int | None:
        """A round; None if it failed."""
        try:
            heartbeat.begin()
            found = self.round()
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database cannot be used (%s); trying again.", error)
        except Exception:
            if once:
                raise
            logger.exception("The worker met something unexpected; going on.")
        else:
            self._failures = 0
            return found
        self._failures += 1
        return None

    def round(self) -> int:
        """Converge the rows that are due and run the tasks that are ready; returns how many."""
        found = self._sweep()
        self._run_tasks = 0
        if self.running:
            self.run()
        return found + self._run_tasks

    def _sweep(self) -> int:
        """Few rows at a time, so that SIGTERM, which waits for work in progress, does not wait long."""
        rows = 0
        # The library's flag: stop at once on a signal, or after the current work?
        self.running_task = True
        try:
            while self.running and rows < ROWS_A_ROUND:
                self._keep_order()
                if not self._sweep_some():
                    break
                rows += 1
        finally:
            self.running_task = False
        return rows

    def _keep_order(self) -> None:
        """Periodic work: on failure it is retried when it is due again, and delays nothing else."""
        now = time.monotonic()
        if now >= self._keep_house_at:
            self._keep_house_at = now + KEEP_HOUSE_EVERY
            housekeeping.keep_if_due(lambda: self.running)
        heartbeat.beat()
        if now >= self._watch_at:
            self._watch_at = now + WATCH_EVERY
            tasks.resume_stalled()
            lease.shorten_impossible(BillingProduct.objects.all())
        if now >= self._look_at:
            self._look_at = now + restored_database.LOOK_EVERY
            schedule.begin_compare_if_due()
            if not self._threads or self._once:
                self._look_for_forgotten_calls()
            elif self._look is None or self._look.done():  # the first one may take longer than the interval
                self._look = self._threads.submit(self._look_for_forgotten_calls)  # concurrently with the sweep

    def _sweep_some(self) -> int:
        return sweep(limit=self._rows_at_once, each=self._while_running, goes_on=lambda: self.running)

    def _while_running(self, converge: Callable[[Work], object], work: Iterable[Work]) -> Iterable[object]:
        spread = self._threads.map if self._threads else map
        return spread(lambda one: self._while_beating(converge, one) if self.running else None, work)

    def _while_beating(self, converge: Callable[[Work], object], one: Work) -> object:
        """Send heartbeats: if Stripe is slow, a few courses take longer than a heartbeat may be overdue."""
        heartbeat.beat()
        return converge(one)

    def _look_for_forgotten_calls(self) -> None:
        close_old_connections()
        try:
            self._look_at_the_connection()
            if not polling.is_due():
                return
            forgotten = polling.poll(seconds=self._seconds_in_turn)
        except _Ended:
            return
        except (DatabaseError, gateway.ReadFailed) as failed:
            self._look_at = time.monotonic() + polling.RETRY_SECONDS
            logger.warning("Stripe could not be asked for its events: %s", failed)
            return
        if forgotten:
            logger.warning(
                "Stripe knows more than this database, as after restoring a backup: %d courses are read again.",
                len(forgotten),
            )

    def _look_at_the_connection(self) -> None:
        """Check the key's permissions and the registered webhook endpoints, once a day. Raises ReadFailed."""
        seconds = float(settings.STRIPE_TIMEOUT_SECONDS)
        if permissions.is_due():
            row = permissions.check(seconds=seconds)
            for one in PERMISSIONS:
                if one.is_required and not is_granted(row, one):
                    logger.error("The Stripe key lacks %s. %s", one.label, row.permissions[one.name]["why"])
        if endpoints.is_due():
            endpoints.check(seconds=seconds)

    def _seconds_in_turn(self) -> float:
        """Raises _Ended: a poll may take long, and nothing of it is stored before it is complete."""
        if not self.running:
            raise _Ended
        rate_limit.wait_for_turn()
        return float(settings.STRIPE_TIMEOUT_SECONDS)


class Command(BaseCommand):
    help = "Runs tasks, and brings to Stripe whatever is due. SIGTERM and Ctrl-C end it when the present step is done."
    # While the database is locked, Django's check of JSON fields would assume that SQLite lacks JSON.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due")
        parser.add_argument(
            "--threads", type=int, default=THREADS, help=f"courses that wait for Stripe at once (default: {THREADS})"
        )
        parser.add_argument("--reload", action="store_true", help="restart when code changes (for development)")

    def handle(self, *args: Any, once: bool, threads: int, reload: bool, **options: Any) -> None:
        worker = PatientWorker(threads=threads)
        if not reload:
            worker.configure_signals()
            worker.work(once=once)
            return
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            worker.configure_signals()
        run_with_reloader(worker.work)
