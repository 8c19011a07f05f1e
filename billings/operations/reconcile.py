"""Compares the whole catalogue with Stripe, streaming 100 objects per request, with bounded memory.

A comparison decides nothing: it requests reads of whatever differs, and converge, under the lease, distinguishes our
own changes from drift; so it may run at any time. Reads are limited (https://docs.stripe.com/rate-limits): compare
seldom, and rely on events otherwise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import batched
from typing import Any
from uuid import UUID

from django.conf import settings

from billings import clock
from billings.drift import decisions
from billings.models import BillingPrice, BillingProduct, Drift, StrayProduct
from billings.operations import strays
from billings.operations.agreement import disagreements, plan_again
from billings.stripe_api import accounts, gateway
from billings.stripe_api.accounts import Account
from billings.sync.converge import converge
from billings.sync.events import request_reads
from billings.sync.mirror import price_says_the_same, says_the_same

CHUNK = 500


@dataclass(slots=True)
class Findings:
    """Results of a comparison. `orphans`: products in Stripe that name a course but that no course sells by.

    Orphans and foreign products that staff have set aside are not counted.
    """

    products: int = 0
    prices: int = 0
    suspects: set[UUID] = field(default_factory=set)
    orphans: dict[str, str] = field(default_factory=dict)
    foreign: int = 0


class WrongAccount(Exception):
    """The key belongs to another account or mode than the mirror; nothing was compared."""


def compare(after_page: Callable[[Findings], None] = lambda found: None) -> Findings:
    """Stream the catalogue past the mirror. Raises gateway.ReadFailed, and WrongAccount before anything is read.

    `after_page` is called with the progress after each page.
    """
    seconds = float(settings.STRIPE_TIMEOUT_SECONDS)
    account, began_at = _check_account(seconds), clock.now()
    found = Findings()
    seen: set[int] = set()
    for page in gateway.product_pages(seconds=seconds):
        unmatched = _compare_products(page, found, seen)
        _note_strays(strays.keep(unmatched, account=account, at=began_at).values(), found)
        after_page(found)
    for page in gateway.price_pages(seconds=seconds):
        _compare_prices(page, found, seen)
        after_page(found)
    found.suspects |= _unseen(seen)
    strays.forget_unseen(account=account, since=began_at)
    return found


def _check_account(seconds: float) -> Account:
    account = accounts.present(seconds=seconds)
    others = BillingProduct.objects.exclude(account="").exclude(account=account.id, livemode=account.livemode)
    if row := others.first():
        raise WrongAccount(
            f"The key is of {accounts.label(account.id, account.livemode)}, but what is sold here was made in "
            f"{accounts.label(row.account, row.livemode)}. To move there, run: manage.py rebind"
        )
    return account


def _compare_products(page: list[dict[str, Any]], found: Findings, seen: set[int]) -> list[dict[str, Any]]:
    """Returns the products that belong to no course."""
    unmatched = []
    rows = {row.stripe_id: row for row in BillingProduct.objects.filter(stripe_id__in=[data["id"] for data in page])}
    for data in page:
        found.products += 1
        row = rows.get(data["id"])
        if row is None:
            unmatched.append(data)
            continue
        seen.add(hash(data["id"]))
        if not says_the_same(data, row):
            found.suspects.add(row.pk)
    return unmatched


def _note_strays(unhandled: Iterable[StrayProduct], found: Findings) -> None:
    for stray in unhandled:
        if stray.course_id:
            found.orphans[stray.stripe_id] = stray.course_id
        else:
            found.foreign += 1


def _compare_prices(page: list[dict[str, Any]], found: Findings, seen: set[int]) -> None:
    ids = [data["id"] for data in page]
    known = {price.stripe_id: price for price in BillingPrice.objects.filter(stripe_id__in=ids)}
    strange = [data for data in page if data["id"] not in known or not price_says_the_same(data, known[data["id"]])]
    of_products = {data["product"] for data in strange}
    found.suspects.update(BillingProduct.objects.filter(stripe_id__in=of_products).values_list("pk", flat=True))
    found.prices += len(page)
    seen.update(hash(price_id) for price_id in ids)


def _unseen(seen: set[int]) -> set[UUID]:
    """Our products that Stripe did not list, or one of whose prices it did not list."""
    suspects: set[UUID] = set()
    products = BillingProduct.objects.filter(exists=True).values_list("pk", "stripe_id")
    prices = BillingPrice.objects.filter(gone=False, product__exists=True).values_list("product_id", "stripe_id")
    for rows in (products, prices):
        suspects.update(pk for pk, stripe_id in rows.iterator(CHUNK) if hash(stripe_id) not in seen)
    return suspects


def request_reads_of_suspects(found: Findings) -> None:
    """Request a read of whatever differs; the worker's sweep performs it."""
    for chunk in batched(found.suspects, CHUNK):
        request_reads(chunk)


def read_suspects(found: Findings) -> None:
    """Have converge read whatever differs, now."""
    request_reads_of_suspects(found)
    for product_id in found.suspects:
        converge(product_id)


def open_drifts() -> Iterable[Drift]:
    drifts = Drift.objects.filter(closed_at=None).select_related("product").order_by("product__desired_name", "id")
    return drifts.iterator(CHUNK)


def repair() -> list[tuple[Drift, str]]:
    """Restore all drift, and plan again what claims to be done; returns what could not be restored, with the reason."""
    left = []
    for drift in list(open_drifts()):
        try:
            decisions.restore_local_value(drift, shown=drift.remote_value, actor=None)
        except decisions.Undecidable as error:
            left.append((drift, str(error)))
    differing = [one.product for one in disagreements(BillingProduct.objects.all()) if one.state == "differs"]
    plan_again(differing)
    for product in differing:
        converge(product.pk)
    return left
