"""The currencies Stripe charges in, with their minor units, steps and smallest charges (docs.stripe.com/currencies)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from billings.money.values import Money


class MoneyError(ValueError):
    """An amount that cannot be a price; `str()` explains it to the person who typed it."""

    readings: "tuple[Money, ...]" = ()
    """What may have been meant, to be offered beside the words; nothing is ever saved of it unasked."""


@dataclass(eq=False)
class UnknownCurrency(MoneyError):
    code: str

    def __str__(self) -> str:
        return _("Prices in the currency “%(code)s” cannot be sold here.") % {"code": self.code}


@dataclass(frozen=True, slots=True)
class Currency:
    """What Stripe says about one currency (docs.stripe.com/currencies)."""

    code: str
    """ISO 4217, lower case, as Stripe writes it."""
    decimals: int
    """10 to the power of this many minor units make one major unit: 0, 2 or 3."""
    step: int
    """An amount must be a multiple of this many minor units."""
    minimum: int | None
    """The smallest charge, in minor units. None: it depends on the currency of settlement, so unknown to us."""

    @property
    def whole(self) -> bool:
        """Whether only whole major units can be charged, whatever its decimals (JPY, but also ISK and UGX)."""
        return self.step % int(10**self.decimals) == 0


def _words(text: str) -> list[str]:
    return text.split()


_CODES = _words("""
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop
    crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod
    jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn
    nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb
    tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw
""")

_ZERO_DECIMAL = frozenset(_words("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"))

# The last of the three digits must be 0.
_THREE_DECIMAL = frozenset(_words("bhd jod kwd omr tnd"))

# Written with two decimals, which must be 00. (Not HUF and TWD: they have two decimals in charges; only payouts are in
# whole units.)
_TWO_DECIMALS_THAT_ARE_ZERO = frozenset({"isk", "ugx"})

# The minimum charge in minor units, by currency: 50 is 0.50 for USD, and 50 for JPY and KRW.
_MINIMUMS = {
    30: "gbp",
    50: "usd aud brl cad chf eur nzd sgd ars cop idr ils php rub zar inr jpy krw",
    200: "aed myr pln ron",
    250: "dkk",
    300: "nok sek",
    400: "hkd",
    1000: "mxn thb",
    1500: "czk",
    17500: "huf",
}
_MINIMUM_OF = {code: minimum for minimum, codes in _MINIMUMS.items() for code in _words(codes)}


def _make_currency(code: str) -> Currency:
    decimals, step = 2, 1
    if code in _ZERO_DECIMAL:
        decimals = 0
    elif code in _THREE_DECIMAL:
        decimals, step = 3, 10
    elif code in _TWO_DECIMALS_THAT_ARE_ZERO:
        step = 100
    return Currency(code, decimals, step, _MINIMUM_OF.get(code))


CURRENCIES: Mapping[str, Currency] = MappingProxyType({code: _make_currency(code) for code in _CODES})


def find_currency(code: str) -> Currency:
    try:
        return CURRENCIES[code]
    except KeyError:
        raise UnknownCurrency(code) from None
