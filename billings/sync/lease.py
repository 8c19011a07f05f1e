"""The right to converge a course: a lease on its row, with an expiry and a fencing token.

No transaction is open while Stripe is asked, so a row lock cannot exclude a second process; a lease can. A process that
was stopped beyond its expiry finds its token outdated and writes nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from billings import clock, horizons
from billings.models import BillingProduct

# A random token is never used twice, not even in a database that was restored from a backup.
TOKEN_BITS = 62


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

    def rows(self) -> QuerySet[BillingProduct]:
        """The row while the lease is ours, no row once it was lost: every read and write goes through this."""
        return BillingProduct.objects.filter(pk=self.product_id, lease_token=self.token)

    def lock(self) -> BillingProduct:
        """The row, locked for the rest of the transaction. Raises LeaseLost."""
        row = self.rows().select_for_update().first()
        if row is None:
            raise LeaseLost
        return row

    def end(self) -> datetime:
        """When it expires if it is renewed now."""
        return clock.now() + timedelta(seconds=self.seconds)

    def renew(self) -> None:
        """A full term from now on. Raises LeaseLost."""
        self.write(lease_expires_at=self.end())

    def release(self, **columns: object) -> None:
        """Release the row, writing `columns` with it. Raises LeaseLost."""
        self.write(lease_expires_at=None, **columns)

    def write(self, **columns: object) -> None:
        """Write these columns of the row. Raises LeaseLost."""
        if not self.rows().update(**columns):
            raise LeaseLost

    def write_if(self, condition: Q, **columns: object) -> bool:
        """As `write` if the row meets the condition; otherwise False, and nothing is written.

        Raises LeaseLost.
        """
        if self.rows().filter(condition).update(**columns):
            return True
        if not self.rows().exists():
            raise LeaseLost
        return False


def take(product_id: UUID, *, seconds: float, token: int | None = None) -> Lease | None:
    """A lease that expires after `seconds`; None while another process holds one (or the row does not exist).

    With a `token`, only if it is still the row's: then nobody had the lease since that token was seen.
    """
    row = BillingProduct.objects.filter(pk=product_id)
    as_seen = Q() if token is None else Q(lease_token=token)
    lease = Lease(product_id, secrets.randbits(TOKEN_BITS), seconds)
    if row.filter(is_free(), as_seen).update(lease_token=lease.token, lease_expires_at=lease.end()):
        return lease
    if token is None:
        shorten_impossible(row)
    return None
