"""Identifiers that look like Stripe's: a prefix, then letters and digits."""

import random
import string
from collections.abc import Callable

ALPHABET = string.ascii_letters + string.digits
_random = random.SystemRandom()
_fast = random.Random(_random.getrandbits(128))


def _maker(prefix: str, length: int) -> Callable[[], str]:
    return lambda: prefix + "".join(_fast.choices(ALPHABET, k=length))


product_id = _maker("prod_", 14)
price_id = _maker("price_1", 23)
event_id = _maker("evt_1", 23)
endpoint_id = _maker("we_1", 23)
_destination = _maker("", 24)
request_id = _maker("req_", 14)


def destination_id(mode: str) -> str:
    return f"ed_{mode}_{_destination()}"


def webhook_secret() -> str:
    return "whsec_" + "".join(_random.choices(ALPHABET, k=32))
