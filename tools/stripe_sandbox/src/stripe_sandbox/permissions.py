"""What restricted keys may do (docs.stripe.com/keys#limit-access), resource by resource.

The names are those of Stripe's errors ("Having the 'rak_…' permission would allow this request to continue"). The row
called Prices in the Dashboard is `plan` here, its older name. Which permission `GET /v1/account` needs is from errors
of 2025 and 2026; that the list of accounts needs the same one is our reading. Write includes read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"rak_[a-z_]+_(read|write)")
ACCOUNT = "rak_accounts_kyc_basic_read"
_RESOURCES: Mapping[str, str] = {"product": "product", "price": "plan", "event": "event", "webhook_endpoint": "webhook"}

READING = frozenset([ACCOUNT, *(f"rak_{name}_read" for name in _RESOURCES.values())])
EVERYTHING = READING | {f"rak_{name}_write" for name in ("product", "plan", "webhook")}


def reading(kind: str) -> str:
    """The permission needed to read objects of this kind."""
    return ACCOUNT if kind == "account" else f"rak_{_RESOURCES[kind]}_read"


def writing(kind: str) -> str:
    return f"rak_{_RESOURCES[kind]}_write"


def needed(method: str, kind: str) -> str:
    return reading(kind) if method == "GET" else writing(kind)


def allowing(permissions: frozenset[str]) -> frozenset[str]:
    """With the permissions they include: write includes read."""
    return permissions | {name.removesuffix("_write") + "_read" for name in permissions if name.endswith("_write")}


def read(value: object) -> frozenset[str]:
    """A list of names, or a comma-separated string. Raises ValueError for anything else."""
    names = re.findall(r"[^\s,]+", value) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) and _NAME.fullmatch(one) for one in names):
        raise ValueError
    return frozenset(names)
