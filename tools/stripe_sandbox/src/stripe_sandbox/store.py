# ruff: noqa: S608 - table and column names in the SQL are constants, values are always parameters
"""Storage in one SQLite file (or in memory): objects as JSON, with the columns that lists filter by.

One connection, used by one thread; every request is one transaction, committed before the response, so that what was
answered survives a SIGKILL. The file is locked: a second sandbox on it fails to start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stripe_sandbox.accounts import Realm
from stripe_sandbox.shapes import Json

KEPT = 100_000  # events and calls

TABLES = """
CREATE TABLE IF NOT EXISTS realms (
  number INTEGER PRIMARY KEY, account TEXT, livemode INTEGER, UNIQUE (account, livemode));
CREATE TABLE IF NOT EXISTS products (
  seq INTEGER PRIMARY KEY, realm INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  created INTEGER, active INTEGER, type TEXT, shippable INTEGER, url TEXT, name TEXT, UNIQUE (realm, id));
CREATE INDEX IF NOT EXISTS products_realm ON products (realm);
CREATE INDEX IF NOT EXISTS products_active ON products (realm, active);
CREATE TABLE IF NOT EXISTS prices (
  seq INTEGER PRIMARY KEY, realm INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  created INTEGER, active INTEGER, product TEXT, currency TEXT, type TEXT, interval TEXT, usage_type TEXT,
  lookup_key TEXT, UNIQUE (realm, id));
CREATE INDEX IF NOT EXISTS prices_realm ON prices (realm);
CREATE INDEX IF NOT EXISTS prices_active ON prices (realm, active);
CREATE INDEX IF NOT EXISTS prices_product ON prices (realm, product, active);
CREATE INDEX IF NOT EXISTS prices_lookup_key ON prices (realm, lookup_key) WHERE lookup_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, realm INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  created INTEGER, type TEXT, undelivered INTEGER NOT NULL DEFAULT 0, UNIQUE (realm, id));
CREATE INDEX IF NOT EXISTS events_realm ON events (realm);
CREATE INDEX IF NOT EXISTS events_undelivered ON events (realm) WHERE undelivered > 0;
CREATE TABLE IF NOT EXISTS endpoints (
  seq INTEGER PRIMARY KEY, realm INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  secrets TEXT, UNIQUE (realm, id));
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY, realm INTEGER NOT NULL, event TEXT NOT NULL, type TEXT, endpoint TEXT NOT NULL,
  due REAL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, answer TEXT, faults TEXT);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS answers (
  realm INTEGER NOT NULL, key TEXT NOT NULL, request TEXT, status INTEGER, body TEXT, request_id TEXT,
  created INTEGER, PRIMARY KEY (realm, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_created ON answers (created);
CREATE TABLE IF NOT EXISTS deleted (realm INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (realm, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

type Condition = tuple[str, Sequence[object]]
"""A piece of SQL written here, and the values for its question marks."""


class BadState(Exception):
    """The state file cannot be used: locked by another sandbox, not a state file, or not writable."""


def dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _folded(value: object) -> str | None:
    """For case-insensitive comparison."""
    return None if value is None else str(value).casefold()


class Store:
    def __init__(self, path: str | None) -> None:
        try:
            self.db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0.2)
            self.db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            self.db.executescript(TABLES)
            self.db.create_function("fold", 1, _folded, deterministic=True)
        except sqlite3.DatabaseError as error:
            raise BadState(path) from error
        self._realms: dict[Realm, int] = {}
        self._depth = 0
        self.products = Shelf(self, "products", _product_columns)
        self.prices = Shelf(self, "prices", _price_columns)
        self.events = Shelf(self, "events", lambda event: {"created": event["created"], "type": event["type"]})
        self.endpoints = Shelf(self, "endpoints", lambda endpoint: {})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested ones are savepoints."""
        mark = f"level{self._depth}"
        self.db.execute(f"SAVEPOINT {mark}" if self._depth else "BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self._realms.clear()  # a new one was rolled back with the rest
            self.db.execute(f"ROLLBACK TO {mark}" if self._depth else "ROLLBACK")
            raise
        self._depth -= 1
        self.db.execute(f"RELEASE {mark}" if self._depth else "COMMIT")

    def number(self, realm: Realm) -> int:
        """A small number for an account and mode, which keeps rows and indices small."""
        if realm not in self._realms:
            place = (realm.account, realm.livemode)
            self.db.execute("INSERT OR IGNORE INTO realms (account, livemode) VALUES (?, ?)", place)
            row = self.db.execute("SELECT number FROM realms WHERE account = ? AND livemode = ?", place).fetchone()
            self._realms[realm] = row[0]
        return self._realms[realm]

    def realms(self) -> dict[int, Realm]:
        return {row[0]: Realm(row[1], bool(row[2])) for row in self.db.execute("SELECT * FROM realms")}

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[object] = ()) -> Any:
        return self.db.execute(sql, values).fetchone()

    def setting(self, name: str) -> Any:
        row = self.one("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(row[0]) if row else None

    def set(self, name: str, value: object) -> None:
        self.db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, dump(value)))

    def clear(self) -> None:
        """Delete every object, event, call and key; settings stay."""
        with self.transaction():
            for table in ("products", "prices", "events", "endpoints", "deliveries", "answers", "deleted", "calls"):
                self.db.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self.db.close()


class Shelf:
    """Objects of one kind, in the order of their creation."""

    def __init__(self, store: Store, table: str, columns: Callable[[Json], Json]) -> None:
        self.store, self.table, self.columns = store, table, columns

    def get(self, realm: Realm, object_id: str) -> Json | None:
        where = (self.store.number(realm), object_id)
        row = self.store.one(f"SELECT body FROM {self.table} WHERE realm = ? AND id = ?", where)
        return json.loads(row[0]) if row else None

    def add(self, realm: Realm, body: Json) -> int:
        """Returns its place in the order."""
        return self.add_all(realm, [body])

    def add_all(self, realm: Realm, bodies: Iterable[Json]) -> int:
        """Returns the place of the first."""
        number = self.store.number(realm)
        rows = ({"realm": number, "id": body["id"], "body": dump(body)} | self.columns(body) for body in bodies)
        first = next(rows, None)
        if first is None:
            return 0
        marks = ", ".join(f":{name}" for name in first)
        sql = f"INSERT INTO {self.table} ({', '.join(first)}) VALUES ({marks})"
        place: int = self.store.db.execute(sql, first).lastrowid or 0
        self.store.db.executemany(sql, rows)
        return place

    def save(self, realm: Realm, body: Json) -> None:
        values = {"body": dump(body)} | self.columns(body)
        changes = ", ".join(f"{name} = :{name}" for name in values)
        where = {"realm": self.store.number(realm), "id": body["id"]}
        self.store.db.execute(f"UPDATE {self.table} SET {changes} WHERE realm = :realm AND id = :id", values | where)

    def remove(self, realm: Realm, object_id: str) -> None:
        where = (self.store.number(realm), object_id)
        self.store.db.execute(f"DELETE FROM {self.table} WHERE realm = ? AND id = ?", where)

    def position(self, realm: Realm, object_id: str) -> int | None:
        where = (self.store.number(realm), object_id)
        row = self.store.one(f"SELECT seq FROM {self.table} WHERE realm = ? AND id = ?", where)
        return row[0] if row else None

    def find(
        self,
        realm: Realm,
        conditions: Iterable[Condition] = (),
        *,
        limit: int | None = None,
        oldest_first: bool = False,
    ) -> list[Json]:
        """Newest first by default."""
        pieces = [("realm = ?", (self.store.number(realm),)), *conditions]
        where = " AND ".join(sql for sql, _ in pieces)
        order = "seq" if oldest_first else "seq DESC"
        values = [value for _, some in pieces for value in some]
        sql = f"SELECT body FROM {self.table} WHERE {where} ORDER BY {order} LIMIT ?"
        return [json.loads(row[0]) for row in self.store.rows(sql, [*values, -1 if limit is None else limit])]

    def count(self, realm: Realm, conditions: Iterable[Condition] = ()) -> int:
        pieces = [("realm = ?", (self.store.number(realm),)), *conditions]
        where = " AND ".join(sql for sql, _ in pieces)
        values = [value for _, some in pieces for value in some]
        return int(self.store.one(f"SELECT count(*) FROM {self.table} WHERE {where}", values)[0])


def _product_columns(product: Json) -> Json:
    return {name: product[name] for name in ("created", "active", "type", "shippable", "url", "name")}


def _price_columns(price: Json) -> Json:
    recurring = price["recurring"] or {"interval": None, "usage_type": None}
    names = ("created", "active", "product", "currency", "type", "lookup_key")
    return {name: price[name] for name in names} | {name: recurring[name] for name in ("interval", "usage_type")}
