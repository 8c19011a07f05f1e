"""Slips of the finger in a price: what a price may not become without a second, explicit yes. Pure, for every caller.

Asked are

- another amount beyond a factor of `FACTOR` of the present one, either way, in the same currency. A month and a year
  are compared over the same time (a year is twelve months); a one-time price and a subscription by what one payment
  costs, since nobody knows how long a subscriber stays;
- another currency, whatever the amount: without exchange rates nobody can say how far the two are apart, and "49" in
  the wrong row of a list is the commonest slip of all;
- free, from or to, where buyers see it: on a course that is published and stays so; and a course that goes on sale
  for nothing though it has a price. A draft that gets its first price is what drafts are for.

The yes is bound to the change it was said to: `confirm` carries the slip's `key` from a page. API clients and scripts,
who say yes to what they have just written themselves, may send "true".
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils.translation import gettext as _

from billings.money import PriceSpec

FACTOR = 5
YES = frozenset({"true", "yes", "on", "1"})
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Slip:
    """A change of price that is asked about. `old` and `new` in minor units; None: free."""

    old: PriceSpec | None
    new: PriceSpec | None

    @property
    def key(self) -> str:
        """What a page's yes carries: this change and no other."""
        return f"{key_of(self.old)}>{key_of(self.new)}"

    @property
    def yes(self) -> str:
        """The words on the button."""
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
    """A slip that nobody said yes to; nothing was saved."""

    slip: Slip


def check(old: PriceSpec | None, new: PriceSpec | None, *, was_on_sale: bool, on_sale: bool, confirm: str) -> None:
    """Raises Unconfirmed where this change of price is asked about and `confirm` is not the yes to it.

    To be called with the price as it is in the database, locked. `was_on_sale` and `on_sale`: whether the course is
    published before and after the change.
    """
    slip = find(old, new, was_on_sale=was_on_sale, on_sale=on_sale)
    if slip and confirm != slip.key and confirm.lower() not in YES:
        raise Unconfirmed(slip)


def find(old: PriceSpec | None, new: PriceSpec | None, *, was_on_sale: bool, on_sale: bool) -> Slip | None:
    """The slip that this change of price may be; None where nothing is to be asked."""
    if old == new:
        return None
    if old is None:
        return Slip(old, new) if was_on_sale and on_sale else None
    if new is None:
        return Slip(old, new) if on_sale else None
    if old.currency != new.currency:
        return Slip(old, new)
    before, after = _comparable(old, new)
    return Slip(old, new) if max(before, after) > FACTOR * min(before, after) else None


def _comparable(old: PriceSpec, new: PriceSpec) -> tuple[int, int]:
    """Both amounts on the same basis, minor units."""
    if {old.interval, new.interval} == {"month", "year"}:
        return _a_year(old), _a_year(new)
    return old.unit_amount, new.unit_amount


def _a_year(price: PriceSpec) -> int:
    return price.unit_amount * (MONTHS_A_YEAR if price.interval == "month" else 1)


def _share(old: int, new: int) -> str:
    """How many times `old` is `new`; where it is less, how many percent of it. Two figures tell enough."""
    share = Decimal(new) / old if new > old else Decimal(new) * 100 / old
    last_place = min(max(share.adjusted() - 1, -1), 0) if share.adjusted() >= -1 else share.adjusted()
    return f"{share.quantize(Decimal(1).scaleb(last_place), ROUND_HALF_EVEN):f}".removesuffix(".0")


def key_of(price: PriceSpec | None) -> str:
    """A price as a form's hidden field carries it; None: free."""
    return f"{price.unit_amount}-{price.currency}-{price.interval or 'one_time'}" if price else "free"
