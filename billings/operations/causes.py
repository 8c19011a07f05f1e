"""Why courses need attention or wait: for each cause how many, since when, and the one that waits longest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, Q, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from billings import status
from billings.models import TROUBLE_FOR_PEOPLE, BillingProduct, Rejection, Trouble
from billings.prices.listing import PRICES

# Messages of rejections differ with the values; only the largest groups are listed.
MOST_REJECTIONS = 20


@dataclass(frozen=True, slots=True)
class Cause:
    """`course` is the one that waits longest; `url` leads to all of them."""

    code: str
    words: str
    count: int
    oldest: datetime | None
    course: str
    course_id: UUID | None
    url: str


def causes(figures: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """From the figures by state and trouble. At most two queries, none if nothing is wrong."""
    rows = [row for row in figures if row["state"] in ("attention", "retrying")]
    return [*_troubles(rows), *(_rejections() if any(row["rejected"] for row in rows) else [])]


def _troubles(rows: list[Mapping[str, Any]]) -> list[Cause]:
    groups: dict[str, tuple[int, datetime | None]] = {}
    for row in rows:
        if row["trouble"]:
            count, oldest = groups.get(row["trouble"], (0, None))
            since = [when for when in (oldest, row["oldest"]) if when]
            groups[row["trouble"]] = (count + row["rows"], min(since, default=None))
    if not groups:
        return []
    oldest_ones = reduce(or_, (Q(trouble=trouble, behind_since=since) for trouble, (_n, since) in groups.items()))
    # Said twice: the state has an index.
    waiting = BillingProduct.objects.filter(oldest_ones, state__in={row["state"] for row in rows})
    names = {row.trouble: row for row in waiting.order_by("-created_at")}
    return [
        Cause(
            code=trouble,
            words=_WORDS[Trouble(trouble)](),
            count=count,
            oldest=since,
            course=names[trouble].desired_name if trouble in names else "",
            course_id=names[trouble].course_id if trouble in names else None,
            url=_url("attention" if trouble in TROUBLE_FOR_PEOPLE else "retrying", trouble),
        )
        for trouble, (count, since) in sorted(groups.items())
    ]


def _rejections() -> list[Cause]:
    """One query: the first row of each group, with the figures of the group."""
    same = [F("field"), F("request__error_message")]
    groups = (
        Rejection.objects.annotate(
            place=Window(RowNumber(), partition_by=same, order_by="pk"),
            rows=Window(Count("pk"), partition_by=same),
            oldest=Window(Min("created_at"), partition_by=same),
        )
        .filter(place=1)
        .order_by("-rows", "pk")
        .values("field", "request__error_message", "rows", "oldest", "product__desired_name", "product__course_id")
    )
    return [
        Cause(
            code=f"rejected_{group['field']}",
            words=_("Stripe rejected this: %(why)s") % {"why": status.clean(group["request__error_message"])},
            count=group["rows"],
            oldest=group["oldest"],
            course=group["product__desired_name"],
            course_id=group["product__course_id"],
            url=_url("attention", f"rejected_{group['field']}"),
        )
        for group in groups[:MOST_REJECTIONS]
    ]


def _url(state: str, cause: str) -> str:
    return PRICES.query({"billing": state, "cause": cause}).url


_WORDS: dict[str, Callable[[], str]] = {
    **status.TROUBLES,
    Trouble.KEY: lambda: _("Stripe does not accept the key of this portal."),
    Trouble.PERMISSION: lambda: _("The key may not do this in Stripe."),
    Trouble.ACCOUNT: lambda: _("The key is of another Stripe account than these courses."),
}
