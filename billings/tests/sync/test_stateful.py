"""Anything in any order, against the real sandbox: saves, Dashboard edits, faults, crashes, lost leases, late landings.

Whatever happened, the sweep alone brings the course back: one product, one active price, nothing twice, and no drift
unless someone was at the Dashboard.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billings.drift import decisions
from billings.models import BillingProduct, Drift, StripeRequest, behind
from billings.money import PriceSpec
from billings.product_fields import Field
from billings.status import state_of
from billings.sync import bulk_reads
from billings.sync.converge import KEY_LIFETIME, LANDED_AFTER
from billings.sync.events import request_reads, store
from billings.sync.sweep import due, sweep
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.interruptions import Killed, at_call, kill
from billings.tests.support.sold import Sold
from tools.testing.sandbox import Sandbox

PRICES = [None, PriceSpec(4900, "usd"), PriceSpec(5900, "usd"), PriceSpec(4900, "eur"), PriceSpec(4900, "usd", "month")]
SAVES = [*(("price", price) for price in PRICES), ("name", "Oil"), ("name", "Pastel"), ("status", "published")]
# One of each sort; `test_converge` has them all, at every call.
FAULTS = [
    {"kind": "late", "seconds": 600},
    {"kind": "500", "when": "after", "stored": True},
    {"kind": "reset", "when": "after"},
    {"kind": "reset", "when": "before"},
    {"kind": "401"},
]
DURING_A_CALL = ["the process dies", "the lease is lost", "a price is saved", "a read is wanted", "someone edits"]
EDITS = ["rename", "switch", "price", "currencies", "add", "activate", "delete"]
MORE_THAN_ENOUGH = 30
# `make campaign` asks for many more.
EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "50"))

type Save = tuple[str, Any]


@dataclass(frozen=True)
class Fault:
    """A call of the next converge goes wrong."""

    how: dict[str, Any]
    nth: int
    method: str


@dataclass(frozen=True)
class Interruption:
    """Something else happens right before or after a call of the next converge."""

    what: str
    nth: int
    side: str


saves = st.sampled_from(SAVES)
post_faults = st.builds(Fault, how=st.sampled_from(FAULTS), nth=st.sampled_from([1, 1, 2, 3]), method=st.just("POST"))
read_faults = st.builds(Fault, how=st.sampled_from(FAULTS[1:]), nth=st.integers(1, 3), method=st.just("GET"))
interruptions = st.builds(
    Interruption, what=st.sampled_from(DURING_A_CALL), nth=st.integers(1, 4), side=st.sampled_from(["before", "after"])
)
troubles = post_faults | post_faults | read_faults | interruptions


class Portal(RuleBasedStateMachine):
    """One course. Few rules with much in each, so that every run meets most of it."""

    def __init__(self, owner: User, sandbox: Sandbox) -> None:
        super().__init__()
        sandbox.reset()
        self.sandbox = sandbox
        self.numbers = count(1)
        self.edited = False
        self.forgotten_afterwards = transaction.atomic()
        self.forgotten_afterwards.__enter__()
        self.sold = Sold(owner, price=None)

    @initialize(price=st.sampled_from(PRICES), converged=st.booleans(), dashboard=st.booleans())
    def begin(self, price: PriceSpec | None, converged: bool, dashboard: bool) -> None:
        self.dashboard = dashboard
        self.sold.price(price)
        if converged:
            self.sold.converge()

    @rule(save=saves, trouble=troubles, again=st.booleans())
    def a_save_goes_wrong(self, save: Save, trouble: Fault | Interruption, again: bool) -> None:
        self.save(save)
        self.converge_with(trouble)
        if again:
            self.the_worker_sweeps()

    @rule(save=saves)
    def a_save_waits_for_the_worker(self, save: Save) -> None:
        self.save(save)

    @rule(trouble=troubles | st.none(), sweeps=st.booleans())
    def the_worker_comes(self, trouble: Fault | Interruption | None, sweeps: bool) -> None:
        self.time_passes()
        self.converge_with(trouble, by=sweep if sweeps else self.sold.converge)

    def the_worker_sweeps(self) -> None:
        self.time_passes()
        sweep()

    @rule(order=st.randoms(use_true_random=False))
    def stripe_tells_everything_again(self, order: random.Random) -> None:
        """Webhooks: in any order, old ones among them, some for the second time."""
        events = self.sandbox.events()
        order.shuffle(events)
        for event in events:
            store(event)

    @rule(what=st.sampled_from(EDITS), decide=st.sampled_from(["restore", "accept"]))
    def staff_decide(self, what: str, decide: str) -> None:
        """What someone did in the Dashboard, once the worker has found it."""
        if self.someone_may_edit():
            self.someone_edits(what)
            self.the_worker_sweeps()
        self.time_passes()
        drift = self.sold.product.drifts.filter(closed_at=None).first()
        if drift is None:
            return
        with suppress(decisions.Undecidable):
            if decide == "restore":
                decisions.restore_local_value(drift, shown=drift.remote_value, actor=None)
            else:
                decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=None, adopt=self.adopt)

    def adopt(self, field: Field, value: Any) -> None:
        """What courses does when staff accept."""
        match field:
            case Field.NAME:
                self.sold.listing(name=value)
            case Field.ACTIVE:
                self.sold.listing(status="published" if value else "draft")

    @rule(what=st.sampled_from(["what was cut off is carried out", "a day passes"]))
    def time_does_its_work(self, what: str) -> None:
        if what == "a day passes":
            self.a_day_passes()
        self.sandbox.release()

    def a_day_passes(self) -> None:
        """Nothing is on its way any more, and no key is alive."""
        self.sandbox.release()
        now = timezone.now()
        StripeRequest.objects.filter(resolved_at=None).update(
            created_at=now - KEY_LIFETIME - timedelta(hours=1), last_sent_at=now - LANDED_AFTER - timedelta(hours=1)
        )

    def someone_may_edit(self) -> bool:
        return self.dashboard and bool(self.sandbox.products())

    @precondition(someone_may_edit)
    @rule(what=st.sampled_from(EDITS))
    def someone_edits(self, what: str) -> None:
        """In the Dashboard; Stripe's message of it asks for a read."""
        self.edited = True
        (product,) = self.sandbox.products()
        path = f"products/{product['id']}"
        amount = 10_000 + next(self.numbers)  # never one of ours, so that what we double stands out
        match what:
            case "rename":
                self.sandbox.dashboard(path, name=f"Renamed {amount}")
            case "switch":
                self.sandbox.dashboard(path, active=not product["active"])
            case "price":
                self.sandbox.dashboard(f"{path}/price", unit_amount=amount, currency="usd")
            case "currencies":
                for price in self.sandbox.prices(active=True)[:1]:
                    options = {"gbp": {"unit_amount": amount}}
                    self.sandbox.dashboard(f"prices/{price['id']}", currency_options=options)
            case "add":
                self.sandbox.dashboard("prices", product=product["id"], unit_amount=amount, currency="usd")
            case "activate":
                for price in self.sandbox.prices(active=False)[:1]:
                    self.sandbox.dashboard(f"prices/{price['id']}/activate")
            case "delete":
                self.sandbox.dashboard(f"{path}/delete")
        request_reads([self.sold.row.pk])

    @precondition(someone_may_edit)
    @rule(decides=st.booleans())
    def someone_adds_a_currency(self, decides: bool) -> None:
        """An edit that leaves every id and amount as they were."""
        self.someone_edits("currencies")
        if decides:
            self.staff_decide("rename", "restore")

    def save(self, save: Save) -> None:
        what, value = save
        if what == "price":
            self.sold.price(value)
        else:
            self.sold.listing(**{what: value})

    def converge_with(self, trouble: Fault | Interruption | None, by: Callable[[], object] | None = None) -> None:
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            match trouble:
                case Fault(how, nth, method):
                    self.sandbox.fault(**how, method=method, skip=nth - 1)
                case Interruption(what, nth, side):
                    at_call(patch, nth, **{side: lambda: self.meanwhile(what)})
            (by or self.sold.converge)()
        self.sandbox.clear_faults()

    def meanwhile(self, what: str) -> None:
        match what:
            case "the process dies":
                kill()
            case "the lease is lost":
                self.time_passes()
                self.sold.converge()
            case "a price is saved":
                self.sold.price(PRICES[next(self.numbers) % len(PRICES)])
            case "a read is wanted":
                request_reads([self.sold.row.pk])
            case "someone edits" if self.someone_may_edit():
                self.someone_edits(EDITS[next(self.numbers) % 5])

    def time_passes(self) -> None:
        now = timezone.now()
        BillingProduct.objects.filter(behind()).update(next_attempt_at=now, lease_expires_at=now)

    # What must hold.

    @invariant()
    def nothing_is_taken_for_somebody_elses_that_is_ours(self) -> None:
        assert self.edited or not Drift.objects.exists()

    @invariant()
    def what_agrees_has_no_open_call(self) -> None:
        row = self.sold.product
        open_call = row.requests.filter(resolved_at=None).exists()
        assert not open_call or row.observed_generation < row.generation

    @invariant()
    def the_stored_state_is_what_its_rows_say(self) -> None:
        assert self.sold.product.state == state_of(self.sold.product)

    @invariant()
    def nothing_of_ours_is_there_twice(self) -> None:
        plain = [price for price in self.sandbox.prices() if not price.get("currency_options")]
        ours = [price for price in plain if price["unit_amount"] < 10_000]
        terms = [(p["unit_amount"], p["currency"], (p["recurring"] or {}).get("interval")) for p in ours]
        assert len(terms) == len(set(terms))
        assert len(self.sandbox.products()) <= 1

    def teardown(self) -> None:
        try:
            self.recover()
        finally:
            transaction.set_rollback(True)
            self.forgotten_afterwards.__exit__(None, None, None)

    def recover(self) -> None:
        """By the sweep alone; then staff decide for ours, whatever someone did in the Dashboard."""
        self.sandbox.clear_faults()
        self.sandbox.release()
        self.sweep_until_rest()
        self.nothing_is_taken_for_somebody_elses_that_is_ours()
        for drift in self.sold.product.drifts.filter(closed_at=None):
            decisions.restore_local_value(drift, shown=drift.remote_value, actor=None)
        self.sweep_until_rest()
        assert_in_sync(self.sold, self.sandbox)
        assert not self.sold.product.drifts.filter(closed_at=None).exists()
        assert not self.sold.product.rejections.exists()

    def sweep_until_rest(self) -> None:
        for _ in range(MORE_THAN_ENOUGH):
            self.time_passes()
            if not due(1):
                return
            sweep()
        raise AssertionError("the course never came to rest")


@pytest.mark.django_db
@pytest.mark.usefixtures("settings_for_many_calls", "even_one_row_is_read_without_its_lease")
def test_whatever_happens_the_sweep_alone_brings_the_course_back(owner, sandbox):
    run_state_machine_as_test(
        lambda: Portal(owner, sandbox),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings_for_many_calls(settings) -> None:
    settings.STRIPE_MAX_WRITES_PER_SECOND = 0  # no waiting for turns


@pytest.fixture
def even_one_row_is_read_without_its_lease(monkeypatch) -> None:
    """By the sweep; `converge` alone reads under the lease."""
    monkeypatch.setattr(bulk_reads, "FEWEST_ROWS", 1)
    monkeypatch.setattr(bulk_reads, "WORTHWHILE", 1)
    monkeypatch.setattr(bulk_reads, "REST_SECONDS", 0)
