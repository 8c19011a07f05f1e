"""What can be charged: minimum, maximum, and steps."""

from django.utils.translation import gettext as _

from billings.money.currencies import find_currency
from billings.money.errors import AmountTooLarge, AmountTooSmall, WrongStep
from billings.money.formatting import plural_name
from billings.money.values import Money

MAX_UNIT_AMOUNT = 999_999_999_999  # minor units; a card charge has 12 digits at most
CAUTION_UNIT_AMOUNT = 99_999_999  # minor units; some payment methods reject more than 8 digits


def check_limits(money: Money) -> None:
    """Reject what Stripe would accept as a Price but not charge. Zero is fine: free courses are not in Stripe.

    Raises AmountTooSmall (also for negative amounts), AmountTooLarge or WrongStep.
    """
    currency = find_currency(money.currency)
    smallest = max(currency.minimum or 1, currency.step)
    largest = _largest_up_to(MAX_UNIT_AMOUNT, money.currency)
    if money.amount > largest.amount:
        raise AmountTooLarge(money, largest)
    if money.amount != 0 and money.amount < smallest:
        raise AmountTooSmall(money, Money(smallest, money.currency))
    past = money.amount % currency.step
    if past:
        below = money.amount - past
        raise WrongStep(money, Money(below, money.currency), Money(below + currency.step, money.currency))


def _largest_up_to(limit: int, code: str) -> Money:
    return Money(limit - limit % find_currency(code).step, code)


def caution(money: Money) -> str | None:
    """A warning for an amount that is allowed but may fail at payment; None if there is none."""
    if money.amount > CAUTION_UNIT_AMOUNT:
        limit = _largest_up_to(CAUTION_UNIT_AMOUNT, money.currency)
        return _("This is a large amount: some ways to pay take no more than %(limit)s.") % {"limit": limit}
    if money.amount > 0 and find_currency(money.currency).minimum is None:
        return _("Stripe takes no less than about 0.50 US dollars; what that is in %(currency)s is not known here.") % {
            "currency": plural_name(money.currency)
        }
    return None
