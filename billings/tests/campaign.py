"""The fault campaign: every operation meets every fault at each of its requests, and is killed between any two writes.

    python -m billings.tests.campaign [--sample N] [--seed S]

Recovery is the worker's round alone. Afterwards Stripe and the mirror must agree, with nothing doubled, nothing lost,
and no error shown that is not true any more. It prints a table, and ends with status 1 if one case did not recover.
Real HTTP to a real sandbox through the official library; a killed process is a forked one, ended by SIGKILL.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tools.environments import environment, files_in
from tools.processes import ROOT
from tools.testing.sandbox import Sandbox, running_sandbox

if TYPE_CHECKING:
    from billings.tests.support.editor import Editor, Operation

BUDGET_SECONDS = 0.5
ROUNDS = 12  # of recovery; far more than any case needs
WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "RELEASE")


@dataclass(frozen=True)
class Fault:
    """A way for a request to fail, as the sandbox's control API takes it."""

    name: str
    body: dict[str, Any]


FAULTS = [
    *(
        Fault(f"{kind} {when}", {"kind": kind, "when": when})
        for kind in ("reset", "timeout", "500", "502", "503", "garbage", "slow")
        for when in ("before", "after")
    ),
    *(Fault(kind, {"kind": kind}) for kind in ("429", "lock", "409", "401", "403")),
    Fault("late", {"kind": "late", "when": "late", "seconds": 60}),
]
for fault in FAULTS:
    if fault.body["kind"] in ("timeout", "slow"):
        fault.body["seconds"] = 30 if fault.body["kind"] == "timeout" else 0.1


@dataclass(frozen=True)
class Case:
    """An operation and what befalls it: a fault at its nth call, or SIGKILL before its nth write."""

    operation: str
    trouble: str
    nth: int
    fault: Fault | None


@dataclass
class Row:
    """What became of the cases of one operation."""

    cases: int = 0
    recovered: int = 0
    duplicates: int = 0
    orphans: int = 0
    worst_calls: int = 0
    failures: list[str] = field(default_factory=list)


def at_once(*operations: "Operation") -> "Operation":
    """Two tabs, one moment."""

    def both(editor: "Editor") -> None:
        threads = [threading.Thread(target=_with_own_connection, args=(one, editor)) for one in operations]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return both


def _with_own_connection(operation: "Operation", editor: "Editor") -> None:
    from django.db import connection

    try:
        operation(editor)
    finally:
        connection.close()


def operations() -> dict[str, tuple[list["Operation"], "Operation", int]]:
    """What went before, the operation, and how many calls it makes."""
    from billings.tests.support.editor import PRICED, PUBLISH, draft, press, save

    return {
        "create": ([], PRICED, 1),
        "create a subscription": ([], draft(price="9", billing_interval="month"), 1),
        "rename": ([PRICED, PUBLISH], save(title="Oil"), 1),
        "publish": ([PRICED], PUBLISH, 1),
        "unpublish": ([PRICED, PUBLISH], press("unpublish"), 1),
        "change the price": ([PRICED, PUBLISH], save(price="59"), 3),
        "change the interval": ([PRICED, PUBLISH], save(price="49", billing_interval="year"), 3),
        "change the currency": ([PRICED, PUBLISH], save(price="49", currency="eur"), 3),
        "back to an old price": ([PRICED, PUBLISH, save(price="59")], save(price="49"), 3),
        "free": ([PRICED, PUBLISH], save(price=""), 1),
        "priced again": ([PRICED, PUBLISH, save(price="")], save(price="59"), 3),
        "archive": ([PRICED, PUBLISH], press("archive"), 1),
        "restore": ([PRICED, PUBLISH, press("archive")], press("restore"), 1),
        "two at once": ([PRICED, PUBLISH], at_once(save(title="Oil"), save(price="59")), 4),
    }


@dataclass
class Campaign:
    sandbox: Sandbox
    teacher: Any
    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))

    def editor(self) -> "Editor":
        from django.test import Client

        from billings.tests.support.editor import Editor

        client = Client()
        client.force_login(self.teacher)
        return Editor(client)

    def grid(self) -> Iterator[Case]:
        """Every case. How many writes an operation makes is found by doing it once."""
        for name, (_, _, calls) in operations().items():
            for nth in range(1, calls + 1):
                for fault in FAULTS:
                    yield Case(name, fault.name, nth, fault)
            for nth in range(1, self._writes_of(name) + 1):
                yield Case(name, "SIGKILL", nth, None)

    def _writes_of(self, name: str) -> int:
        before, operation, _ = operations()[name]
        if name == "two at once":  # a process of two threads dies as a whole: the others cover its points
            return 0
        editor = self.editor()
        for earlier in before:
            earlier(editor)
        with counted_writes(lambda number: None) as count:
            operation(editor)
        return len(count)

    def run(self, case: Case) -> None:
        before, operation, _ = operations()[case.operation]
        editor = self.editor()
        for earlier in before:
            earlier(editor)
        first_call = len(self.sandbox.calls())
        if case.fault:
            self.sandbox.fault(**case.fault.body, method="POST", skip=case.nth - 1)
            operation(editor)
        else:
            in_a_process_killed_before_write(case.nth, lambda: operation(editor))
        self._check(case, self._recovered(editor), first_call)
        self.sandbox.clear_faults()

    def _recovered(self, editor: "Editor") -> Any:
        """The row after the worker's rounds, with its own dates moved into the past. None: nothing was ever saved."""
        from django.utils import timezone

        from billings.management.commands.worker import PatientWorker
        from billings.models import BillingProduct, behind

        worker = PatientWorker()
        # A process killed while it created the course never said its id: it is the newest, if it is there at all.
        rows = BillingProduct.objects.filter(course_id=UUID(editor.id)) if editor.id else BillingProduct.objects.all()
        row = rows.order_by("-created_at").first()
        if row is None:
            return None
        for _ in range(ROUNDS):
            self.sandbox.release()
            past = timezone.now() - timedelta(seconds=1)
            BillingProduct.objects.filter(pk=row.pk).update(next_attempt_at=past, lease_expires_at=None)
            worker.round()
            if not BillingProduct.objects.filter(behind(), pk=row.pk).exists():
                break
        return BillingProduct.objects.get(pk=row.pk)

    def _check(self, case: Case, product: Any, first_call: int) -> None:
        row = self.rows[case.operation]
        row.cases += 1
        calls = self.sandbox.calls()[first_call:]
        row.worst_calls = max(row.worst_calls, len(calls))
        if product is None:
            row.recovered += 1
            return
        wrong, duplicates, orphans = self._differences(product)
        row.duplicates += duplicates
        row.orphans += orphans
        if wrong or duplicates or orphans:
            row.failures.append(f"{case}: {'; '.join(wrong)}, {duplicates} duplicates, {orphans} orphans")
        else:
            row.recovered += 1

    def _differences(self, product: Any) -> tuple[list[str], int, int]:
        """What is not as it must be at rest; then the counts of doubled and of unknown things in Stripe."""
        from billings.status import state_of

        course = str(product.course_id)
        mine = [one for one in self.sandbox.products() if one["metadata"].get("course_id") == course]
        prices = [one for one in self.sandbox.prices() if one["product"] in {one["id"] for one in mine}]
        terms = [(one["unit_amount"], one["currency"], (one["recurring"] or {}).get("interval")) for one in prices]
        known = {price.stripe_id: price.active for price in product.prices.filter(gone=False)}
        orphans = len([one for one in mine if one["id"] != product.stripe_id])
        orphans += len([one for one in prices if one["id"] not in known])
        checks = {
            "still behind": product.generation == product.observed_generation,
            "an error is shown": not product.trouble,
            f"state {state_of(product)}": state_of(product) in ("in_sync", "free", "archived"),
            "a lease is left": product.lease_expires_at is None,
            "existence": bool(mine) == product.exists,
            "prices differ": known == {one["id"]: one["active"] for one in prices},
        }
        if product.exists and mine:
            checks |= _stripe_is_as_desired(product, mine[0], prices)
        return [what for what, holds in checks.items() if not holds], len(terms) - len(set(terms)), orphans


def _stripe_is_as_desired(product: Any, seen: dict[str, Any], prices: list[dict[str, Any]]) -> dict[str, bool]:
    """The table "What 'in Stripe' means" of the architecture."""
    active = [one for one in prices if one["active"]]
    checks = {
        "name": seen["name"] == product.desired_name == product.observed_name,
        "active": seen["active"] == product.desired.active == product.observed_active,
        "default price": seen["default_price"] == product.observed_default_price,
        "more than one active price": [one["id"] for one in active] == [seen["default_price"]],
    }
    if product.price and active:
        interval = (active[0]["recurring"] or {}).get("interval")
        sold = (active[0]["unit_amount"], active[0]["currency"], interval)
        checks["sold at another price"] = sold == (
            product.price.unit_amount,
            product.price.currency,
            product.price.interval,
        )
    return checks


@contextmanager
def counted_writes(before_each: Callable[[int], None]) -> Iterator[list[str]]:
    """Call `before_each` with 1, 2, 3 … right before every write to the database, and note them."""
    from django.db import connection

    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            seen.append(sql)
            before_each(len(seen))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


def in_a_process_killed_before_write(nth: int, act: Callable[[], object]) -> None:
    """Do it in a forked process that ends by SIGKILL right before its nth write."""
    from django.db import connection

    connection.close()
    child = os.fork()
    if child == 0:
        with counted_writes(lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == nth else None):
            act()
        os._exit(0)
    os.waitpid(child, 0)


def print_table(rows: dict[str, Row]) -> bool:
    """The table that is the campaign's result; True if every case recovered."""
    print(f"\n{'operation':<24}{'cases':>7}{'recovered':>11}{'duplicates':>12}{'orphans':>9}{'most calls':>12}")
    total = Row()
    for name, row in rows.items():
        _print_row(name, row)
        for count in ("cases", "recovered", "duplicates", "orphans"):
            setattr(total, count, getattr(total, count) + getattr(row, count))
        total.worst_calls = max(total.worst_calls, row.worst_calls)
        total.failures += row.failures
    _print_row("all", total)
    for failure in total.failures:
        print(f"NOT RECOVERED {failure}")
    return total.recovered == total.cases and not total.duplicates and not total.orphans


def _print_row(name: str, row: Row) -> None:
    print(f"{name:<24}{row.cases:>7}{row.recovered:>11}{row.duplicates:>12}{row.orphans:>9}{row.worst_calls:>12}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="only so many cases of the grid, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        _use_settings_for(Path(folder))
        return _run(options.sample, options.seed)


def _use_settings_for(folder: Path) -> None:
    sys.path.insert(0, str(ROOT / "site"))
    budget = dict.fromkeys(("STRIPE_INLINE_BUDGET_SECONDS", "STRIPE_TIMEOUT_SECONDS"), str(BUDGET_SECONDS))
    database = {"DATABASE_URL": os.environ["CAMPAIGN_DATABASE_URL"]} if "CAMPAIGN_DATABASE_URL" in os.environ else {}
    os.environ.update(environment("tests", **{**files_in(folder), **database, **budget}))
    import django

    django.setup()


def _run(sample: int | None, seed: int) -> int:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with running_sandbox() as sandbox:
        settings.STRIPE_API_BASE = sandbox.url
        campaign = Campaign(sandbox, User.objects.create_user("teacher", "teacher@example.com"))
        cases = list(campaign.grid())
        if sample is not None:
            cases = random.Random(seed).sample(cases, sample)
        for case in cases:
            campaign.run(case)
    return 0 if print_table(campaign.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
