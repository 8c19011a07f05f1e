"""Unusual changes of price, which need an explicit confirmation. Pure, for every caller.

Unusual is

- an amount more than `FACTOR` times the current one, or less than a fraction of that size, in the same currency.
  Monthly and yearly prices are compared over a year; a one-time price and a subscription by single payments, since
  nobody knows how long a subscriber stays;
- another currency, whatever the amount: without exchange rates the two cannot be compared, and "49" in the wrong row of
  a list is the commonest mistake of all;
- free, from or to, on a course that is published and stays so; and a course that goes on sale for nothing though it has
  a price. A draft's first price is not unusual.

A confirmation is bound to its change: `confirm` carries the change's `key` from a page. API clients, who confirm what
they have just sent themselves, may send "true".
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils.translation import gettext as _

from billings.money import PriceSpec

FACTOR = 5
YES = frozenset({"true", "yes", "on", "1"})
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class UnusualChange:
    """`old` and `new` in minor units; None: free."""

    old: PriceSpec | None
    new: PriceSpec | None

    @property
    def key(self) -> str:
        """Identifies this change in a page's confirmation."""
        return f"{key_of(self.old)}>{key_of(self.new)}"

    @property
    def yes(self) -> str:
        """The label of the button that confirms."""
        if self.new is None:
            return _("Yes, make it free")
        return _("Yes, change it to %(price)s") % {"price": self.new}

    def __str__(self) -> str:
        if self.old is None:
            return _("This course is free now; it would cost %(new)s.") % {"new": self.new}
        if self.new is None:
            return _("This course costs %(old)s now; it would be free.") % {"old": self.old}
        facts = {"new": self.new, "old": self.old}
        if self.old.currency != self.new.currency:
            return _("%(new)s is in another currency than the present price, %(old)s.") % facts
        return self._words_by_size() % {**facts, "share": _share(*_comparable(self.old, self.new))}

    def _words_by_size(self) -> str:
        assert self.old
        assert self.new
        old, new = _comparable(self.old, self.new)
        over_time = {self.old.interval, self.new.interval} == {"month", "year"}
        if new > old:
            if over_time:
                return _("Over a year, %(new)s is %(share)s times the present price, %(old)s.")
            return _("%(new)s is %(share)s times the present price, %(old)s.")
        if over_time:
            return _("Over a year, %(new)s is only %(share)s%% of the present price, %(old)s.")
        return _("%(new)s is only %(share)s%% of the present price, %(old)s.")


@dataclass
class Unconfirmed(Exception):
    """Nobody has confirmed the change; nothing was saved."""

    unusual_change: UnusualChange


def check(old: PriceSpec | None, new: PriceSpec | None, *, was_on_sale: bool, on_sale: bool, confirm: str) -> None:
    """Raises Unconfirmed if this change is unusual and `confirm` does not confirm it.

    Call it with the current price of the locked row. `was_on_sale` and `on_sale`: whether the course is published
    before and after the change.
    """
    unusual_change = find(old, new, was_on_sale=was_on_sale, on_sale=on_sale)
    if unusual_change and confirm != unusual_change.key and confirm.lower() not in YES:
        raise Unconfirmed(unusual_change)


def find(old: PriceSpec | None, new: PriceSpec | None, *, was_on_sale: bool, on_sale: bool) -> UnusualChange | None:
    """This change if it is unusual, otherwise None."""
    if old == new:
        return None
    if old is None:
        return UnusualChange(old, new) if was_on_sale and on_sale else None
    if new is None:
        return UnusualChange(old, new) if on_sale else None
    if old.currency != new.currency:
        return UnusualChange(old, new)
    before, after = _comparable(old, new)
    return UnusualChange(old, new) if max(before, after) > FACTOR * min(before, after) else None


def _comparable(old: PriceSpec, new: PriceSpec) -> tuple[int, int]:
    """Both amounts on the same basis, minor units."""
    if {old.interval, new.interval} == {"month", "year"}:
        return _a_year(old), _a_year(new)
    return old.unit_amount, new.unit_amount


def _a_year(price: PriceSpec) -> int:
    return price.unit_amount * (MONTHS_A_YEAR if price.interval == "month" else 1)


def _share(old: int, new: int) -> str:
    """`new` as a multiple of `old` or, if it is less, in percent; with two significant digits."""
    share = Decimal(new) / old if new > old else Decimal(new) * 100 / old
    last_place = min(max(share.adjusted() - 1, -1), 0) if share.adjusted() >= -1 else share.adjusted()
    return f"{share.quantize(Decimal(1).scaleb(last_place), ROUND_HALF_EVEN):f}".removesuffix(".0")


def key_of(price: PriceSpec | None) -> str:
    """A price as text for a hidden field; None: free."""
    return f"{price.unit_amount}-{price.currency}-{price.interval or 'one_time'}" if price else "free"
