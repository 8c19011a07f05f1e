"""Why a text is not a price: facts in the fields, messages in `__str__`."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billings.money.currencies import MoneyError, find_currency
from billings.money.formatting import currency_name, plural_name
from billings.money.values import Money


@dataclass(eq=False)
class NotAnAmount(MoneyError):
    text: str

    def __str__(self) -> str:
        return _("This is not an amount. Write a number, such as 49.")


@dataclass(eq=False)
class AmbiguousAmount(MoneyError):
    """The text has these readings, and nothing decides between them; a single one is likely, but not certain."""

    text: str
    readings: tuple[Money, ...]

    def __str__(self) -> str:
        first, *others = self.readings
        if not others:
            return _("Did you mean %(amount)s?") % {"amount": first}
        return _("Did you mean %(first)s or %(second)s?") % {"first": first, "second": others[0]}


@dataclass(eq=False)
class TooManyDecimals(MoneyError):
    text: str
    currency: str
    readings: tuple[Money, ...] = ()

    def __str__(self) -> str:
        return " ".join([self._rule(), *(_("Did you mean %(amount)s?") % {"amount": it} for it in self.readings)])

    def _rule(self) -> str:
        decimals = find_currency(self.currency).decimals
        words = {"currency": plural_name(self.currency), "count": decimals}
        if decimals == 0:
            return _("An amount in %(currency)s has no decimals.") % words
        return (
            ngettext(
                "An amount in %(currency)s has at most %(count)d decimal.",
                "An amount in %(currency)s has at most %(count)d decimals.",
                decimals,
            )
            % words
        )


@dataclass(eq=False)
class Negative(MoneyError):
    text: str

    def __str__(self) -> str:
        return _("A price cannot be negative.")


@dataclass(eq=False)
class AmountTooSmall(MoneyError):
    given: Money
    minimum: Money

    def __str__(self) -> str:
        return _("%(minimum)s is the smallest price that can be charged in %(currency)s.") % {
            "minimum": self.minimum,
            "currency": plural_name(self.minimum.currency),
        }


@dataclass(eq=False)
class AmountTooLarge(MoneyError):
    given: Money
    maximum: Money

    def __str__(self) -> str:
        return _("%(maximum)s is the largest price that can be charged in %(currency)s.") % {
            "maximum": self.maximum,
            "currency": plural_name(self.maximum.currency),
        }


@dataclass(eq=False)
class WrongStep(MoneyError):
    given: Money
    below: Money
    above: Money

    def __str__(self) -> str:
        return _("%(given)s cannot be charged exactly; %(below)s and %(above)s can.") % {
            "given": self.given,
            "below": self.below,
            "above": self.above,
        }


@dataclass(eq=False)
class CurrencyMismatch(MoneyError):
    """The sign or code typed beside the amount is of another currency than the chosen one."""

    text: str
    typed: str
    chosen: str

    def __str__(self) -> str:
        return _("The amount says “%(typed)s”, but the chosen currency is %(chosen)s (%(code)s).") % {
            "typed": self.typed,
            "chosen": currency_name(self.chosen),
            "code": self.chosen.upper(),
        }
