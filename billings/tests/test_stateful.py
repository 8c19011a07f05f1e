"""Anything in any order, against the real sandbox: saves, Dashboard edits, faults, crashes, lost leases, late landings.

Whatever happened, the sweep alone brings the course back: one product, one active price, nothing twice, and no drift
unless somebody was at the Dashboard.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count

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

from billings import decisions
from billings.converge import KEY_LIFETIME, LANDED_AFTER
from billings.models import BillingProduct, Drift, StripeCall, behind
from billings.money import PriceSpec
from billings.sweep import due, sweep
from billings.tests.conftest import Sold
from billings.tests.interruptions import Killed, at_call, kill
from billings.tests.sandbox_process import SandboxProcess
from billings.tests.test_converge import assert_in_sync
from billings.webhooks import want_reads

PRICES = [None, PriceSpec(4900, "usd"), PriceSpec(5900, "usd"), PriceSpec(4900, "eur"), PriceSpec(4900, "usd", "month")]
FAULTS = [
    {"kind": "reset", "when": "before"},
    {"kind": "reset", "when": "after"},
    {"kind": "500", "when": "before", "stored": True},
    {"kind": "500", "when": "after", "stored": True},
    {"kind": "500", "when": "before", "stored": False},
    {"kind": "503", "when": "after"},
    {"kind": "garbage", "when": "after"},
    {"kind": "401"},
    {"kind": "409"},
    {"kind": "429"},
    {"kind": "lock"},
    {"kind": "late", "seconds": 600},
]
MORE_THAN_ENOUGH = 30

prices = st.sampled_from(PRICES)
calls = st.integers(1, 4)
sides = st.sampled_from(["before", "after"])


class Portal(RuleBasedStateMachine):
    """One course; `Meanwhile` rules happen in the middle of a converge, at one of its calls."""

    def __init__(self, owner: User, sandbox: SandboxProcess) -> None:
        super().__init__()
        sandbox.reset()
        self.sandbox = sandbox
        self.numbers = count(1)
        self.edited = False
        self.forgotten_afterwards = transaction.atomic()
        self.forgotten_afterwards.__enter__()
        self.sold = Sold(owner, price=None)

    @initialize(price=prices, published=st.booleans(), dashboard=st.booleans())
    def begin(self, price: PriceSpec | None, published: bool, dashboard: bool) -> None:
        self.dashboard = dashboard
        self.sold.listing(status="published" if published else "draft")
        self.sold.price(price)

    # What teachers do.

    @rule(price=prices)
    def save_the_price(self, price: PriceSpec | None) -> None:
        self.sold.price(price)

    @rule(name=st.sampled_from(["Oil", "Pastel"]))
    def save_the_title(self, name: str) -> None:
        self.sold.listing(name=name)

    @rule(status=st.sampled_from(["draft", "published", "archived"]))
    def save_the_status(self, status: str) -> None:
        self.sold.listing(status=status)

    # What happens to programs.

    @rule()
    def the_worker_sweeps(self) -> None:
        self.time_passes()
        sweep()

    @rule()
    def an_answer_comes_at_once(self) -> None:
        self.sold.converge()

    @rule(nth=calls, side=sides)
    def the_process_dies(self, nth: int, side: str) -> None:
        self.converge_and(nth, side, kill)

    @rule(nth=calls, side=sides)
    def the_lease_is_lost(self, nth: int, side: str) -> None:
        def take_over() -> None:
            self.time_passes()
            self.sold.converge()

        self.converge_and(nth, side, take_over)

    @rule(nth=calls, side=sides, price=prices)
    def a_price_is_saved_meanwhile(self, nth: int, side: str, price: PriceSpec | None) -> None:
        self.converge_and(nth, side, lambda: self.sold.price(price))

    @rule(nth=calls, side=sides)
    def a_read_is_asked_for_meanwhile(self, nth: int, side: str) -> None:
        self.converge_and(nth, side, self.ask_for_a_read)

    @rule()
    def ask_for_a_read(self) -> None:
        want_reads([self.sold.row.pk])

    @rule()
    def a_day_passes(self) -> None:
        """Nothing is on its way any more, and no key is alive."""
        self.sandbox.release()
        now = timezone.now()
        StripeCall.objects.filter(settled_at=None).update(
            created_at=now - KEY_LIFETIME - timedelta(hours=1), last_sent_at=now - LANDED_AFTER - timedelta(hours=1)
        )

    # What happens to calls.

    @rule(fault=st.sampled_from(FAULTS), skip=st.integers(0, 2), method=st.sampled_from(["POST", "POST", "GET"]))
    def a_call_will_fail(self, fault: dict[str, object], skip: int, method: str) -> None:
        if fault["kind"] != "late" or method == "POST":
            self.sandbox.fault(**fault, skip=skip, method=method)  # type: ignore[arg-type]

    @rule()
    def what_was_cut_off_is_carried_out(self) -> None:
        self.sandbox.release()

    # What somebody does in the Dashboard.

    def somebody_may_edit(self) -> bool:
        return self.dashboard and bool(self.sandbox.products())

    @precondition(somebody_may_edit)
    @rule(what=st.sampled_from(["rename", "switch", "price", "add", "activate", "delete"]))
    def somebody_edits(self, what: str) -> None:
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
            case "add":
                self.sandbox.dashboard("prices", product=product["id"], unit_amount=amount, currency="usd")
            case "activate":
                for price in self.sandbox.prices(active=False)[:1]:
                    self.sandbox.dashboard(f"prices/{price['id']}/activate")
            case "delete":
                self.sandbox.dashboard(f"{path}/delete")

    @precondition(somebody_may_edit)
    @rule(nth=calls, side=sides, what=st.sampled_from(["rename", "switch", "price", "add"]))
    def somebody_edits_meanwhile(self, nth: int, side: str, what: str) -> None:
        self.converge_and(nth, side, lambda: self.somebody_edits(what) if self.sandbox.products() else None)

    def converge_and(self, nth: int, side: str, happens: Callable[[], object]) -> None:
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            at_call(patch, nth, **{side: happens})
            self.sold.converge()

    def time_passes(self) -> None:
        now = timezone.now()
        BillingProduct.objects.filter(behind()).update(next_attempt_at=now, lease_expires_at=now)

    # What must hold.

    @invariant()
    def nothing_is_taken_for_a_strangers_that_is_ours(self) -> None:
        assert self.edited or not Drift.objects.exists()

    @invariant()
    def what_agrees_has_no_open_call(self) -> None:
        row = self.sold.product
        open_call = row.calls.filter(settled_at=None).exists()
        assert not open_call or row.observed_generation < row.generation

    @invariant()
    def nothing_of_ours_is_there_twice(self) -> None:
        ours = [price for price in self.sandbox.prices() if price["unit_amount"] < 10_000]
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
        """By the sweep alone; then staff decide for ours, whatever somebody did in the Dashboard."""
        self.sandbox.clear_faults()
        self.sandbox.release()
        self.sweep_until_rest()
        self.ask_for_a_read()  # as the webhooks of what was edited would
        self.sweep_until_rest()
        self.nothing_is_taken_for_a_strangers_that_is_ours()
        for drift in self.sold.product.drifts.filter(closed_at=None):
            decisions.restore(drift, shown=drift.theirs, actor=None)
        self.sweep_until_rest()
        assert_in_sync(self.sold, self.sandbox)
        assert not self.sold.product.drifts.filter(closed_at=None).exists()
        assert not self.sold.product.refusals.exists()

    def sweep_until_rest(self) -> None:
        for _ in range(MORE_THAN_ENOUGH):
            self.time_passes()
            if not due(1):
                return
            sweep()
        raise AssertionError("the course never came to rest")


@pytest.mark.django_db
def test_whatever_happens_the_sweep_alone_brings_the_course_back(owner, sandbox, settings_for_many_calls):
    run_state_machine_as_test(
        lambda: Portal(owner, sandbox),
        settings=settings(
            max_examples=60,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings_for_many_calls(settings) -> None:
    settings.STRIPE_MAX_WRITES_PER_SECOND = 0  # no waiting for turns
