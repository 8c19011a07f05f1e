"""The right to converge a course: a lease on its row, with an expiry and a fencing token.

No transaction is open while Stripe is asked, so a row lock cannot exclude a second process; a lease can. A process that
was stopped beyond its expiry finds its token outdated and writes nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet

from billings import clock, horizons
from billings.models import BillingProduct


class LeaseLost(Exception):
    """Another process took over; this one must write nothing more."""


def is_free() -> Q:
    return Q(lease_expires_at=None) | Q(lease_expires_at__lte=clock.now())


def shorten_impossible(rows: QuerySet[BillingProduct]) -> None:
    """Bring expiries that no correct clock can have written to the longest legal one.

    They were written before the clock was set back. Their holders may still be at work, and get their full time from
    now.
    """
    latest = clock.now() + horizons.lease()
    impossible = rows.filter(lease_expires_at__gt=latest)
    if impossible.exists():
        impossible.update(lease_expires_at=latest)


@dataclass(frozen=True, slots=True)
class Lease:
    product_id: UUID
    token: int
    seconds: float

    def lock(self) -> BillingProduct:
        """The row, locked for the rest of the transaction. Raises LeaseLost."""
        row = BillingProduct.objects.select_for_update().filter(pk=self.product_id, lease_token=self.token).first()
        if row is None:
            raise LeaseLost
        return row

    def renew(self) -> None:
        """A full term from now on. Raises LeaseLost."""
        self._write(lease_expires_at=clock.now() + timedelta(seconds=self.seconds))

    def release(self, **columns: object) -> None:
        """Release the row, writing `columns` with it. Raises LeaseLost."""
        self._write(lease_expires_at=None, **columns)

    def release_if(self, condition: Q, **columns: object) -> bool:
        """As `release` if the row meets the condition; otherwise False, and nothing is written.

        Raises LeaseLost.
        """
        row = BillingProduct.objects.filter(condition, pk=self.product_id, lease_token=self.token)
        if row.update(lease_expires_at=None, **columns):
            return True
        if not BillingProduct.objects.filter(pk=self.product_id, lease_token=self.token).exists():
            raise LeaseLost
        return False

    def _write(self, **columns: object) -> None:
        if not BillingProduct.objects.filter(pk=self.product_id, lease_token=self.token).update(**columns):
            raise LeaseLost


def take(product_id: UUID, *, seconds: float, token: int | None = None) -> Lease | None:
    """A lease that expires after `seconds`; None while another process holds one (or the row does not exist).

    With a `token`, only if it is still the row's: then nobody had the lease since that token was seen.
    """
    if token is None:
        token = BillingProduct.objects.filter(is_free(), pk=product_id).values_list("lease_token", flat=True).first()
    if token is None:
        shorten_impossible(BillingProduct.objects.filter(pk=product_id))
        return None
    won = BillingProduct.objects.filter(is_free(), pk=product_id, lease_token=token).update(
        lease_token=F("lease_token") + 1, lease_expires_at=clock.now() + timedelta(seconds=seconds)
    )
    return Lease(product_id, token + 1, seconds) if won else None
