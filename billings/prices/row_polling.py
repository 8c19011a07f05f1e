"""Lists poll all their pending rows in one request, and get those that have changed.

Each such row has a mark, a digest of what it shows; the page sends its marks, and gets the rows whose mark differs.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billings import clock, horizons
from billings.models import BillingProduct
from billings.status import Status
from web.bidi import isolate

# The parameter for a row's mark, and how many a page may send.
PARAM = "row"
MOST_ROWS = 200
# The event with which a row that has become pending makes the page poll again.
EVENT = "watch"
# For how long something is pending, and how often its page polls then, in seconds.
PACES = ((10, 1), (30, 2), (120, 5), (600, 15))
SLOWEST = 30
_SENT = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class PolledRow:
    """One row as it is now."""

    product: BillingProduct
    status: Status

    @property
    def mark(self) -> str:
        return f"{self.product.course_id.hex}.{_digest(self.product, self.status)}"


def _digest(product: BillingProduct, status: Status) -> str:
    """Of what the row shows, except for the seconds, which the page counts down itself."""
    shown = [status.state, status.label, status.short_label, status.cause, status.still, status.product_line]
    shown += [str(product.attempts), *(drift.shown for drift in status.drifts)]
    return hashlib.sha256("\0".join(shown).encode()).hexdigest()[:8]


def sent(values: Sequence[str]) -> dict[UUID, str]:
    """The marks that a page sent, by course; invalid ones are ignored."""
    found = (_SENT.fullmatch(value) for value in values[:MOST_ROWS])
    return {UUID(match[1]): match[0] for match in found if match}


def seconds(rows: Iterable[PolledRow]) -> int | None:
    """Seconds until the next poll: few for recent changes, more for long waits; None: nothing is pending."""
    return min((_pace(row) for row in rows if row.status.poll_seconds), default=None)


def _pace(row: PolledRow) -> int:
    since = row.product.behind_since
    now = clock.now()
    if since and not horizons.is_believed(since, now, horizons.just_now()):  # how long it waits is unknown
        return SLOWEST
    waits = (now - since).total_seconds() if since else 0
    return next((pace for limit, pace in PACES if waits < limit), SLOWEST)


def news(rows: Sequence[tuple[str, Status]]) -> str:
    """The rows that have changed, by title, in one announcement for screen readers."""
    if len(rows) == 1:
        title, status = rows[0]
        return _("“%(course)s”: %(status)s.") % {"course": isolate(title), "status": status.short_label.rstrip("…")}
    counts = Counter(status.short_label.rstrip("…") for _title, status in rows)
    said = [
        ngettext("%(n)d course: %(status)s.", "%(n)d courses: %(status)s.", count) % {"n": count, "status": label}
        for label, count in counts.items()
    ]
    return " ".join(said)
