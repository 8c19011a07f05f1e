"""The form fields of a price, validated in one place for all forms."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext, to_locale
from django.utils.translation import gettext_lazy as _

from billings import money
from billings.models import BillingProduct, PriceChange
from billings.money import Money, MoneyError, PriceSpec
from billings.prices import number_locale, repricing
from billings.prices.unusual_changes import UnusualChange
from web.widgets import Select

INTERVALS: dict[str, money.Interval | None] = {"one_time": None, "month": "month", "year": "year"}
PRICE_FIELDS = frozenset({"price", "currency", "billing_interval"})
PRICE_DEFAULTS = {"currency": "usd", "billing_interval": "one_time"}
COMMON_CURRENCIES = ("usd", "eur", "gbp", "cad", "aud", "chf", "jpy", "inr", "brl", "mxn")
REASON_LENGTH = PriceChange._meta.get_field("reason").max_length


def reading_locale() -> str:
    """The locale of the reader's numbers, in which fields are filled and parsed."""
    return number_locale.current()


def page_locale() -> str:
    """The locale of the page's language, for sentences and labels."""
    return to_locale(get_language() or "en")


@lru_cache(maxsize=8)
def currency_choices(locale: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every currency once, the most used ones first."""
    named = {code: f"{code.upper()} – {money.currency_name(code, locale)}" for code in money.CURRENCIES}
    common = [(code, named.pop(code)) for code in COMMON_CURRENCIES]
    return [(gettext("Often used"), common), (gettext("All others"), list(named.items()))]


def price_texts(product: BillingProduct, locale: str) -> dict[str, str]:
    """The price as values of a form's fields."""
    price = product.price
    return {
        "price": "" if price is None else money.format_amount(price.money, locale),
        "currency": product.desired_currency,
        "billing_interval": product.desired_interval or "one_time",
    }


def with_reading(data: Mapping[str, str]) -> Mapping[str, str]:
    """The data with the amount that was picked for an ambiguous one."""
    return {**data, "price": data["price_reading"]} if data.get("price_reading") else data


def keep_what_was_sent(form: forms.Form, name: str) -> None:
    """Keep an invalid choice selected beside its message, instead of showing the first of the list."""
    field, sent = form.fields[name], str(form[name].value() or "")
    if form.is_bound and sent and not field.valid_value(sent):  # type: ignore[attr-defined]  # a ChoiceField
        field.widget.choices = [(sent, sent), *field.widget.choices]


def _price_note(price: PriceSpec) -> str:
    """The price as it was understood, shown beside its field."""
    words = {
        None: gettext("Buyers pay %(amount)s once."),
        "month": gettext("Buyers pay %(amount)s every month."),
        "year": gettext("Buyers pay %(amount)s every year."),
    }
    return words[price.interval] % {"amount": price.money}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of an ambiguous amount: the text of its button, and its unambiguous notation."""

    words: str
    text: str


class CurrencyField(forms.ChoiceField):
    """A currency code that we sell in, in either case."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).strip().lower()

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.to_python(super().bound_data(data, initial))


class FieldWithNote(forms.BoundField):
    form: "PriceFields"

    @property
    def note(self) -> str:
        """What the form understood, or a warning; empty for most fields."""
        return self.form.notes.get(self.name, "")

    @property
    def rejection(self) -> str:
        """Why Stripe rejected the field's value; empty for most fields."""
        return self.form.rejections.get(self.name, "")

    @property
    def readings(self) -> list[Reading]:
        """The readings of an ambiguous amount."""
        return [Reading(str(amount), money.format_amount(amount, self.form.locale)) for amount in self.form.readings]

    @property
    def limit(self) -> int | None:
        """The maximum length of fields for long text; None for most fields."""
        return getattr(self.field, "max_length", None) if self.name in self.form.counted else None

    @property
    def sign(self) -> str:
        """The sign of the chosen currency, shown beside the amount."""
        chosen = self.form["currency"].value() or PRICE_DEFAULTS["currency"]
        return money.currency_symbol(str(chosen), page_locale())


class PriceFields(forms.Form):
    """Amount, currency and interval. Once valid, `price_spec` is the price (None: free) and `notes` describe it."""

    bound_field_class = FieldWithNote
    counted: frozenset[str] = frozenset()

    price = forms.CharField(
        label=_("Price"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("Leave it empty for a free course."),
    )
    currency = CurrencyField(
        label=_("Currency"), required=False, widget=Select, choices=lambda: currency_choices(page_locale())
    )
    billing_interval = forms.ChoiceField(
        label=_("Billing"),
        required=False,
        widget=Select,
        choices=[("one_time", _("One-time")), ("month", _("Monthly")), ("year", _("Yearly"))],
    )

    confirm = forms.CharField(label=_("Confirmation"), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, locale: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale = locale or reading_locale()
        self.unusual_change: UnusualChange | None = None
        self.confirm_url = ""
        self.notes: dict[str, str] = {}
        self.rejections: dict[str, str] = {}
        self.readings: tuple[Money, ...] = ()
        self.price_spec: PriceSpec | None = None
        for name in ("currency", "billing_interval"):
            keep_what_was_sent(self, name)

    def ask(self, unusual_change: UnusualChange, *, address: str = "") -> Self:
        """The same form with a question whether this change of price is intended; the confirmation goes to
        `address`."""
        self.is_valid()
        self.unusual_change, self.confirm_url = unusual_change, address
        self.add_error("price", str(unusual_change))
        self.add_error("confirm", gettext("Confirm the change, or correct the price."))
        return self

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"] or PRICE_DEFAULTS["currency"]

    def clean_billing_interval(self) -> str:
        return self.cleaned_data["billing_interval"] or PRICE_DEFAULTS["billing_interval"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.keys() >= PRICE_FIELDS:
            self._validate_price(**{name: self.cleaned_data[name] for name in PRICE_FIELDS})
        return self.cleaned_data

    def _validate_price(self, *, price: str, currency: str, billing_interval: str) -> None:
        try:
            amount = money.parse_amount(price, currency, self.locale) if price else Money(0, currency)
            money.check_limits(amount)
        except MoneyError as error:
            self.readings = error.readings
            self.add_error("price", str(error))
            return
        if amount.amount == 0:
            self.notes["price"] = gettext("Free.")
            return
        self.price_spec = PriceSpec(amount.amount, currency, INTERVALS[billing_interval])
        self.notes["price"] = " ".join(filter(None, [_price_note(self.price_spec), money.caution(amount)]))

    def errors_as_json(self) -> dict[str, Any]:
        """Why nothing was saved; and both amounts, if the one sent is ambiguous."""
        answer: dict[str, Any] = {"errors": self.errors}
        if self.readings:
            answer["readings"] = {"price": [money.decimal_string(amount) for amount in self.readings]}
        return answer


class PriceChangeForm(PriceFields):
    """A price change by staff, with the reason for the audit."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        error_messages={
            "required": _("Enter a reason."),
            "max_length": _("Shorten the reason: %(show_value)d of %(limit_value)d characters."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The teacher reads it in the price history."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, product: BillingProduct, **kwargs: Any) -> None:
        # Several rows of a page may be open at once: ids differ, names do not.
        super().__init__(*args, auto_id=f"price-{product.course_id}-%s", **kwargs)
        self.product = product
        # An empty currency or interval must not reset a price to the default.
        self.fields["currency"].required = self.fields["billing_interval"].required = True
        for bound in self.visible_fields():
            self._wire(bound)

    @classmethod
    def showing(cls, product: BillingProduct) -> Self:
        return cls(
            product=product, initial=price_texts(product, reading_locale()) | {"version": repricing.token(product)}
        )

    @classmethod
    def sent(cls, data: Mapping[str, str], product: BillingProduct, *, locale: str | None = None) -> Self:
        """The form as sent; an absent field of the price stays unchanged."""
        present = {name: value for name, value in with_reading(data).items() if name in cls.base_fields}
        before = price_texts(product, locale or reading_locale())
        return cls(before | present, product=product, locale=locale)

    def clean_reason(self) -> str:
        reason = " ".join(self.cleaned_data["reason"].split())
        if reason and all(unicodedata.category(character)[0] in "CZ" for character in reason):
            raise ValidationError(self.fields["reason"].error_messages["required"], code="required")
        return reason

    @property
    def price_is_valid(self) -> bool:
        """Whether the price is valid; the reason may still be missing."""
        return not PRICE_FIELDS & self.errors.keys()

    @property
    def validated(self) -> list[forms.BoundField]:
        return [self["price"], self["currency"], self["billing_interval"]]

    def _wire(self, bound: forms.BoundField) -> None:
        """Connect every field with its messages (`aria-describedby`); none truncates a paste silently."""
        attrs = bound.field.widget.attrs
        attrs.pop("maxlength", None)
        parts = ["helptext"] if bound.field.help_text else []
        parts += ["note", "error"] if bound.name == "price" else ["error"]
        attrs["aria-describedby"] = " ".join(f"{bound.auto_id}_{part}" for part in parts)
        if bound.name == "reason":
            attrs["list"] = f"{bound.auto_id}_list"
        attrs["class"] = "form-select" if isinstance(bound.field, forms.ChoiceField) else "form-control"
