"""A list whose rows are partly under way asks for all of them by one request, and is told of those that have changed.

Every such row says what it shows by a mark; the page sends its marks, and gets back the rows whose mark is another one.
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

# What a page sends for a row, and what a page may send at most.
PARAM = "row"
MOST_ROWS = 200
# The event by which a row that has come under way starts the asking again.
EVENT = "watch"
# How long something is under way, and how often its page asks then, in seconds.
PACES = ((10, 1), (30, 2), (120, 5), (600, 15))
SLOWEST = 30
_SENT = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class PolledRow:
    """One row as it stands now."""

    product: BillingProduct
    status: Status

    @property
    def mark(self) -> str:
        return f"{self.product.course_id.hex}.{_digest(self.product, self.status)}"


def _digest(product: BillingProduct, status: Status) -> str:
    """Of what the row shows, but for the seconds, which the page counts down by itself."""
    shown = [status.state, status.label, status.short_label, status.cause, status.still, status.product_line]
    shown += [str(product.attempts), *(drift.shown for drift in status.drifts)]
    return hashlib.sha256("\0".join(shown).encode()).hexdigest()[:8]


def sent(values: Sequence[str]) -> dict[UUID, str]:
    """The marks that a page sent, by course; what is no mark is ignored."""
    found = (_SENT.fullmatch(value) for value in values[:MOST_ROWS])
    return {UUID(match[1]): match[0] for match in found if match}


def seconds(rows: Iterable[PolledRow]) -> int | None:
    """When to ask again: soon for what was begun just now, seldom for what waits long; None: nothing is under way."""
    return min((_pace(row) for row in rows if row.status.poll_seconds), default=None)


def _pace(row: PolledRow) -> int:
    since = row.product.behind_since
    now = clock.now()
    if since and not horizons.is_believed(since, now, horizons.just_now()):  # nobody knows how long it waits
        return SLOWEST
    waits = (now - since).total_seconds() if since else 0
    return next((pace for limit, pace in PACES if waits < limit), SLOWEST)


def news(rows: Sequence[tuple[str, Status]]) -> str:
    """The rows that have changed, by title, in one announcement for those who do not see them."""
    if len(rows) == 1:
        title, status = rows[0]
        return _("“%(course)s”: %(status)s.") % {"course": isolate(title), "status": status.short_label.rstrip("…")}
    counts = Counter(status.short_label.rstrip("…") for _title, status in rows)
    said = [
        ngettext("%(n)d course: %(status)s.", "%(n)d courses: %(status)s.", count) % {"n": count, "status": label}
        for label, count in counts.items()
    ]
    return " ".join(said)
