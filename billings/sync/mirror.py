"""The only writer of the mirrored columns, of drift, and of rejections.

Every function here runs inside a transaction that holds the row by its lease; none calls Stripe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from billings import price_descriptions, product_fields
from billings.models import BillingPrice, BillingProduct, Drift, Rejection, StripeRequest
from billings.plan import ActivatePrice, ArchivePrice, CreatePrice, CreateProduct, Step, UpdatePrice, UpdateProduct
from billings.product_fields import BY_FIELD, Field, Texts
from billings.stripe_api import requests
from billings.stripe_api.gateway import Answer, Indeterminate, Rejected, Snapshot, Succeeded
from billings.sync import excluded

# The column's limit; anyone may write anything into metadata.
LARGEST_GENERATION = 2**63 - 1
# The product's columns that are written here or by converge; none is a desired one.
WRITTEN = (
    *(entry.mirror_column for entry in product_fields.FIELDS if not entry.on_price),
    *("observed_active", "observed_default_price", "metadata_generation", "confirmed_at"),
    *("exists", "stripe_id", "stripe_id_number"),
    *("generation", "reads_requested", "reads_done", "attempts", "trouble", "trouble_message"),
)


@dataclass(frozen=True, slots=True)
class SaleState:
    """By what a product is sold: its default price and all active ones."""

    default: str
    active: frozenset[str]
    options: Mapping[str, Any]
    """The other currencies of active prices, by their ids, where there are any."""

    def changed(self, *, default: str | None = None, active: frozenset[str] | None = None) -> "SaleState":
        """A copy with these changes; our own changes never involve a price in further currencies."""
        kept = self.active if active is None else active
        options = {key: value for key, value in self.options.items() if key in kept}
        return SaleState(self.default if default is None else default, kept, options)

    def as_json(self, prices: Mapping[str, BillingPrice]) -> dict[str, Any]:
        shown = [self.default, *sorted(self.active - {self.default})] if self.default else sorted(self.active)
        facts = [prices[key].facts if key in prices else price_descriptions.facts_of(key, None, {}) for key in shown]
        words = price_descriptions.describe_prices(facts)
        return {"default": self.default, "active": sorted(self.active), "words": words, "prices": facts}

    @classmethod
    def of_json(cls, facts: Mapping[str, Any]) -> "SaleState":
        """As stored with a drift."""
        options = {price["id"]: price["also"] for price in facts.get("prices", []) if price["also"]}
        return cls(facts["default"], frozenset(facts["active"]), options)


def record_answer(product: BillingProduct, request: StripeRequest, answer: Answer) -> None:
    """Resolve a request, and mirror what its response says about the product."""
    match answer:
        case Succeeded():
            record_success(product, request, answer, prices_of(product), open_drifts(product))
        case Rejected():
            requests.resolve(request, answer)
            _record_rejection(product, request, answer)
        case Indeterminate():
            requests.resolve(request, answer)
            product.reads_requested += 1  # what it did is found by a read
    product.save(update_fields=WRITTEN)


def record_success(
    product: BillingProduct,
    request: StripeRequest,
    answer: Succeeded,
    prices: dict[str, BillingPrice],
    drifts: Mapping[Field, Drift],
) -> None:
    """Resolve a request that succeeded, and mirror the fields we sent; other differences are drift.

    `prices` are the product's by their ids, and are updated; `drifts` are the open ones. The caller saves `product`.
    """
    requests.resolve(request, answer)
    step = request.planned_step
    if isinstance(step, CreateProduct | UpdateProduct):
        _record_product(product, step, answer.data, prices, drifts)
    else:
        _record_price(product, step, answer.data, prices)
        if _generation_in(answer.data.get("product")) > product.sent_generation:
            product.reads_requested += 1  # a restored backup: read before anything else
    product.confirmed_at = timezone.now()


def _record_product(
    product: BillingProduct,
    step: Step,
    data: dict[str, Any],
    prices: dict[str, BillingPrice],
    drifts: Mapping[Field, Drift],
) -> None:
    before, rows = _sale_state(product, prices), dict(prices)
    default = data.get("default_price")
    if isinstance(default, dict):
        _keep_price(product, default, prices)
    sent = requests.sent_fields(step)
    seen = _seen_fields(data)
    known = _mirrored_fields(product) if product.exists else seen
    product.exists = True
    for field, value in seen.items():
        _observe(product, field, value, expected=(sent.get(field, known[field]),), drift=drifts.get(field))
    _observe_metadata(product, data)
    product.observed_default_price = _id_of(default)
    # The default price that a create made is no drift; drift of a known one may end.
    terms = _default_terms(product, rows)
    _observe_terms(product, terms, expected=terms, others=[], drifts=drifts)
    if Field.PRICE not in requests.request_fields(step) and product.observed_default_price != before.default:
        product.reads_requested += 1  # the response has only the id, of a price that may be unknown here
        if Field.PRICE not in drifts:
            after = _sale_state(product, prices)
            _open_drift(product, Field.PRICE, before.as_json(prices), after.as_json(prices))


def _record_price(product: BillingProduct, step: Step, data: dict[str, Any], prices: dict[str, BillingPrice]) -> None:
    """A created or changed price. Terms that changed otherwise are not mirrored yet: a read reports them as drift."""
    terms = _seen_terms(data)
    known = prices.get(data["id"]) if terms else None
    if known is not None:
        sent = requests.sent_fields(step)
        expected = {field: sent.get(field, value) for field, value in known.terms.items()}
        if terms != expected:
            product.reads_requested += 1
            terms = expected
    _keep_price(product, data, prices, terms=terms)


def _record_rejection(product: BillingProduct, request: StripeRequest, rejection: Rejected) -> None:
    """Request a read, and exclude what was rejected from plans until it changes.

    Two errors say nothing about the values: an object that exists already, and one of ours that does not. If the
    desired state has moved on during the request, the rejected value may be outdated; if not, it will be rejected
    again.
    """
    product.reads_requested += 1
    is_object_missing = rejection.code == "resource_missing" and not requests.is_about_a_text(rejection.param)
    if rejection.code == "resource_already_exists" or is_object_missing or request.generation != product.generation:
        return
    for field in requests.rejected_fields(request.planned_step, rejection.param):
        Rejection.objects.update_or_create(product=product, field=field, defaults={"request": request})
    excluded.look_again([product.pk])


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mirror before a read, which only the holder of the lease changes."""

    prices: dict[str, BillingPrice]
    unconfirmed: list[StripeRequest]
    """Resolved requests that Stripe may or may not have carried out, and that no read has told of yet."""


def baseline(product: BillingProduct) -> Baseline:
    resolved = product.requests.filter(resolved_at__isnull=False, read_back=False)
    return Baseline(prices_of(product), list(resolved.exclude(outcome=StripeRequest.Outcome.SUCCEEDED)))


def misses_a_price(snapshot: Snapshot, baseline: Baseline) -> bool:
    """Whether a known price, or one that an indeterminate create may have made, was in neither list."""
    expected = {key for key, price in baseline.prices.items() if not price.gone}
    return not expected <= {price["id"] for price in snapshot.prices} or any(
        request.outcome == StripeRequest.Outcome.INDETERMINATE
        and _made_price_is_missing(request.planned_step, snapshot, expected)
        for request in baseline.unconfirmed
    )


def read_back(product: BillingProduct, snapshot: Snapshot, baseline: Baseline, *, count: int, at: datetime) -> None:
    """Mirror the result of a read, distinguish our own changes from drift, and mark reads up to `count` as done.

    A value is ours if it equals the mirror, what an indeterminate request sent, or the desired value.
    """
    unconfirmed, rows = baseline.unconfirmed, baseline.prices
    before, drifts = product.generation, open_drifts(product)
    sold_before = _sale_state(product, rows)
    if snapshot.product is None:
        _observe_missing(product, unconfirmed, drifts)
    else:
        _observe_product(product, snapshot.product, unconfirmed, drifts)
        _observe_prices(product, snapshot, rows, before=sold_before, unconfirmed=unconfirmed, drifts=drifts)
    if product.generation != before:
        # These requests were rejected for a state that was not what we assumed.
        excluded.delete_rejections(product.rejections.filter(request__in=unconfirmed), product.pk)
    _delete_needless_rejections(product)
    product.requests.filter(pk__in=[request.pk for request in unconfirmed]).update(read_back=True)
    product.reads_done = max(product.reads_done, count)
    product.confirmed_at = at
    product.save(update_fields=WRITTEN)


def _delete_needless_rejections(product: BillingProduct) -> None:
    """A rejected value that Stripe holds all the same, say by an edit in the Dashboard, is no problem any more."""
    rejected = {Field(name) for name in product.rejections.values_list("field", flat=True)}
    if not rejected or not product.exists:
        return
    desired, prices = _desired_fields(product), prices_of(product)
    held = {**_mirrored_fields(product), **_default_terms(product, prices)}
    granted = {field for field, value in held.items() if value == desired[field]}
    if _is_desired(product, _sale_state(product, prices), prices):
        granted.add(Field.PRICE)
    excluded.delete_rejections(product.rejections.filter(field__in=rejected & granted), product.pk)


def _observe_missing(
    product: BillingProduct, unconfirmed: Iterable[StripeRequest], drifts: Mapping[Field, Drift]
) -> None:
    """A deletion in Stripe is drift; a taken id that does not exist is a deleted product's: ours gets a number."""
    if product.exists:
        for field in drifts:
            _close_drift(product, field)  # gone with the product; the new one will be ours
        _open_drift(product, Field.PRODUCT, product.observed_name, "")
        product.exists = False
        product.prices.update(gone=True, active=False)
    elif any(request.error_code == "resource_already_exists" for request in unconfirmed):
        product.stripe_id_number += 1
        product.stripe_id = requests.product_id_for(product)


def _observe_product(
    product: BillingProduct, data: dict[str, Any], unconfirmed: list[StripeRequest], drifts: Mapping[Field, Drift]
) -> None:
    steps = [request.planned_step for request in unconfirmed]
    created = next((step for step in steps if isinstance(step, CreateProduct)), None)
    updated = [requests.sent_fields(step) for step in steps if isinstance(step, UpdateProduct)]
    desired = _desired_fields(product)
    asked = requests.sent_fields(created) if created else desired
    known = _mirrored_fields(product) if product.exists else asked
    product.exists = True
    if Field.PRODUCT in drifts:
        _close_drift(product, Field.PRODUCT)
    for field, value in _seen_fields(data).items():
        sent = [fields[field] for fields in updated if field in fields]
        # A create omits empty values, and so does the response.
        expected = (known.get(field, ""), *sent, desired[field])
        _observe(product, field, value, expected=expected, drift=drifts.get(field))
    product.observed_default_price = _id_of(data.get("default_price"))
    _observe_metadata(product, data)


def _observe(
    product: BillingProduct, field: Field, seen: Any, *, expected: tuple[Any, ...], drift: Drift | None
) -> None:
    """Mirror one field, and open or close its drift."""
    _compare(product, field, seen, expected=expected, drift=drift)
    setattr(product, _column(field), seen)


def _compare(
    product: BillingProduct, field: Field, seen: Any, *, expected: tuple[Any, ...], drift: Drift | None
) -> None:
    """A value that nobody here asked for opens drift; one that is ours again closes it.

    `expected[0]` is the mirror's value.
    """
    if drift is not None:
        if seen in (drift.local_value, *expected[1:]):
            _close_drift(product, field)
        elif seen != drift.remote_value:
            drift.remote_value = seen
            drift.save(update_fields=["remote_value"])
    elif seen not in expected:
        _open_drift(product, field, expected[0], seen)


def _observe_prices(
    product: BillingProduct,
    snapshot: Snapshot,
    rows: Mapping[str, BillingPrice],
    *,
    before: SaleState,
    unconfirmed: list[StripeRequest],
    drifts: Mapping[Field, Drift],
) -> None:
    """Mirror the prices. They are ours if unchanged, or changed as by an indeterminate request.

    `rows` are the mirrored prices, by id.
    """
    changed = [_store_price(product, data, rows.get(data["id"])) for data in snapshot.prices]
    found = {data["id"] for data in snapshot.prices}
    lost = [row.pk for row in rows.values() if row.stripe_id not in found and not row.gone]
    if lost:
        product.prices.filter(pk__in=lost).update(gone=True, active=False)
    now = prices_of(product) if lost or any(changed) else rows
    seen = _sale_state(product, now)
    steps = [request.planned_step for request in unconfirmed]
    asked = [_terms_asked_for(step, rows) for step in steps]
    known = rows[before.default].terms if before.default in rows else product.desired.terms
    _observe_terms(product, _default_terms(product, now), expected=known, others=asked, drifts=drifts)
    drift = drifts.get(Field.PRICE)
    unknown = [price for key, price in now.items() if price.active and key not in rows]
    is_ours = (
        seen == before
        or _is_desired(product, seen, now)
        or any(_carried_out(step, before, seen, unknown) for step in steps)
    )
    if drift is not None:
        if seen == SaleState.of_json(drift.local_value) or _is_desired(product, seen, now):
            _close_drift(product, Field.PRICE)
        else:
            drift.remote_value = seen.as_json(now)
            drift.save(update_fields=["remote_value"])
    elif not is_ours:
        _open_drift(product, Field.PRICE, before.as_json(rows), seen.as_json(now))


def _observe_terms(
    product: BillingProduct, seen: Texts, *, expected: Texts, others: list[Texts], drifts: Mapping[Field, Drift]
) -> None:
    """Open or close drift of the default price's terms: ours are `expected`, or what `others` asked for."""
    desired = product.desired.terms
    for field, value in seen.items():
        asked = [terms[field] for terms in others if field in terms]
        _compare(product, field, value, expected=(expected[field], *asked, desired[field]), drift=drifts.get(field))


def _terms_asked_for(step: Step, prices: Mapping[str, BillingPrice]) -> Texts:
    """The default price's terms after this step, if it changes them."""
    default = prices.get(step.default_id) if isinstance(step, UpdateProduct) else None
    return default.terms if default else requests.sent_fields(step)


def _carried_out(step: Step, before: SaleState, seen: SaleState, unknown: list[BillingPrice]) -> bool:
    """Whether `seen` is `before` with this step carried out."""
    match step:
        case CreateProduct() | CreatePrice():
            made = [price for price in unknown if price.ours and price.spec == requests.made_spec(step)]
            if len(unknown) != 1 or not made:
                return False
            new = made[0].stripe_id
            default = new if isinstance(step, CreateProduct) else before.default
            return seen == before.changed(default=default, active=before.active | {new})
        case UpdateProduct():
            return seen == before.changed(default=step.default_id or None)
        case UpdatePrice():
            return seen == before
        case ActivatePrice():
            return seen == before.changed(active=before.active | {step.price_id})
        case ArchivePrice():
            return seen == before.changed(active=before.active - {step.price_id})


def _is_desired(product: BillingProduct, seen: SaleState, prices: Mapping[str, BillingPrice]) -> bool:
    if product.price is None or seen.active != {seen.default}:
        return False
    default = prices.get(seen.default)
    return default is not None and default.spec == product.price


def prices_of(product: BillingProduct) -> dict[str, BillingPrice]:
    """Every mirrored price, by its id (one query)."""
    return {price.stripe_id: price for price in product.prices.all()}


def _default_terms(product: BillingProduct, prices: Mapping[str, BillingPrice]) -> Texts:
    default = prices.get(product.observed_default_price)
    return default.terms if default else {}


def _sale_state(product: BillingProduct, prices: Mapping[str, BillingPrice]) -> SaleState:
    active = {key: price for key, price in prices.items() if price.active and not price.gone}
    options = {key: price.currency_options for key, price in active.items() if price.currency_options}
    return SaleState(product.observed_default_price, frozenset(active), options)


def open_drifts(product: BillingProduct) -> dict[Field, Drift]:
    """By field (one query)."""
    return {Field(drift.field): drift for drift in product.drifts.filter(closed_at=None)}


def _open_drift(product: BillingProduct, field: Field, local_value: Any, remote_value: Any) -> None:
    """Record drift; the raised generation makes converge plan again without the field."""
    Drift.objects.create(product=product, field=field, local_value=local_value, remote_value=remote_value)
    excluded.look_again([product.pk])
    product.generation += 1


def _close_drift(product: BillingProduct, field: Field) -> None:
    closed = product.drifts.filter(field=field, closed_at=None).update(
        closed_at=timezone.now(), decision=Drift.Decision.REVERTED
    )
    if closed:
        excluded.look_again([product.pk])
        product.generation += 1


def _keep_price(
    product: BillingProduct, data: dict[str, Any], prices: dict[str, BillingPrice], *, terms: Texts | None = None
) -> None:
    """Mirror one price, here and in the database."""
    if row := _store_price(product, data, prices.get(data["id"]), terms=terms):
        prices[row.stripe_id] = row


def _store_price(
    product: BillingProduct, data: dict[str, Any], known: BillingPrice | None = None, *, terms: Texts | None = None
) -> BillingPrice | None:
    """Mirror one price, with `terms` if given; None if its row `known` is unchanged."""
    recurring = data.get("recurring") or {}
    values = {
        "product_id": product.pk,
        "unit_amount": data.get("unit_amount"),
        "currency": data["currency"],
        "interval": recurring.get("interval", ""),
        "supported": _is_supported(data, recurring),
        "currency_options": _other_currencies(data, known),
        **{BY_FIELD[field].mirror_column: value for field, value in (terms or _seen_terms(data)).items()},
        "ours": data.get("metadata", {}).get("course_id") == str(product.course_id),
        "active": data["active"],
        "gone": False,
        "stripe_created": data["created"],
    }
    if known is not None and all(getattr(known, name) == value for name, value in values.items()):
        return None
    row = BillingPrice(stripe_id=data["id"], **values)
    # One statement, whether or not the row is there.
    BillingPrice.objects.bulk_create([row], update_conflicts=True, unique_fields=["stripe_id"], update_fields=[*values])
    return row


def _other_currencies(data: Mapping[str, Any], known: BillingPrice | None) -> dict[str, Any]:
    """The further currencies of a price; the mirrored ones if the response omits them (unless expanded).

    Stripe lists the price's own currency among them (https://docs.stripe.com/api/prices/object); it is left out.
    """
    if "currency_options" not in data:
        row = known or BillingPrice.objects.filter(stripe_id=data["id"]).first()
        return dict(row.currency_options) if row else {}
    return other_currencies(data)


def other_currencies(data: Mapping[str, Any]) -> dict[str, Any]:
    options: Mapping[str, Mapping[str, Any]] = data.get("currency_options") or {}
    others = sorted(options.keys() - {data["currency"]})
    return {code: _amounts(options[code]) for code in others}


def _amounts(option: Mapping[str, Any]) -> dict[str, Any]:
    """The amounts of a currency option; an integer amount makes its decimal form redundant."""
    names = ("unit_amount", "custom_unit_amount", "tiers")
    found = {name: option[name] for name in names if option.get(name) is not None}
    if not found and option.get("unit_amount_decimal") is not None:
        found["unit_amount_decimal"] = str(option["unit_amount_decimal"])
    return found


def _is_supported(data: dict[str, Any], recurring: dict[str, Any]) -> bool:
    """Whether a course can express this price in its own currency (https://docs.stripe.com/api/prices/object)."""
    return (
        data.get("billing_scheme", "per_unit") == "per_unit"
        and data.get("unit_amount") is not None
        and not data.get("custom_unit_amount")
        and not data.get("transform_quantity")
        and recurring.get("usage_type", "licensed") == "licensed"
        and not recurring.get("meter")
        and recurring.get("interval_count", 1) == 1
        and not recurring.get("trial_period_days")
    )


def price_says_the_same(data: Mapping[str, Any], price: BillingPrice) -> bool:
    """Whether a price in an event equals the mirror, as far as prices can change."""
    if price.gone or data.get("active") != price.active or _seen_terms(data) != price.terms:
        return False
    return "currency_options" not in data or other_currencies(data) == price.currency_options


def says_the_same(data: Mapping[str, Any], product: BillingProduct) -> bool:
    """Whether a product in an event equals the mirror."""
    return (
        product.exists
        and _seen_fields(data) == _mirrored_fields(product)
        and _id_of(data.get("default_price")) == product.observed_default_price
    )


def _seen_fields(data: Mapping[str, Any]) -> dict[Field, Any]:
    texts = {entry.field: entry.seen_in(data) for entry in product_fields.of_product()}
    return {**texts, Field.ACTIVE: data.get("active")}


def _seen_terms(data: Mapping[str, Any]) -> Texts:
    return {entry.field: entry.seen_in(data) for entry in product_fields.of_price()}


def _mirrored_fields(product: BillingProduct) -> dict[Field, Any]:
    return {field: getattr(product, _column(field)) for field in (*product.desired.texts, Field.ACTIVE)}


def _column(field: Field) -> str:
    return "observed_active" if field is Field.ACTIVE else BY_FIELD[field].mirror_column


def _desired_fields(product: BillingProduct) -> dict[Field, Any]:
    desired = product.desired
    return {**desired.texts, **desired.terms, Field.ACTIVE: desired.active}


def _observe_metadata(product: BillingProduct, data: dict[str, Any]) -> None:
    product.metadata_generation = _generation_in(data)


def _generation_in(data: Any) -> int:
    """The generation in a product's metadata; 0 if there is none, or the product is not expanded."""
    generation = str(data.get("metadata", {}).get("generation", "")) if isinstance(data, dict) else ""
    return min(int(generation), LARGEST_GENERATION) if generation.isdecimal() else 0


def _id_of(reference: Any) -> str:
    """The id in an expandable field: an object, an id, or nothing."""
    return reference["id"] if isinstance(reference, dict) else reference or ""


def _made_price_is_missing(step: Step, snapshot: Snapshot, known: set[str]) -> bool:
    """Whether this step may have created a price that a read did not see."""
    made = requests.made_spec(step)
    return made is not None and not any(
        data["id"] not in known and (data["unit_amount"], data["currency"]) == (made.unit_amount, made.currency)
        for data in snapshot.prices
    )
