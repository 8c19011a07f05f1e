"""Bring Stripe to the desired state, whatever happened before: the one mechanism behind every save and repair.

Under a lease, in turns: resolve the open request; else read, if a read is requested; else commit the first step of the
plan as a request; else finish. Each turn writes its result in a short transaction of its own, conditional on the
lease's token. So a process may be killed anywhere, and the next one continues from the row. The reason for each order
is given at its line.
"""

import logging
import random
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, Never
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from billings import clock, horizons, stored_steps
from billings.horizons import LANDED_AFTER
from billings.models import (
    TROUBLE_FOR_PEOPLE,
    BillingPrice,
    BillingProduct,
    StripeRequest,
    Trouble,
    behind,
)
from billings.plan import CreatePrice, CreateProduct, Step, UpdateProduct, plan
from billings.product_fields import Field
from billings.stripe_api import accounts, gateway, rate_limit, requests
from billings.stripe_api.gateway import Indeterminate, ReadFailed, Succeeded, Unanswered
from billings.sync import lease, mirror, restored_database
from billings.sync.lease import Lease, LeaseLost

logger = logging.getLogger(__name__)

# Far more turns than any plan needs: an endless loop is stopped, and tried again later.
MAX_TURNS = 24
# Stripe stores a key for 24 hours; older ones than this are not sent.
KEY_LIFETIME = timedelta(hours=22)
# A key cannot have been made this far in the future: the clocks disagree.
KEY_FROM_THE_FUTURE = timedelta(minutes=5)
BACKOFF_BASE_SECONDS = 2.0
BACKOFF_CAP_SECONDS = 300.0
PEOPLE_RETRY_SECONDS = 120.0
ADVISED_AGAINST_SECONDS = 10.0
POLL_SECONDS = 0.05
# The columns that a commit writes, besides the lease's new end.
COMMITTED = ("stripe_id", "account", "livemode", "generation", "sent_generation")
# With less time left no request is sent: its end would be taken for an unresponsive Stripe.
LEAST_SECONDS = 0.2


class Result(Enum):
    """The result of a converge."""

    DONE = "done"
    FAILED = "failed"  # will be tried again
    LATER = "later"  # the budget is used up
    BUSY = "busy"  # a concurrent process has the lease


class _Turn(Enum):
    """The result of one turn of the loop."""

    RECORDED = "recorded"  # the request succeeded, and the row is known as it is now
    RESOLVED = "resolved"  # the request was answered otherwise, or given up
    READ = "read"
    OUTDATED = "outdated"  # the row has changed in the meantime: read it again
    IN_SYNC = "in sync"  # nothing to do; the lease is released


class _Stop(Exception):
    """Stop here; the row says when to continue."""

    def __init__(self, result: Result) -> None:
        self.result = result


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What Stripe holds, read before this row's lease was taken, while nobody had it and no request was open.

    It counts as read under the lease if the lease was not taken in between: `token` and `count` are the row's token and
    requested reads at the time. `at` is when the read began, `account` the key's, and `baseline` the mirror, which
    nobody changes without the lease.
    """

    snapshot: gateway.Snapshot
    baseline: mirror.Baseline
    account: accounts.Account
    token: int
    count: int
    at: datetime


@dataclass
class _Run:
    """One converge: its lease, and its deadline for requests to Stripe."""

    lease: Lease
    deadline: float | None
    prefetched: ReadResult | None = None
    account: accounts.Account | None = None
    row: "_Row | None" = None
    """As it is known now; None: to be read."""

    def seconds(self) -> float:
        """The time-out of the next request. Raises _Stop when the budget is used up."""
        longest = float(settings.STRIPE_TIMEOUT_SECONDS)
        if self.deadline is None:
            return longest
        left = self.deadline - time.monotonic()
        if left <= LEAST_SECONDS:
            raise _Stop(Result.LATER)
        return min(longest, left)

    def renewed_seconds(self) -> float:
        """As `seconds`, with a renewed lease. Raises _Stop and LeaseLost."""
        seconds = self.seconds()
        self.lease.renew()
        return seconds

    def seconds_in_turn(self) -> float:
        """As `renewed_seconds`, after waiting for a turn. The lease is renewed after the wait, which may be long."""
        _wait_for_turn(self)
        return self.renewed_seconds()


@dataclass
class _Row:
    """The product while we hold its lease: read once, then kept up to date with each of our own writes.

    Nobody else writes the mirror in the meantime. What others write, the desired state and requested reads, raises
    `generation` or `reads_requested`: what is decided from this row is written only if both are unchanged
    (`is_current`); otherwise the row is read again.
    """

    product: BillingProduct
    open_request: StripeRequest | None

    @classmethod
    def read(cls, ours: Lease) -> "_Row":
        """Raises LeaseLost."""
        product = ours.rows().annotate(has_open_request=Exists(_OPEN_REQUESTS)).first()
        if product is None:
            raise LeaseLost
        request = product.requests.filter(resolved_at=None).first() if product.has_open_request else None
        return cls(product, request)

    @property
    def is_current(self) -> Q:
        return Q(generation=self.product.generation, reads_requested=self.product.reads_requested)

    @cached_property
    def prices(self) -> dict[str, BillingPrice]:
        """By their ids. A product without an id in Stripe has no prices there."""
        return mirror.prices_of(self.product) if self.product.stripe_id else {}

    @cached_property
    def excluded(self) -> frozenset[Field]:
        return self.product.excluded_fields() if self.product.has_drift or self.product.has_rejection else frozenset()

    def steps(self) -> tuple[Step, ...]:
        return plan(self.product.desired, self.product.observed(self.prices.values()), excluded=self.excluded)


_OPEN_REQUESTS = StripeRequest.objects.filter(product=OuterRef("pk"), resolved_at=None)


def converge(product_id: UUID, *, budget: float | None = None, prefetched: ReadResult | None = None) -> Result:
    """Bring Stripe to this product's desired state, in at most `budget` seconds (plus a request in progress).

    A `prefetched` result that is still valid saves the first read. Never raises for errors of Stripe or the network:
    they are written to the row, with the time of the next attempt.
    """
    deadline = None if budget is None else time.monotonic() + budget
    longest = min(float(settings.STRIPE_TIMEOUT_SECONDS), budget or float("inf"))
    seconds = horizons.lease_seconds(longest)
    taken = lease.take(product_id, seconds=seconds, token=prefetched.token) if prefetched else None
    if taken is None:
        prefetched = None  # none given, or a concurrent process had the lease since
        taken = lease.take(product_id, seconds=seconds)
    if taken is None:
        return Result.BUSY
    try:
        return _until_stopped(_Run(taken, deadline, prefetched, prefetched.account if prefetched else None))
    except LeaseLost:
        return Result.BUSY


def _until_stopped(run: _Run) -> Result:
    try:
        return _loop(run)
    except _Stop as stop:
        if stop.result is Result.LATER:
            run.lease.release(next_attempt_at=clock.now())
        return stop.result


def converge_within(product_id: UUID, *, budget: float) -> Result:
    """As `converge`; if a concurrent process has the lease, wait for it within the `budget` (seconds)."""
    deadline = time.monotonic() + budget
    while True:
        result = converge(product_id, budget=max(deadline - time.monotonic(), 0.01))
        if result is not Result.BUSY or time.monotonic() + POLL_SECONDS >= deadline:
            return result
        if not BillingProduct.objects.filter(behind(), pk=product_id).exists():
            return Result.DONE
        time.sleep(POLL_SECONDS)


def _loop(run: _Run) -> Result:
    for _ in range(MAX_TURNS):
        turn = _take_turn(run)
        if turn is _Turn.IN_SYNC:
            return Result.DONE
        if turn is not _Turn.RECORDED:
            run.row = None
    return _fail(run, Unanswered(Trouble.FAILING, "Stripe and the portal could not agree after many tries."))


def _take_turn(run: _Run) -> _Turn:
    """Do the first thing that applies. Each turn starts from the row as it is known now."""
    row = run.row = run.row or _Row.read(run.lease)
    # An open request comes before everything. Stripe may have carried it out, or may still do so: anything else, such
    # as a second price, would come on top of it.
    if row.open_request is not None:
        return _resolve(run, row, row.open_request)
    # Then reads, before any plan: a plan made from an outdated mirror would undo changes made in Stripe.
    if row.product.reads_requested > row.product.reads_done:
        return _read(run, row.product)
    # Now the mirror equals Stripe. Only the first step is committed, since its response may change the rest of the
    # plan.
    steps = row.steps()
    return _carry_out(run, row, steps[0]) if steps else _finish(run, row)


def _resolve(run: _Run, row: _Row, request: StripeRequest) -> _Turn:
    """Send a request again that was left open, until Stripe's verdict is known, and record it."""
    run.prefetched = None  # read before this request was made
    # With a key of another account, the request would be a new one there.
    _check_account(run, request.account, request.livemode)
    # Stripe forgets keys, and would carry out the same request a second time.
    _learn_the_time(run, request)
    if _key_may_be_forgotten(request):
        return _resolve_without_sending(run, request)
    # Wait before renewing the lease: it has to last for the request.
    _wait_for_turn(run)
    return _send(run, row, request, seconds=_cleared(run, request))


def _cleared(run: _Run, request: StripeRequest) -> float:
    """Check and renew the lease right before a request; its time-out. Raises _Stop and LeaseLost."""
    seconds = run.seconds()
    # So a process that was stopped for long sends nothing. Sending is recorded before it happens: a kill during the
    # request must not leave one that seems never sent.
    with transaction.atomic():
        run.lease.renew()
        StripeRequest.objects.filter(pk=request.pk).update(last_sent_at=clock.now(), sends=F("sends") + 1)
    return seconds


def _send(run: _Run, row: _Row, request: StripeRequest, *, seconds: float) -> _Turn:
    """Send the request, and record Stripe's verdict."""
    run.prefetched = None  # read before this request was sent
    # The same key and parameters even if the desired state has moved on: only then does Stripe recognise the
    # repetition. No transaction is open here: a request takes seconds.
    verdict = gateway.post(request.path, request.params, key=request.key, seconds=seconds)
    if isinstance(verdict, Unanswered):
        _keep_answer(run, request, verdict)
        _fail(run, verdict)  # the request stays open
    if isinstance(verdict, Succeeded) and not row.product.has_drift:
        return _record_success(run, row, request, verdict)
    # The response and its effects are one transaction, under the token: both are recorded, or neither. If staff may be
    # deciding about a drift, or a save may have changed what was rejected, the row is locked first.
    with transaction.atomic():
        product = run.lease.lock()
        product.trouble, product.trouble_message, product.attempts = Trouble.NONE, "", 0
        mirror.record_answer(product, request, verdict)
    return _Turn.RESOLVED


def _record_success(run: _Run, row: _Row, request: StripeRequest, answer: Succeeded) -> _Turn:
    """Mirror the response of a product without drift, in one transaction with its effects.

    The row is neither read again nor locked first: nobody else writes these columns while the lease is ours, except for
    two counters, which are raised by as much as here. Raises LeaseLost; then nothing is written.
    """
    product, is_current = row.product, row.is_current
    generation, reads_requested = product.generation, product.reads_requested
    product.trouble, product.trouble_message, product.attempts = Trouble.NONE, "", 0
    with transaction.atomic():
        mirror.record_success(product, request, answer, row.prices, drifts={})
        row.open_request = None
        columns: dict[str, Any] = {name: getattr(product, name) for name in mirror.WRITTEN}
        columns["generation"] = F("generation") + (product.generation - generation)
        columns["reads_requested"] = F("reads_requested") + (product.reads_requested - reads_requested)
        if product.generation != generation:  # the response showed drift, whose field is excluded
            turn = _Turn.RESOLVED
        elif product.reads_requested > product.reads_done or row.steps():
            turn = _Turn.RECORDED
        # Nothing is left to do: the same UPDATE says so, unless a save or an event has come in.
        elif run.lease.write_if(is_current, **(columns | _in_sync(product))):
            return _Turn.IN_SYNC
        else:
            turn = _Turn.OUTDATED
        run.lease.write(**columns)
    return turn


def _learn_the_time(run: _Run, request: StripeRequest) -> None:
    """Ask for Stripe's time, if the age of the request's key is known only by that."""
    if request.key_made_at and request.sends and clock.stripe_now() is None:
        gateway.ask_the_time(seconds=run.renewed_seconds())


def _key_may_be_forgotten(request: StripeRequest) -> bool:
    """Whether the key is too old to be sent.

    By Stripe's time if it was known when the key was made; our own clock may have been hours off, then or now.
    """
    stripe_now = clock.stripe_now()
    ages = [clock.now() - request.created_at]
    if request.key_made_at and stripe_now:
        ages.append(stripe_now - request.key_made_at)
    elif ages[0] < -KEY_FROM_THE_FUTURE:
        return True
    return max(ages) > KEY_LIFETIME


def _wait_for_turn(run: _Run) -> None:
    """Reserve a slot of the shared budget and wait for it. Raises _Stop."""
    with transaction.atomic():
        wait = _reserved(run)
    time.sleep(wait)


def _reserved(run: _Run) -> float:
    """Reserve a slot of the shared budget; the seconds to wait for it. Stops if that would exceed the run's budget."""
    wait = rate_limit.reserve()
    if run.deadline is not None and time.monotonic() + wait >= run.deadline:
        raise _Stop(Result.LATER)
    return wait


def _keep_answer(run: _Run, request: StripeRequest, verdict: Unanswered) -> None:
    """Record the response, though it resolves nothing: Stripe's support asks for the request's id."""
    request.http_status, request.request_id, request.error_message = verdict.status, verdict.request_id, verdict.message
    with transaction.atomic():
        run.lease.lock()
        request.save(update_fields=["http_status", "request_id", "error_message"])


def _resolve_without_sending(run: _Run, request: StripeRequest) -> _Turn:
    """Its key is too old to be sent: a read finds out what it did, once it cannot be on its way any more."""
    now = clock.now()
    if request.last_sent_at and request.last_sent_at > now:  # by a clock that was ahead
        request.last_sent_at = now
        request.save(update_fields=["last_sent_at"])
    landed_at = (request.last_sent_at or request.created_at) + LANDED_AFTER
    if request.last_sent_at and now < landed_at:
        # A read now could come before the request lands, and find that it did nothing.
        run.lease.release(next_attempt_at=landed_at)
        raise _Stop(Result.FAILED)
    with transaction.atomic():
        unknown = Indeterminate(None, "No answer within the life of its key.")
        mirror.record_answer(run.lease.lock(), request, unknown)
    return _Turn.RESOLVED


def _read(run: _Run, product: BillingProduct) -> _Turn:
    """Read the product and its prices, and mark the reads requested before as done."""
    account = _check_account(run, product.account, product.livemode)
    if not product.stripe_id:
        return _look_for_itself(run, product, account)
    found, run.prefetched = run.prefetched, None
    try:
        found = found or _read_now(run, product, account)
        # A price created or activated between the two lists is in neither; the second time it is in one.
        if mirror.misses_a_price(found.snapshot, found.baseline):
            found = _read_now(run, product, account)
    except ReadFailed as failed:
        _fail(run, failed.unanswered)
    with transaction.atomic():
        locked = run.lease.lock()
        locked.trouble, locked.trouble_message, locked.attempts = Trouble.NONE, "", 0
        mirror.read_back(locked, found.snapshot, found.baseline, count=found.count, at=found.at)
    return _Turn.READ


def _look_for_itself(run: _Run, product: BillingProduct, account: accounts.Account) -> _Turn:
    """A product without an id here may exist under the id it would get, if this database has lost it.

    If so, its id is saved, and the next turn does the requested read.
    """
    wanted = requests.product_id_for(product)
    try:
        found = gateway.products([wanted], seconds=run.renewed_seconds())
    except ReadFailed as failed:
        _fail(run, failed.unanswered)
    with transaction.atomic():
        locked = run.lease.lock()
        if found:
            locked.stripe_id, locked.account, locked.livemode = wanted, account.id, account.livemode
        else:
            locked.reads_done = product.reads_requested
        locked.save(update_fields=["stripe_id", "account", "livemode", "reads_done"])
    return _Turn.READ


def _read_now(run: _Run, product: BillingProduct, account: accounts.Account) -> ReadResult:
    """Under the lease. Raises ReadFailed."""
    # The count from before the first request: whoever requests a read during this one has seen something that it may
    # have missed, and gets another.
    at, baseline = clock.now(), mirror.baseline(product)
    # Reads count for Stripe's limits too, except where a person waits.
    seconds = run.renewed_seconds if run.deadline is not None else run.seconds_in_turn
    snapshot = gateway.read(product.stripe_id, seconds=seconds)
    return ReadResult(snapshot, baseline, account, token=run.lease.token, count=product.reads_requested, at=at)


class _Outdated(Exception):
    """The row has changed since the plan was made."""


@dataclass
class _SoldElsewhere(Exception):
    """A concurrent process, with another key, was the first to sell anything here."""

    account: accounts.Account


def _carry_out(run: _Run, row: _Row, step: Step) -> _Turn:
    """Save the request for `step`, and send it: it is known here before Stripe sees it."""
    product = row.product
    # A product that was never sold is bound to an account when its request is saved.
    account = _check_account(run, product.account, product.livemode) if product.account else _account(run)
    # Prices cannot be deleted, so before creating one it must be certain that this database has not lost another.
    if isinstance(step, CreatePrice) and not restored_database.has_looked():
        _look_for_forgotten_requests(run)
    if clock.was_set():  # only Stripe's time will tell how old the key is, should this clock be wrong
        gateway.ask_the_time(seconds=run.renewed_seconds())
    # Without time to send it, no request is committed: it would delay the next save.
    seconds = run.seconds()
    try:
        with transaction.atomic():
            request, wait = _commit(run, row, step, account)
    except _Outdated:
        return _Turn.OUTDATED
    except _SoldElsewhere as elsewhere:
        _fail_elsewhere(run, elsewhere.account, account)
    row.open_request = request
    if wait:
        time.sleep(wait)
        seconds = _cleared(run, request)
    return _send(run, row, request, seconds=seconds)


def _commit(run: _Run, row: _Row, step: Step, account: accounts.Account) -> tuple[StripeRequest, float]:
    """The saved request for `step`, and the seconds to wait for its turn.

    Without a wait this is the check of the lease right before the request: only the commit is between them. Raises
    LeaseLost, _Outdated, _SoldElsewhere, and _Stop if the wait would exceed the run's budget; then nothing is saved.
    """
    product, is_current, is_first = row.product, row.is_current, not row.product.account
    # The id is chosen here and saved before the first request, so that Stripe rejects a second create.
    product.stripe_id = product.stripe_id or requests.product_id_for(product)
    product.account, product.livemode = account.id, account.livemode
    # An open request always leaves the row behind, so that the row alone says there is work.
    product.generation = max(product.generation, product.observed_generation + 1)
    request = requests.request_for(step, product)
    # Saved with the request and not with its response: a generation in Stripe that was never sent from here then
    # always means that this database was restored from a backup.
    if isinstance(step, CreateProduct | UpdateProduct):
        product.sent_generation = product.generation
    # A save or an event may have come in since the plan was made, which is outdated then.
    columns = {name: getattr(product, name) for name in COMMITTED}
    if not run.lease.write_if(is_current, lease_expires_at=run.lease.end(), **columns):
        raise _Outdated
    # Everything is sold in one account; a concurrent process with another key may have been the first.
    if is_first and (bound := accounts.bind_first(account)) != account:
        raise _SoldElsewhere(bound)
    # Right before the end, since nobody else gets a slot until the commit.
    wait = _reserved(run)
    saved = StripeRequest.objects.create(
        product=product,
        key=f"{product.stripe_id}-{secrets.token_urlsafe(16)}",
        step=stored_steps.kind_of(step),
        step_fields=stored_steps.fields_of(step),
        path=request.path,
        params=request.params,
        account=account.id,
        livemode=account.livemode,
        generation=product.generation,
        key_made_at=clock.stripe_now(),
        # Sending is recorded before it happens: a kill during the request must not leave one that seems never sent.
        last_sent_at=None if wait else clock.now(),
        sends=0 if wait else 1,
    )
    return saved, wait


def _look_for_forgotten_requests(run: _Run) -> None:
    """Request a read of every product for which Stripe did more than this database knows.

    If this one is among them, its `reads_requested` changes, and the plan is outdated.
    """
    if not restored_database.LOOKING.acquire(timeout=run.seconds()):
        raise _Stop(Result.LATER)
    try:
        if not restored_database.has_looked():  # another thread may have looked while we waited
            restored_database.look(seconds=run.seconds_in_turn)
    except ReadFailed as failed:
        if failed.unanswered.trouble != Trouble.PERMISSION:
            _fail(run, failed.unanswered)
        logger.warning("The key may not read Stripe's events, so that a restored backup cannot be recognised by them.")
        restored_database.done_looking()
    finally:
        restored_database.LOOKING.release()


def _finish(run: _Run, row: _Row) -> _Turn:
    """In sync, for the generation that was planned for, and for no later one that a save may have brought meanwhile."""
    released = run.lease.write_if(row.is_current, **_in_sync(row.product))
    return _Turn.IN_SYNC if released else _Turn.OUTDATED


def _in_sync(product: BillingProduct) -> dict[str, Any]:
    """What is written when nothing is left to do; the lease is given back."""
    return {
        "observed_generation": product.generation,
        "lease_expires_at": None,
        "next_attempt_at": None,
        "behind_since": None,
        "attempts": 0,
        "trouble": Trouble.NONE,
        "trouble_message": "",
    }


def _check_account(run: _Run, account: str, livemode: bool) -> accounts.Account:
    """The key's account; stops if this product is sold in another one, before anything is sent.

    A product without an account belongs to the one in which everything else is sold.
    """
    present = _account(run)
    sold_in = accounts.Account(account, livemode) if account else accounts.bound()
    if sold_in and sold_in != present:
        _fail_elsewhere(run, sold_in, present)
    return present


def _account(run: _Run) -> accounts.Account:
    """The account of the key."""
    if run.account is None:
        try:
            run.account = accounts.present(seconds=run.seconds())
        except ReadFailed as failed:
            _fail(run, failed.unanswered)
    return run.account


def _fail_elsewhere(run: _Run, sold_in: accounts.Account, present: accounts.Account) -> Never:
    there = accounts.label(sold_in.id, sold_in.livemode)
    here = accounts.label(present.id, present.livemode)
    _fail(run, Unanswered(Trouble.ACCOUNT, f"The key is of {here}, but what is sold here was made in {there}."))


def _fail(run: _Run, failure: Unanswered) -> Never:
    """Record why, and when to try again; then stop."""
    if failure.trouble == Trouble.RATE_LIMITED:
        rate_limit.pause()
    attempts = BillingProduct.objects.values_list("attempts", flat=True).get(pk=run.lease.product_id) + 1
    logger.warning(
        "Stripe, product %s: %s (%s)", run.lease.product_id, failure.trouble, " ".join(failure.message.split())
    )
    run.lease.release(
        attempts=attempts,
        trouble=failure.trouble,
        trouble_message=failure.message,
        next_attempt_at=clock.now() + timedelta(seconds=_delay_seconds(failure, attempts)),
    )
    raise _Stop(Result.FAILED)


def _delay_seconds(failure: Unanswered, attempts: int) -> float:
    """When to try again: seldom if a person must act, and as Stripe advises."""
    if failure.trouble in TROUBLE_FOR_PEOPLE:
        return PEOPLE_RETRY_SECONDS
    if failure.should_retry is False:
        return max(backoff_seconds(attempts), ADVISED_AGAINST_SECONDS)
    return backoff_seconds(1 if failure.should_retry else attempts)


def backoff_seconds(attempts: int) -> float:
    """Exponential with full jitter, so that rows that failed together do not come back together."""
    ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(attempts - 1, 10))
    return random.uniform(0, ceiling)
