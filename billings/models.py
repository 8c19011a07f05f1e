"""What Stripe should sell (desired), what Stripe last told us (the mirror), and every request in between.

`BillingProduct` and `BillingPrice` mirror Stripe objects; only `converge` writes their mirrored columns, from Stripe's
responses. Only `desired` and `pricing` write the desired columns.
"""

import uuid
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billings import clock, horizons, money, price_descriptions, product_fields, stored_steps
from billings.plan import Desired, Observed, ObservedPrice, Step
from billings.product_fields import DESCRIPTION, IMAGE, NAME, TAX_BEHAVIOR, TAX_CODE, Field, Texts
from web.search import fold
from web.search_fields import SearchText, SortKey, following
from web.trigrams import Trigrams

INTERVALS: dict[str, money.Interval | None] = {"": None, "month": "month", "year": "year"}


class PriceColumns(NamedTuple):
    """A price as columns keep it: a free course has no amount, and the currency and interval it had last."""

    unit_amount: int | None
    currency: str
    interval: str


def _spec(unit_amount: int | None, currency: str, interval: str) -> money.PriceSpec | None:
    if unit_amount is None or interval not in INTERVALS:
        return None
    return money.PriceSpec(unit_amount, currency, INTERVALS[interval])


# What staff search by.
SEARCH = Trigrams("billings_product_search", "billings_billingproduct", ("search_title", "teacher"))


class Availability(models.TextChoices):
    """The course's status, copied here in the transaction that saves the course."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Trouble(models.TextChoices):
    """Why the last attempt failed; the sentences for people are in `status`."""

    NONE = ""
    UNREACHABLE = "unreachable"  # no connection, or cut off
    SLOW = "slow"  # no answer in time
    FAILING = "failing"  # Stripe answered 5xx, or something unreadable
    BUSY = "busy"  # 409, or two requests met at one object
    RATE_LIMITED = "rate_limited"
    KEY = "key"  # 401
    PERMISSION = "permission"  # 403
    ACCOUNT = "account"  # the key belongs to another account or mode than the mirror


# A person must act; everything else is retried until it works.
TROUBLE_FOR_PEOPLE = (Trouble.KEY, Trouble.PERMISSION, Trouble.ACCOUNT)


class StripeKey(models.Model):
    """The account and mode of a key (`GET /v1/account`, asked once per key)."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    account = models.CharField(max_length=255)
    livemode = models.BooleanField()
    checked_at = models.DateTimeField(auto_now_add=True)
    events_until = models.BigIntegerField(
        null=True, help_text="Events up to then, in Stripe's time, were compared with our requests."
    )
    looked_at = models.DateTimeField(null=True, help_text="When somebody last compared them, in Stripe's time.")
    missed_fetched_at = models.DateTimeField(
        null=True, help_text="When a fetch of what Stripe could not deliver, one that ended well, began."
    )
    # Polling of events, by one process at a time; see `polling`.
    next_look_at = models.DateTimeField(null=True, help_text="Also how long the poll under way is expected to take.")
    look_pace = models.FloatField(default=0, help_text="Seconds between the last two looks.")
    spare_looks = models.FloatField(default=1000, help_text="Reads left over for looking more often.")
    # The key's permissions, and the webhook endpoints registered with Stripe; see `permissions` and `endpoints`.
    permissions = models.JSONField(default=dict)
    permissions_checked_at = models.DateTimeField(null=True)
    endpoints = models.JSONField(null=True, help_text="Empty: not known.")
    endpoints_error = models.TextField(blank=True)
    endpoints_checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.account} ({'live' if self.livemode else 'test'})"


class WorkerHeartbeat(models.Model):
    """A worker process and its last heartbeat; see `heartbeat`."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="In the database's time.")
    stopped_at = models.DateTimeField(null=True, help_text="When it ended by itself.")
    stripe_ahead = models.FloatField(null=True, help_text="Seconds that Stripe's clock is ahead of its machine's.")
    database_ahead = models.FloatField(default=0, help_text="Seconds that the database's clock is ahead of it.")

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"


class Schedule(models.Model):
    """The one row with the due times of periodic work; see `schedule`."""

    ONLY = 1

    compare_due_at = models.DateTimeField()
    housekeeping_due_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"compare at {self.compare_due_at}"


class Binding(models.Model):
    """The Stripe account and mode in which everything is sold: the first one used, changed only by `rebind`."""

    ONLY = 1

    account = models.CharField(max_length=255)
    livemode = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.account} ({'live' if self.livemode else 'test'})"


class WriteBudget(models.Model):
    """The one row from which every process reserves its turn to write; see `rate_limit`."""

    ONLY = 1

    next_slot_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"next write at {self.next_slot_at}"


def behind() -> Q:
    """Rows on which converge has something to do; an open request always leaves its row behind."""
    return ~Q(generation=F("observed_generation")) | ~Q(reads_requested=F("reads_done"))


def is_due() -> Q:
    """Rows whose next attempt is due, was never set, or was set by a clock far ahead."""
    now = clock.now()
    return Q(next_attempt_at__lte=now) | Q(next_attempt_at=None) | Q(next_attempt_at__gt=now + horizons.next_attempt())


def _state() -> models.Case:
    """How a course stands with Stripe: the first that holds; see `status`."""
    return models.Case(
        models.When(Q(trouble__in=TROUBLE_FOR_PEOPLE) | Q(has_rejection=True), then=models.Value("attention")),
        models.When(has_drift=True, then=models.Value("drift")),
        models.When(~Q(trouble=Trouble.NONE), then=models.Value("retrying")),
        models.When(generation__gt=F("observed_generation"), then=models.Value("pending")),
        models.When(desired_status=Availability.ARCHIVED, then=models.Value("archived")),
        models.When(desired_unit_amount__isnull=True, then=models.Value("free")),
        default=models.Value("in_sync"),
    )


class _OfCourse:
    """A column that a new row takes from its course, where nobody gave it; `teachers` writes it afterwards."""

    def of_course(self, course: Any) -> Any:
        raise NotImplementedError

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        name = self.attname  # type: ignore[attr-defined]
        if add and not getattr(model_instance, name):
            setattr(model_instance, name, self.of_course(model_instance.course))
        return getattr(model_instance, name)


class OwnerKey(_OfCourse, models.ForeignKey):  # type: ignore[type-arg]  # only its stubs are generic
    def of_course(self, course: Any) -> Any:
        return course.owner_id


class TeacherText(_OfCourse, models.CharField):  # type: ignore[type-arg]
    def of_course(self, course: Any) -> Any:
        return fold(course.owner.email)


class BillingProduct(models.Model):
    """A course as Stripe should sell it, and the Stripe product as it was last seen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.OneToOneField("courses.Course", on_delete=models.PROTECT, related_name="billing")

    # Desired state. The price is stored here and nowhere else.
    desired_name = models.CharField(max_length=NAME.max_length)
    desired_description = models.CharField(max_length=DESCRIPTION.max_length, blank=True)
    desired_image = models.CharField(max_length=IMAGE.max_length, blank=True)
    desired_tax_code = models.CharField(max_length=TAX_CODE.max_length, blank=True, default="", db_default="")
    desired_tax_behavior = models.CharField(
        max_length=TAX_BEHAVIOR.max_length, default=TAX_BEHAVIOR.empty, db_default=TAX_BEHAVIOR.empty
    )
    desired_status = models.CharField(max_length=10, choices=Availability, default=Availability.DRAFT)
    desired_unit_amount = models.BigIntegerField(null=True, blank=True, help_text="Minor units; empty: free.")
    desired_currency = models.CharField(max_length=3, default="usd")
    desired_interval = models.CharField(max_length=5, blank=True, help_text="month, year, or empty: one time.")
    price_changed_at = models.DateTimeField(null=True, blank=True)

    # As in Kubernetes: raised by every change of the desired state; reached by converge.
    generation = models.PositiveBigIntegerField(default=0)
    observed_generation = models.PositiveBigIntegerField(default=0)
    reads_requested = models.PositiveBigIntegerField(default=0)
    reads_done = models.PositiveBigIntegerField(default=0)

    # The mirror.
    stripe_id = models.CharField(max_length=255, blank=True, help_text="Chosen by us, stored before the first request.")
    stripe_id_number = models.PositiveIntegerField(default=0, help_text="Raised where a deleted product blocks its id.")
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField(default=False)
    exists = models.BooleanField(default=False)
    observed_name = models.TextField(blank=True)
    observed_description = models.TextField(blank=True)
    observed_image = models.TextField(blank=True)
    observed_tax_code = models.TextField(blank=True, default="", db_default="")
    observed_active = models.BooleanField(default=False)
    observed_default_price = models.CharField(max_length=255, blank=True)
    # What we last wrote to the product's metadata, and what was last seen there: if that is ahead, this database was
    # restored from a backup.
    sent_generation = models.PositiveBigIntegerField(default=0)
    metadata_generation = models.PositiveBigIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    # The lease, and the last failure.
    lease_token = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Failures in a row.")
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=20, choices=Trouble, default=Trouble.NONE, blank=True)
    trouble_message = models.TextField(blank=True)
    behind_since = models.DateTimeField(null=True, blank=True, help_text="Waiting for Stripe's agreement since then.")

    # What lists filter and count by: as `status.state_of` says it of a row and its relations, by the database itself.
    # These two are written by `sync.excluded` alone.
    has_drift = models.BooleanField(default=False, db_default=False, editable=False, help_text="One is open.")
    has_rejection = models.BooleanField(default=False, db_default=False, editable=False)
    state = models.GeneratedField(expression=_state(), output_field=models.CharField(max_length=10), db_persist=True)

    # Lists sort by these, each with an index that no other table is needed for.
    owner = OwnerKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
    )
    teacher = TeacherText(max_length=300, editable=False)  # the owner's email address, folded
    sort_key = SortKey(of=("desired_name",))
    search_title = SearchText(of=("desired_name",))
    sold_in = models.GeneratedField(
        expression=models.Case(
            models.When(desired_unit_amount__isnull=True, then=models.Value("")), default=F("desired_currency")
        ),
        output_field=models.CharField(max_length=3),
        db_persist=True,
        help_text="The currency; empty: free.",
    )

    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("manage_prices", "Can manage the prices of every course")]
        constraints = [
            models.CheckConstraint(
                name="billings_product_amount",
                condition=Q(desired_unit_amount__isnull=True)
                | Q(desired_unit_amount__gte=1, desired_unit_amount__lte=money.MAX_UNIT_AMOUNT),
            ),
            models.CheckConstraint(
                name="billings_product_interval", condition=Q(desired_interval__in=["", "month", "year"])
            ),
            models.CheckConstraint(name="billings_product_status", condition=Q(desired_status__in=Availability.values)),
            models.CheckConstraint(
                name="billings_product_generation", condition=Q(observed_generation__lte=F("generation"))
            ),
            models.CheckConstraint(name="billings_product_reads", condition=Q(reads_done__lte=F("reads_requested"))),
            models.UniqueConstraint(
                name="billings_product_stripe_id", fields=["stripe_id", "account"], condition=~Q(stripe_id="")
            ),
        ]
        indexes = [
            models.Index(name="billings_product_due", fields=["next_attempt_at"], condition=behind()),
            # For counts: all that is counted by, so that no row is read.
            models.Index(name="billings_product_counts", fields=["state", "desired_status", "sold_in"]),
            models.Index(name="billings_product_own", fields=["owner", "desired_status", "state"]),
            # A filter and the order that it is shown in, or an order alone; the last column makes each total.
            models.Index(name="billings_product_title", fields=["sort_key", "id"]),
            models.Index(name="billings_product_state", fields=["state", "sort_key", "id"]),
            models.Index(name="billings_product_status", fields=["desired_status", "sort_key", "id"]),
            models.Index(name="billings_product_teacher", fields=["teacher", "sort_key", "id"]),
            models.Index(name="billings_product_price", fields=["sold_in", "desired_unit_amount", "sort_key", "id"]),
            models.Index(name="billings_product_sold_in", fields=["sold_in", "sort_key", "id"]),
            # PostgreSQL has another one, with what is empty first; see migration 0028.
            models.Index(name="billings_product_changed", fields=["price_changed_at", "sort_key", "id"]),
            models.Index(
                name="billings_product_own_price", fields=["owner", "sold_in", "desired_unit_amount", "sort_key", "id"]
            ),
        ]

    def __str__(self) -> str:
        return self.desired_name

    def save(self, *args: Any, update_fields: Any = None, **options: Any) -> None:
        if update_fields is not None:
            update_fields = {*update_fields, *following(self, update_fields)}
        super().save(*args, update_fields=update_fields, **options)

    @property
    def price(self) -> money.PriceSpec | None:
        """The desired price; None: free."""
        return _spec(self.desired_unit_amount, self.desired_currency, self.desired_interval)

    @property
    def price_columns(self) -> PriceColumns:
        return PriceColumns(self.desired_unit_amount, self.desired_currency, self.desired_interval)

    @property
    def desired(self) -> Desired:
        texts = {entry.field: getattr(self, entry.desired_column) for entry in product_fields.in_use()}
        return Desired.of(texts, published=self.desired_status == Availability.PUBLISHED, price=self.price)

    def observed(self, prices: "Iterable[BillingPrice] | None" = None) -> Observed:
        """The mirror as values (one query for the prices, unless they are given or prefetched)."""
        rows = self.prices.all() if prices is None else prices
        return Observed(
            exists=self.exists,
            texts={entry.field: getattr(self, entry.mirror_column) for entry in product_fields.of_product()},
            active=self.observed_active,
            default_price=self.observed_default_price,
            prices=tuple(price.observed() for price in rows if not price.gone),
        )

    def excluded_fields(self) -> frozenset[Field]:
        """Fields that plans leave alone: those with drift, and those Stripe rejected (one query)."""
        drifted = self.drifts.filter(closed_at=None).values_list("field", flat=True)
        rejected = self.rejections.values_list("field", flat=True)
        return frozenset(Field(name) for name in drifted.union(rejected))


class BillingPrice(models.Model):
    """A Stripe price of one of our products, as it was last seen."""

    product = models.ForeignKey(BillingProduct, on_delete=models.CASCADE, related_name="prices")
    stripe_id = models.CharField(max_length=255, unique=True)
    unit_amount = models.BigIntegerField(null=True, help_text="Minor units; empty where Stripe has none.")
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=5, blank=True)
    # Supported: licensed, once per interval, no trial, no tiers. (Further currencies are unsupported too, see `spec`.)
    supported = models.BooleanField(default=True)
    currency_options = models.JSONField(
        default=dict, blank=True, help_text="What it also sells at, by currency, as Stripe has it; its own left out."
    )
    ours = models.BooleanField(default=True, help_text="Its metadata names the course.")
    tax_behavior = models.CharField(
        max_length=TAX_BEHAVIOR.max_length, default=TAX_BEHAVIOR.empty, db_default=TAX_BEHAVIOR.empty
    )
    active = models.BooleanField()
    gone = models.BooleanField(default=False, help_text="Stripe no longer lists it.")
    stripe_created = models.BigIntegerField(help_text="Stripe's own time, seconds since 1970.")

    class Meta:
        ordering = ["-stripe_created", "-id"]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.words}"

    @property
    def own_spec(self) -> money.PriceSpec | None:
        """The price in its own currency; None if a course cannot express it."""
        return _spec(self.unit_amount, self.currency, self.interval) if self.supported else None

    @property
    def spec(self) -> money.PriceSpec | None:
        """The price as a course can express it; None if it cannot, also because a course sells in one currency."""
        return None if self.currency_options else self.own_spec

    @property
    def facts(self) -> dict[str, Any]:
        return price_descriptions.facts_of(self.stripe_id, self.own_spec, self.currency_options)

    @property
    def words(self) -> str:
        """ "$49.00", or "$49.00 (also €1.00)"."""
        return price_descriptions.describe_price(self.facts)

    def observed(self) -> ObservedPrice:
        return ObservedPrice(
            id=self.stripe_id,
            spec=self.spec,
            active=self.active,
            ours=self.ours,
            created=self.stripe_created,
            terms=self.terms,
        )

    @property
    def terms(self) -> Texts:
        """Its further terms, besides amount, currency and interval."""
        return {entry.field: getattr(self, entry.mirror_column) for entry in product_fields.of_price()}


class FormerProduct(models.Model):
    """A course's product in a Stripe account that it has left (`rebind`); kept for the record."""

    product = models.ForeignKey(BillingProduct, on_delete=models.CASCADE, related_name="former")
    account = models.CharField(max_length=255)
    livemode = models.BooleanField()
    stripe_id = models.CharField(max_length=255)
    default_price = models.CharField(max_length=255, blank=True)
    prices = models.JSONField()
    left_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.stripe_id} in {self.account}"


# What a request can be about: the names of its foreign keys.
SUBJECTS = ("product", "stray")


def _one_subject() -> Q:
    return reduce(or_, (Q(**{f"{other}__isnull": other != name for other in SUBJECTS}) for name in SUBJECTS))


class StripeRequest(models.Model):
    """A POST to Stripe, committed before it is sent, and its response: memory, audit, and echo detection.

    It is about one subject. Each kind of subject has a foreign key of its own, of which exactly one is set: so the
    database knows that the subject exists, queries join it as they join anything, and one request at a time is open for
    each. With a kind and an id in two columns, none of this would hold by itself. A further kind, an order say, is one
    more key and its name in SUBJECTS.
    """

    class Outcome(models.TextChoices):
        OPEN = "open"
        SUCCEEDED = "succeeded"
        REJECTED = "rejected"
        INDETERMINATE = "indeterminate"

    product = models.ForeignKey(BillingProduct, null=True, on_delete=models.CASCADE, related_name="requests")
    stray = models.ForeignKey("StrayProduct", null=True, on_delete=models.CASCADE, related_name="requests")
    key = models.CharField("idempotency key", max_length=255, unique=True)
    step = models.CharField(max_length=20, help_text="Its kind; see `stored_steps`.")
    step_fields = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), help_text="The rest of it."
    )
    path = models.CharField(max_length=300)
    params = models.JSONField()
    account = models.CharField(max_length=255)
    livemode = models.BooleanField()
    generation = models.PositiveBigIntegerField(default=0, help_text="Of a product: the one planned for.")
    created_at = models.DateTimeField(auto_now_add=True)
    key_made_at = models.DateTimeField(null=True, help_text="In Stripe's own time; empty where that was not known.")
    last_sent_at = models.DateTimeField(null=True)
    sends = models.PositiveIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.OPEN)
    # Whether an indeterminate request must still be considered by the next read.
    read_back = models.BooleanField(default=False)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=100, blank=True)
    error_message = models.TextField(blank=True)
    request_id = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="billings_one_open_request", fields=["product"], condition=Q(resolved_at__isnull=True)
            ),
            models.UniqueConstraint(
                name="billings_one_open_request_of_stray", fields=["stray"], condition=Q(resolved_at__isnull=True)
            ),
            models.CheckConstraint(name="billings_request_one_subject", condition=_one_subject()),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.outcome}"

    @property
    def subject(self) -> "BillingProduct | StrayProduct":
        subject = self.product or self.stray
        assert subject is not None, "the database sees to it"
        return subject

    @property
    def planned_step(self) -> Step:
        """The step of a plan that this request carries out, where it is about one of our products."""
        return stored_steps.step_of(self.step, self.step_fields)


class StripeEvent(models.Model):
    """An event of Stripe's, stored once by its id; it only requests a read."""

    class Outcome(models.TextChoices):
        WAITING = ""
        READ = "read"
        ECHO = "echo"  # of a request of ours
        IGNORED = "ignored"  # not about a product of ours, or foreign

    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    stripe_product = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField()
    account = models.CharField(max_length=255, blank=True, db_default="", help_text="Empty: that of the endpoint.")
    idempotency_key = models.CharField(max_length=255, blank=True)
    shown = models.JSONField(help_text="The object as the event shows it.")
    received_at = models.DateTimeField(auto_now_add=True)
    fetched = models.BooleanField(db_default=False, help_text="Read from Stripe's list, not delivered by it.")
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING, blank=True)
    is_foreign = models.BooleanField(db_default=False, help_text="Not of our mode or account, when it was classified.")

    class Meta:
        indexes = [
            models.Index(name="billings_event_waiting", fields=["id"], condition=Q(processed_at__isnull=True)),
            models.Index(name="billings_event_foreign", fields=["id"], condition=Q(is_foreign=True)),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class Drift(models.Model):
    """A field whose value in Stripe nobody here asked for; excluded from plans until decided."""

    class Decision(models.TextChoices):
        OPEN = ""
        REPLACED = "replaced"  # set to a new value here
        REVERTED = "reverted"  # Stripe holds the local value again
        RESTORED = "restored"
        ACCEPTED = "accepted"

    product = models.ForeignKey(BillingProduct, on_delete=models.CASCADE, related_name="drifts")
    field = models.CharField(max_length=20, help_text="A `product_fields.Field`.")
    local_value = models.JSONField(help_text="The value before, in words that people read.")
    remote_value = models.JSONField()
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.OPEN, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billings_one_open_drift", fields=["product", "field"], condition=Q(closed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.local_value} -> {self.remote_value}"


class Rejection(models.Model):
    """A value that Stripe rejected; excluded from plans until it changes."""

    product = models.ForeignKey(BillingProduct, on_delete=models.CASCADE, related_name="rejections")
    field = models.CharField(max_length=20, help_text="A `product_fields.Field`.")
    request = models.ForeignKey(StripeRequest, on_delete=models.CASCADE, related_name="rejections")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="billings_one_rejection", fields=["product", "field"])]

    def __str__(self) -> str:
        return f"{self.field}: {self.request.error_message}"


class PriceChange(models.Model):
    """Who changed which price, when and why. Written by `pricing` only, never edited."""

    class Source(models.TextChoices):
        EDIT = "edit"
        STAFF = "staff"
        STRIPE = "stripe"  # a change made there was accepted

    product = models.ForeignKey(BillingProduct, on_delete=models.CASCADE, related_name="price_changes")
    old_unit_amount = models.BigIntegerField(null=True)
    old_currency = models.CharField(max_length=3)
    old_interval = models.CharField(max_length=5, blank=True)
    new_unit_amount = models.BigIntegerField(null=True)
    new_currency = models.CharField(max_length=3)
    new_interval = models.CharField(max_length=5, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    source = models.CharField(max_length=10, choices=Source)
    reason = models.CharField(max_length=300, blank=True)
    generation = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(name="billings_pricechange_product", fields=["product", "-id"])]

    def __str__(self) -> str:
        return f"{self.old or 'free'} -> {self.new or 'free'}"

    @property
    def old(self) -> money.PriceSpec | None:
        return _spec(self.old_unit_amount, self.old_currency, self.old_interval)

    @property
    def new(self) -> money.PriceSpec | None:
        return _spec(self.new_unit_amount, self.new_currency, self.new_interval)


class SyncRun(models.Model):
    """An operation on the whole catalogue: its progress in the worker, or its result."""

    class Kind(models.TextChoices):
        COMPARE = "compare"
        RESTORE = "restore"  # the local value, for all drift

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(help_text="The last sign of life.")
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    # Progress; `total` is an estimate.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)

    # Results of a comparison.
    products = models.PositiveIntegerField(default=0)
    prices = models.PositiveIntegerField(default=0)
    suspects = models.PositiveIntegerField(default=0, help_text="Products that differ, or are not there.")
    orphans = models.PositiveIntegerField(default=0, help_text="Name a course that does not sell by them.")
    foreign = models.PositiveIntegerField(default=0)

    # Drift to restore: what was open when it was requested, in the order of ids.
    last_drift = models.BigIntegerField(default=0)
    tried_drift = models.BigIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(name="billings_one_open_run", fields=["kind"], condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class StrayProduct(models.Model):
    """A product in Stripe that no course sells by, as the last comparison saw it.

    An orphan names a course in its metadata; a foreign one does not.
    """

    class Handled(models.TextChoices):
        NO = ""
        NOT_OURS = "not_ours"  # staff said so
        ARCHIVED = "archived"  # by us, in Stripe

    account = models.CharField(max_length=255)
    livemode = models.BooleanField()
    stripe_id = models.CharField(max_length=255)
    name = models.TextField(blank=True)
    course_id = models.CharField(max_length=500, blank=True, help_text="As its metadata says; empty: foreign.")
    active = models.BooleanField()
    seen_at = models.DateTimeField()
    handled = models.CharField(max_length=10, choices=Handled, default=Handled.NO, blank=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billings_one_stray", fields=["account", "livemode", "stripe_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.name}"
