"""Amounts as values: money, and price specifications."""

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from billings.money.formatting import format_money

type Interval = Literal["month", "year"]  # None beside it means: paid once


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency: Money(4900, "usd") is $49.00, Money(500, "jpy") is ¥500."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an int in minor units, not {self.amount!r}")

    def __str__(self) -> str:
        return format_money(self)


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """The terms of a Stripe Price: an amount in minor units, paid once (interval None) or every month or year."""

    unit_amount: int
    currency: str
    interval: Interval | None = None

    @property
    def money(self) -> Money:
        return Money(self.unit_amount, self.currency)

    def __str__(self) -> str:
        if self.interval is None:
            return str(self.money)
        words = {"month": _("%(amount)s a month"), "year": _("%(amount)s a year")}
        return words[self.interval] % {"amount": self.money}
