"""Make Stripe agree with what is desired, whatever happened before: the one mechanism behind every save and repair.

Step by step as in courses/docs/course_creation_flow.md: settle the open call, read if a read is wanted, plan, commit
the first step as an intent, send it, mirror the answer; again, until the plan is empty. No transaction is open during
a call.
"""

import logging
import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Never
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from billings import clock, horizons
from billings.horizons import LANDED_AFTER
from billings.models import TROUBLE_FOR_PEOPLE, BillingProduct, StripeCall, Trouble, behind
from billings.plan import CreatePrice, plan
from billings.stripe_api import accounts, calls, gateway, rate_limit
from billings.stripe_api.gateway import Accepted, ReadFailed, Refused, Unanswered, Unclear
from billings.sync import lease, mirror, restored_database
from billings.sync.lease import Lease, LeaseLost

logger = logging.getLogger(__name__)

# Far more than any plan is long: a loop that does not end is stopped, and tried again later.
MAX_TURNS = 24
# Stripe remembers a key for 24 hours; beyond this age none is sent.
KEY_LIFETIME = timedelta(hours=22)
# So far in the future no key can have been made: the clocks that say so disagree.
KEY_FROM_THE_FUTURE = timedelta(minutes=5)
BACKOFF_BASE_SECONDS = 2.0
BACKOFF_CAP_SECONDS = 300.0
PEOPLE_RETRY_SECONDS = 120.0
ADVISED_AGAINST_SECONDS = 10.0
POLL_SECONDS = 0.05
# With less left of a budget no call is begun: its end would be taken for a Stripe that does not answer.
LEAST_SECONDS = 0.2


class Result(Enum):
    DONE = "done"
    FAILED = "failed"  # tried, and will be tried again
    LATER = "later"  # the time given was used up
    BUSY = "busy"  # another process is at it


class _Stop(Exception):
    """Enough for now; the row says when it goes on."""

    def __init__(self, result: Result) -> None:
        self.result = result


@dataclass(frozen=True, slots=True)
class Reading:
    """What Stripe holds, read before this row's lease was taken, when nobody had it and no call was open.

    It counts as read under the lease if the lease was never taken since: `token` is the one of then, and `count` the
    reads that were wanted then. `at` is when it began, `account` the one of the key, and `known` what was here, which
    nobody changes without the lease.
    """

    snapshot: gateway.Snapshot
    known: mirror.Known
    account: accounts.Account
    token: int
    count: int
    at: datetime


@dataclass
class _Run:
    """One converge: who holds the lease, and until when it may ask Stripe."""

    lease: Lease
    deadline: float | None
    reading: Reading | None = None
    account: accounts.Account | None = field(default=None)

    def seconds(self) -> float:
        """How long the next call may wait. Raises _Stop when the time given is used up."""
        longest = float(settings.STRIPE_TIMEOUT_SECONDS)
        if self.deadline is None:
            return longest
        left = self.deadline - time.monotonic()
        if left <= LEAST_SECONDS:
            raise _Stop(Result.LATER)
        return min(longest, left)

    def renewed_seconds(self) -> float:
        """As `seconds`, with a full lease from now on. Raises _Stop and LeaseLost."""
        seconds = self.seconds()
        self.lease.renew()
        return seconds


def converge(product_id: UUID, *, budget: float | None = None, reading: Reading | None = None) -> Result:
    """Bring Stripe to what this product desires, in at most `budget` seconds (and the call under way then).

    A `reading` that still holds saves the first read. Never raises for what Stripe or the network does: that is written
    on the row, with the time of the next attempt.
    """
    deadline = None if budget is None else time.monotonic() + budget
    longest = min(float(settings.STRIPE_TIMEOUT_SECONDS), budget or float("inf"))
    seconds = horizons.lease_seconds(longest)
    taken = lease.take(product_id, seconds=seconds, token=reading.token) if reading else None
    if taken is None:
        reading = None  # there is none, or somebody had the lease meanwhile
        taken = lease.take(product_id, seconds=seconds)
    if taken is None:
        return Result.BUSY
    try:
        return _until_stopped(_Run(taken, deadline, reading, reading.account if reading else None))
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
    """As `converge`, and where another process is at it, wait for that one within the `budget` (seconds)."""
    deadline = time.monotonic() + budget
    while True:
        result = converge(product_id, budget=max(deadline - time.monotonic(), 0.01))
        if result is not Result.BUSY or time.monotonic() + POLL_SECONDS >= deadline:
            return result
        if not BillingProduct.objects.filter(behind(), pk=product_id).exists():
            return Result.DONE
        time.sleep(POLL_SECONDS)


_OPEN_CALLS = StripeCall.objects.filter(product=OuterRef("pk"), settled_at=None)


def _loop(run: _Run) -> Result:
    for _ in range(MAX_TURNS):
        product = BillingProduct.objects.annotate(has_open_call=Exists(_OPEN_CALLS)).get(pk=run.lease.product_id)
        call = product.calls.filter(settled_at=None).first() if product.has_open_call else None
        if call is not None:
            _settle(run, call)
        elif product.reads_wanted > product.reads_done:
            _read(run, product)
        elif not _commit_next_step(run, product) and _finish(run, product):
            return Result.DONE
    return _fail(run, Unanswered(Trouble.FAILING, "Stripe and the portal could not agree after many tries."))


def _settle(run: _Run, call: StripeCall) -> None:
    """Send the open call (again, if need be) until Stripe's verdict is known; then write it down."""
    run.reading = None
    _check_account(run, call.account, call.livemode)
    if _key_may_be_dead(run, call):
        _settle_dead_key(run, call)
        return
    _wait_for_turn(run)
    seconds = run.seconds()
    with transaction.atomic():
        run.lease.renew()
        StripeCall.objects.filter(pk=call.pk).update(last_sent_at=clock.now(), sends=F("sends") + 1)
    verdict = gateway.post(call.path, call.params, key=call.key, seconds=seconds)
    if isinstance(verdict, Unanswered):
        _note(run, call, verdict)
        _fail(run, verdict)
    with transaction.atomic():
        product = run.lease.lock()
        product.trouble, product.trouble_message, product.attempts = Trouble.NONE, "", 0
        match verdict:
            case Accepted():
                mirror.accept(product, call, verdict)
            case Refused():
                mirror.refuse(product, call, verdict)
            case Unclear(status, message, request_id):
                mirror.give_up(product, call, status=status, request_id=request_id, message=message)


def _key_may_be_dead(run: _Run, call: StripeCall) -> bool:
    """Whether Stripe may have forgotten the key of `call`, and would do it all a second time.

    Stripe's own time counts, where it was known when the key was made; ours may have been hours wrong then, or now.
    """
    if call.key_made_at and call.sends and clock.stripe_now() is None:
        gateway.ask_the_time(seconds=run.renewed_seconds())
    stripe_now = clock.stripe_now()
    ages = [clock.now() - call.created_at]
    if call.key_made_at and stripe_now:
        ages.append(stripe_now - call.key_made_at)
    elif ages[0] < -KEY_FROM_THE_FUTURE:
        return True
    return max(ages) > KEY_LIFETIME


def _wait_for_turn(run: _Run) -> None:
    """Take a slot of the shared budget and wait for it; a person's wait that would outlast the budget is stopped."""
    with transaction.atomic():
        wait = rate_limit.reserve()
    if run.deadline is not None and time.monotonic() + wait >= run.deadline:
        raise _Stop(Result.LATER)
    time.sleep(wait)


def _seconds_in_turn(run: _Run) -> float:
    """As `renewed_seconds`, when it is our turn."""
    _wait_for_turn(run)
    return run.renewed_seconds()


def _note(run: _Run, call: StripeCall, verdict: Unanswered) -> None:
    """Keep what was said, though it settles nothing: Stripe's support is asked with the request's id."""
    call.http_status, call.request_id, call.error_message = verdict.status, verdict.request_id, verdict.message
    with transaction.atomic():
        run.lease.lock()
        call.save(update_fields=["http_status", "request_id", "error_message"])


def _settle_dead_key(run: _Run, call: StripeCall) -> None:
    """Too old to be sent: once nothing can be on its way any more, read what it did instead."""
    now = clock.now()
    if call.last_sent_at and call.last_sent_at > now:  # by a clock that was ahead: at the latest, just now
        call.last_sent_at = now
        call.save(update_fields=["last_sent_at"])
    landed_at = (call.last_sent_at or call.created_at) + LANDED_AFTER
    if call.last_sent_at and now < landed_at:
        run.lease.release(next_attempt_at=landed_at)
        raise _Stop(Result.FAILED)
    with transaction.atomic():
        message = "No answer within the life of its key."
        mirror.give_up(run.lease.lock(), call, status=None, request_id="", message=message)


def _read(run: _Run, product: BillingProduct) -> None:
    """Read the product and its prices, and mark as done the count of reads wanted before the read."""
    if not product.stripe_id and not _finds_itself(run, product):
        return
    account = _check_account(run, product.account, product.livemode)
    reading, run.reading = run.reading, None
    try:
        reading = reading or _read_now(run, product, account)
        if mirror.misses_a_price(reading.snapshot, reading.known):
            reading = _read_now(run, product, account)
    except ReadFailed as failed:
        _fail(run, failed.unanswered)
    with transaction.atomic():
        locked = run.lease.lock()
        locked.trouble, locked.trouble_message, locked.attempts = Trouble.NONE, "", 0
        mirror.read_back(locked, reading.snapshot, reading.known, count=reading.count, at=reading.at)


def _finds_itself(run: _Run, product: BillingProduct) -> bool:
    """Whether a product that has no id here is there under the id that it would get: this database has forgotten it."""
    account = _check_account(run, product.account, product.livemode)
    wanted = calls.product_id_for(product)
    try:
        found = gateway.products([wanted], seconds=run.renewed_seconds())
    except ReadFailed as failed:
        _fail(run, failed.unanswered)
    with transaction.atomic():
        locked = run.lease.lock()
        if found:
            locked.stripe_id, locked.account, locked.livemode = wanted, account.id, account.livemode
        else:
            locked.reads_done = product.reads_wanted
        locked.save(update_fields=["stripe_id", "account", "livemode", "reads_done"])
    if found:
        product.refresh_from_db()
    return bool(found)


def _read_now(run: _Run, product: BillingProduct, account: accounts.Account) -> Reading:
    """Under the lease. Raises ReadFailed."""
    at, known = clock.now(), mirror.known(product)
    # Stripe counts reads as well; whoever waits here, a person, does not wait for a storm of them.
    seconds = run.renewed_seconds if run.deadline is not None else partial(_seconds_in_turn, run)
    snapshot = gateway.read(product.stripe_id, seconds=seconds)
    return Reading(snapshot, known, account, token=run.lease.token, count=product.reads_wanted, at=at)


def _commit_next_step(run: _Run, product: BillingProduct) -> bool:
    """Commit the first step of the plan as an intent, under the token and the generation; False: nothing to do."""
    steps = plan(product.desired, product.observed(), held=product.held())
    if not steps:
        return False
    account = _check_account(run, product.account, product.livemode)
    if isinstance(steps[0], CreatePrice) and not restored_database.has_looked() and _finds_forgotten_calls(run):
        return True
    if clock.was_set():  # only Stripe's time tells later how old the key is, should this clock be wrong
        gateway.ask_the_time(seconds=run.renewed_seconds())
    run.seconds()
    with transaction.atomic():
        locked = run.lease.lock()
        if (locked.generation, locked.reads_wanted) != (product.generation, product.reads_wanted):
            return True  # what was planned for, or on, is history
        if not locked.account and accounts.bind_first(account) != account:
            return True  # another process, with another key, was the first
        if not locked.stripe_id:
            locked.stripe_id = calls.product_id_for(locked)
        locked.account, locked.livemode = account.id, account.livemode
        # An open call always leaves the row behind, so that the row alone says there is work.
        locked.generation = max(locked.generation, locked.observed_generation + 1)
        request = calls.request_for(steps[0], locked)
        if request.kind in (calls.CREATE_PRODUCT, calls.UPDATE_PRODUCT):
            locked.sent_generation = locked.generation
        locked.save(update_fields=["stripe_id", "account", "livemode", "generation", "sent_generation"])
        StripeCall.objects.create(
            product=locked,
            key=f"{locked.stripe_id}-{secrets.token_urlsafe(16)}",
            step=request.kind,
            path=request.path,
            params=request.params,
            account=account.id,
            livemode=account.livemode,
            generation=locked.generation,
            key_made_at=clock.stripe_now(),
        )
    return True


def _finds_forgotten_calls(run: _Run) -> bool:
    """Whether this product is one of those of which Stripe did more than this database knows; then a read is wanted."""
    if not restored_database.LOOKING.acquire(timeout=run.seconds()):
        raise _Stop(Result.LATER)
    try:
        if restored_database.has_looked():  # another thread, meanwhile; what it found makes the commit fail
            return False
        return run.lease.product_id in restored_database.look(seconds=lambda: _seconds_in_turn(run))
    except ReadFailed as failed:
        if failed.unanswered.trouble != Trouble.PERMISSION:
            _fail(run, failed.unanswered)
        logger.warning("The key may not read Stripe's events, so that a restored backup cannot be recognised by them.")
        restored_database.done_looking()
        return False
    finally:
        restored_database.LOOKING.release()


def _finish(run: _Run, product: BillingProduct) -> bool:
    """In sync: say so for the generation that was planned for; False where it has moved on meanwhile."""
    return run.lease.release_if(
        Q(generation=product.generation, reads_wanted=product.reads_wanted),
        observed_generation=product.generation,
        next_attempt_at=None,
        behind_since=None,
        attempts=0,
        trouble=Trouble.NONE,
        trouble_message="",
    )


def _check_account(run: _Run, account: str, livemode: bool) -> accounts.Account:
    """The account of the key; stops where this is sold in another one, before anything is sent there.

    What has no account yet belongs where everything else is sold.
    """
    if run.account is None:
        try:
            run.account = accounts.present(seconds=run.seconds())
        except ReadFailed as failed:
            _fail(run, failed.unanswered)
    sold_in = accounts.Account(account, livemode) if account else accounts.bound()
    if sold_in and sold_in != run.account:
        there = accounts.words(sold_in.id, sold_in.livemode)
        here = accounts.words(run.account.id, run.account.livemode)
        _fail(run, Unanswered(Trouble.ACCOUNT, f"The key is of {here}, but what is sold here was made in {there}."))
    return run.account


def _fail(run: _Run, failure: Unanswered) -> Never:
    """Write down why, and when it is tried again; then stop."""
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
    """When to try again: what a person must mend is tried seldom, and Stripe's own advice counts."""
    if failure.trouble in TROUBLE_FOR_PEOPLE:
        return PEOPLE_RETRY_SECONDS
    if failure.should_retry is False:
        return max(backoff_seconds(attempts), ADVISED_AGAINST_SECONDS)
    return backoff_seconds(1 if failure.should_retry else attempts)


def backoff_seconds(attempts: int) -> float:
    """Exponential with full jitter, so that a crowd that failed together does not come back together."""
    ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(attempts - 1, 10))
    return random.uniform(0, ceiling)
