"""Where Stripe does not hold the desired state, and why: the one check behind every command that reports it.

A course disagrees while something about it is pending, retried, rejected or drifted; and otherwise, if the plan without
excluded fields still has a step. The plan compares the desired state with the mirror, that is, with what was last read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from billings import product_fields
from billings.drift import wording
from billings.models import Availability, BillingPrice, BillingProduct, behind
from billings.plan import describe as describe_steps
from billings.plan import plan
from billings.status import PREFETCH, describe, state_of

CHUNK = 500
UNRESOLVED = ("attention", "drift", "retrying", "pending")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One course that Stripe does not hold as it should; `state` is one of `status.STATES`, or "differs"."""

    product: BillingProduct
    state: str
    cause: str
    words: str
    is_drift_alone: bool
    """Nothing but what was changed in Stripe, which a list of drift tells field by field."""

    def as_json(self) -> dict[str, Any]:
        return {
            "course_id": str(self.product.course_id),
            "course": self.product.desired_name,
            "state": self.state,
            "cause": self.cause,
            "words": self.words,
        }

    def __str__(self) -> str:
        return f"{self.product.course_id} {self.product.desired_name}: {self.state}. {self.words}"


def disagreements(scope: QuerySet[BillingProduct]) -> Iterator[Disagreement]:
    """In the order of `scope`, with bounded memory."""
    rows = scope.filter(behind() | Q(state__in=UNRESOLVED) | _may_differ())
    for product in rows.prefetch_related(*PREFETCH).iterator(chunk_size=CHUNK):
        found = _disagreement(product)
        if found:
            yield found


def _disagreement(product: BillingProduct) -> Disagreement | None:
    state = state_of(product)
    if state in UNRESOLVED:
        cause, words = _cause(state, product), _words(state, product)
        return Disagreement(product, state, cause, words, _drift_alone(state, product))
    if product.reads_requested > product.reads_done:
        words = _("What Stripe holds is still to be read.")
        return Disagreement(product, "pending", "read", words, is_drift_alone=False)
    if steps := plan(product.desired, product.observed()):
        words = _("Stripe does not hold what is desired here. Still to do: %(plan)s") % {"plan": describe_steps(steps)}
        return Disagreement(product, "differs", "differs", words, is_drift_alone=False)
    return None


def _cause(state: str, product: BillingProduct) -> str:
    """Why, in one word for API clients: the last failure, "rejected", or the state itself."""
    if state == "attention" and not product.trouble:
        return "rejected"
    return product.trouble or state


def _words(state: str, product: BillingProduct) -> str:
    """The page's sentence; for drift without the choice that only a page has."""
    if state == "drift":
        return " ".join(wording.sentence(drift) for drift in wording.open_drifts(product))
    return describe(product, staff=True).sentence


def _drift_alone(state: str, product: BillingProduct) -> bool:
    is_behind = product.generation > product.observed_generation or product.reads_requested > product.reads_done
    return state == "drift" and not is_behind and bool(wording.open_drifts(product))


def _may_differ() -> Q:
    """Rows whose mirror differs from the desired state in some column; the plan decides on each."""
    on_sale = Q(desired_status=Availability.PUBLISHED, desired_unit_amount__isnull=False)
    active = BillingPrice.objects.filter(product=OuterRef("pk"), active=True, gone=False)
    fitting = active.filter(
        stripe_id=OuterRef("observed_default_price"),
        supported=True,
        currency_options={},
        unit_amount=OuterRef("desired_unit_amount"),
        currency=OuterRef("desired_currency"),
        interval=OuterRef("desired_interval"),
        **{entry.mirror_column: OuterRef(entry.desired_column) for entry in product_fields.of_price()},
    )
    others = active.exclude(stripe_id=OuterRef("observed_default_price"))
    texts = {entry.mirror_column: F(entry.desired_column) for entry in product_fields.of_product()}
    return Q(exists=False, desired_unit_amount__isnull=False) | Q(exists=True) & (
        ~Q(**texts)
        | Q(observed_active=True) & ~on_sale
        | Q(observed_active=False) & on_sale
        | Q(Exists(others))
        | Q(desired_unit_amount__isnull=False) & ~Q(Exists(fitting))
    )


def plan_again(products: list[BillingProduct]) -> None:
    """Have converge look at rows that claim to be done and are not, by raising their generation."""
    ids = [product.pk for product in products]
    BillingProduct.objects.filter(pk__in=ids).update(generation=F("generation") + 1)
