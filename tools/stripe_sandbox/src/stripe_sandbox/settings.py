"""Settings that can change while the sandbox runs (`POST /_sandbox/settings`), stored with the state."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from stripe_sandbox.control_bodies import LONGEST, BadBody
from stripe_sandbox.shapes import Json


class BadSetting(BadBody):
    """A setting is invalid; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    rate_limit_total: int | None = None  # requests per second of an account and mode; Stripe: 25 in test mode, 100 live
    rate_limit_endpoint: int | None = None  # requests per second of a method and path; Stripe: 25
    deleted_ids: Literal["free", "taken"] = "free"  # can the id of a deleted product be reused? Not documented
    refused_currencies: list[str] = field(default_factory=list)  # which ones depends on an account's country
    unknown_tax_codes: list[str] = field(default_factory=list)  # of the right shape, and not on Stripe's list of them
    search_delay: float = 0.0  # seconds that searches are behind; Stripe: about a minute
    webhook_retries: list[float] = field(default_factory=lambda: [2, 10, 60, 600, 3600, 21600, 43200, 86400, 86400])
    webhook_timeout: float = 10.0

    @classmethod
    def stored(cls, body: Json) -> Settings:
        """The settings of a state file, which may be older or newer than this version."""
        return cls(**{one.name: body[one.name] for one in fields(cls) if one.name in body})

    def changed(self, body: Json) -> Settings:
        known = {one.name for one in fields(self)}
        for name, value in body.items():
            if name not in known:
                raise BadSetting(f"There is no setting {name!r}; there are {', '.join(sorted(known))}.")
            if not _fits(name, value):
                raise BadSetting(f"{name} cannot be {value!r}.")
        if "refused_currencies" in body:
            body = body | {"refused_currencies": [code.lower() for code in body["refused_currencies"]]}
        return replace(self, **body)

    def as_json(self) -> Json:
        return asdict(self)


def _fits(name: str, value: Any) -> bool:
    match name:
        case "rate_limit_total" | "rate_limit_endpoint":
            return value is None or (type(value) is int and value > 0)
        case "deleted_ids":
            return value in ("free", "taken")
        case "refused_currencies" | "unknown_tax_codes":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "webhook_retries":
            return isinstance(value, list) and all(_lasts(one) for one in value)
        case "search_delay":
            return _lasts(value)
        case _:
            return _lasts(value) and value > 0


def _lasts(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LONGEST
