"""Money: currencies, minor units, limits, parsing and formatting.

An amount is an `int` in the currency's minor unit (cents for USD, yen for JPY) with the currency's lower-case code;
floats are never used. What Stripe accepts is from docs.stripe.com/currencies.
"""

from billings.money.currencies import CURRENCIES, Currency, MoneyError, UnknownCurrency
from billings.money.errors import (
    AmbiguousAmount,
    AmountTooLarge,
    AmountTooSmall,
    CurrencyMismatch,
    Negative,
    NotAnAmount,
    TooManyDecimals,
    WrongStep,
)
from billings.money.formatting import (
    DEFAULT_LOCALE,
    UNKNOWN_LOCALE,
    currency_name,
    currency_symbol,
    decimal_string,
    format_amount,
    format_money,
    to_decimal,
)
from billings.money.limits import CAUTION_UNIT_AMOUNT, MAX_UNIT_AMOUNT, caution, check_limits
from billings.money.parsing import parse_amount
from billings.money.values import Interval, Money, PriceSpec

__all__ = [
    "CAUTION_UNIT_AMOUNT",
    "CURRENCIES",
    "DEFAULT_LOCALE",
    "MAX_UNIT_AMOUNT",
    "UNKNOWN_LOCALE",
    "AmbiguousAmount",
    "AmountTooLarge",
    "AmountTooSmall",
    "Currency",
    "CurrencyMismatch",
    "Interval",
    "Money",
    "MoneyError",
    "Negative",
    "NotAnAmount",
    "PriceSpec",
    "TooManyDecimals",
    "UnknownCurrency",
    "WrongStep",
    "caution",
    "check_limits",
    "currency_name",
    "currency_symbol",
    "decimal_string",
    "format_amount",
    "format_money",
    "parse_amount",
    "to_decimal",
]
