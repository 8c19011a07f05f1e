"""API versions: a date, followed by a release's name (docs.stripe.com/api/versioning)."""

from __future__ import annotations

import functools
import re
from datetime import date

from stripe_sandbox.errors import ApiError

NEWEST = "2026-10-28.endive"
METERS = "2025-03-31.basil"  # since then metered usage requires a meter

_VERSION = re.compile(r"(\d{4})-(\d{2})-(\d{2})(\.[a-z]+)?(; ?\w+=v\d+)*")


def must_be_known(version: str | None) -> None:
    """400 for an unknown version: Kiln-AI/stripe_world, cassette 03 (2026-08-26), which has no page about the request.

    A date before the newest version must be that of a version: our reading. Previews and later ones are unknown here.
    """
    if version is None or version == NEWEST or is_known(version):
        return
    raise ApiError(400, f"Invalid Stripe API version: {version}", logged=False)


def is_known(version: str) -> bool:
    match = _VERSION.fullmatch(version)
    if match is None or not _is_a_date(match):
        return False
    plain = version.partition(";")[0]
    return plain in published() or match[4] == ".preview" or plain[:10] > NEWEST[:10]


@functools.cache
def published() -> frozenset[str]:
    """The versions the installed library names for webhook endpoints."""
    from stripe_sandbox.schema import shape_of

    return frozenset(shape_of("WebhookEndpointCreateParams").fields["api_version"].choices)


def is_before(version: str, other: str) -> bool:
    return version[:10] < other[:10]


def _is_a_date(match: re.Match[str]) -> bool:
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True
