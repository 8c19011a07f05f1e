# ruff: noqa: S608 - the tables in the SQL are named here
"""What every page for people has: a head, the way to the others, and whose things it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from stripe_sandbox.accounts import Realm
from stripe_sandbox.html import Child, Html, el, form, hidden, join
from stripe_sandbox.world import World

PLACES = {
    "": "Catalogue",
    "pages/calls": "Calls",
    "pages/faults": "Faults",
    "pages/webhooks": "Webhooks",
    "pages/clock": "Clock",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The account and mode a page shows: every link and form on it leads to the same ones."""

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

    def form(self, path: str, *children: Child, button: str, quiet: bool = False) -> Html:
        return form(self.at(path), *children, button=button, quiet=quiet)

    def hidden(self) -> Html:
        """For forms that only look for something: a browser drops the query of their address."""
        return join(*(hidden(name, value) for name, value in self.query.items()))

    def others(self) -> list[Realm]:
        """Every account and mode there is something in, or a key for; the one of the start first."""
        tables = ("products", "prices", "events", "endpoints")
        # A realm is numbered when somebody looks for it, also when there is nothing in it.
        filled = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE realm = realms.number)" for table in tables)
        rows = self.world.store.rows(f"SELECT account, livemode FROM realms WHERE {filled}")
        found = {Realm(account, bool(livemode)) for account, livemode in rows}
        found |= {key.realm for key in self.world.keyring.registered.values() if key}
        rest = sorted(found - {self.world.default}, key=lambda realm: (realm.account, realm.livemode))
        return [self.world.default, *rest]


def whole(shown: Shown, title: str, place: str | None, *content: Child, script: str | None = None) -> str:
    """`place` is the page's own in the navigation; None: it has none."""
    links = (
        el("a", name, href=shown.at(path), aria_current="page" if path == place else None)
        for path, name in PLACES.items()
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · Stripe sandbox"),
        el("link", rel="stylesheet", href="/_sandbox/style.css"),
        el("link", rel="icon", href="data:,"),
        el("script", src=script, defer=True) if script else None,
    )
    top = el(
        "header",
        el("strong", "Stripe sandbox"),
        el("nav", *links, aria_label="Sandbox"),
        _account(shown, place or ""),
    )
    return "<!doctype html>" + el("html", head, el("body", top, el("main", el("h1", title), *content)), lang="en")


def _account(shown: Shown, place: str) -> Html:
    """Whose things are shown, and where there are more accounts or modes the way to theirs."""
    others = [realm for realm in shown.others() if realm != shown.realm]
    if not others:
        return el("span", named(shown.realm), class_="soft account")
    links = (el("li", el("a", named(realm), href=Shown(shown.world, realm).at(place))) for realm in others)
    return el(
        "details", el("summary", named(shown.realm)), el("p", "Show instead:"), el("ul", *links), class_="account"
    )


def named(realm: Realm) -> str:
    return f"{realm.account} · {realm.mode} mode"


def moment(seconds: float) -> str:
    """A date and time in UTC. A clock can be moved to where no calendar goes, and its page must show that as well."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"second {seconds:,.0f} since 1970"


def hour(seconds: float) -> str:
    return moment(seconds).removeprefix(f"{moment(seconds)[:10]} ")
