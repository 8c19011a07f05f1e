# ruff: noqa: S608 - the tables in the SQL are named here
"""The account and mode that a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from stripe_sandbox.accounts import Realm
from stripe_sandbox.world import World


@dataclass(frozen=True, slots=True)
class Selection:
    """Every link and form on a page keeps the account and mode."""

    world: World
    realm: Realm

    @property
    def query(self) -> dict[str, str]:
        if self.realm == self.world.default:
            return {}
        return {"account": self.realm.account, "livemode": "true" if self.realm.livemode else "false"}

    def at(self, path: str, **query: str | int | None) -> str:
        given = {name: value for name, value in (query | self.query).items() if value not in (None, "")}
        return f"/_sandbox/{path}" + (f"?{urlencode(given)}" if given else "")

    def elsewhere(self) -> list[Selection]:
        """All other accounts and modes with objects or keys; the one of the start first."""
        tables = ("products", "prices", "events", "endpoints")
        # Looking a realm up numbers it, even if it is empty.
        filled = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE realm = realms.number)" for table in tables)
        rows = self.world.store.rows(f"SELECT account, livemode FROM realms WHERE {filled}")
        found = {Realm(account, bool(livemode)) for account, livemode in rows}
        found |= {key.realm for key in self.world.keyring.registered.values() if key}
        rest = sorted(found - {self.world.default}, key=lambda realm: (realm.account, realm.livemode))
        return [Selection(self.world, realm) for realm in [self.world.default, *rest] if realm != self.realm]
