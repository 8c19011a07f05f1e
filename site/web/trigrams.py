# ruff: noqa: S608, S611  # the names of tables are ours, and no parameter can stand for one
"""Indexes that find any part of a text: pg_trgm on PostgreSQL, an FTS5 table with triggers on SQLite.

An index is a `Trigrams`, made by the migration operation `AddTrigrams`. Where a later migration has SQLite make the
table again, its triggers are gone; so `restore` looks after them behind every `migrate`.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import Q
from django.db.models.expressions import RawSQL

logger = logging.getLogger(__name__)

# Fewer letters make no trigram.
SHORTEST = 3
NO_EXTENSION = (
    "PostgreSQL's extension pg_trgm could not be installed (%s), so that a search reads every course. "
    "Have somebody who may do so run these in this database: CREATE EXTENSION pg_trgm; %s;"
)


@dataclass(frozen=True, slots=True)
class Trigrams:
    """One index, of folded texts in `columns` of a `table` whose primary key is a UUID called id."""

    name: str
    table: str
    columns: tuple[str, ...]

    def contains(self, words: Iterable[str], *, vendor: str, scan: bool = False) -> Q:
        """Rows in which each of the words stands in one of the columns.

        `scan`: by looking at row after row, where so many have them that those are found soon.
        """
        found, indexed = Q(), []
        for word in words:
            if vendor == "sqlite" and len(word) >= SHORTEST and not scan:
                indexed.append(word)
            else:
                found &= Q(*((f"{column}__contains", word) for column in self.columns), _connector=Q.OR)
        if indexed:
            asked = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in indexed)
            ids = (
                f"SELECT r.id FROM {self.name} JOIN {self.name}_row r ON r.n = {self.name}.rowid"
                f" WHERE {self.name} MATCH %s"
            )
            found &= Q(pk__in=RawSQL(ids, [asked]))  # the name is ours
        return found

    def create(self, connection: Any) -> None:
        if connection.vendor == "postgresql":
            self._create_on_postgresql(connection)
        else:
            _run(connection, *self._tables(), *self._triggers())
            self._catch_up(connection)

    def drop(self, connection: Any) -> None:
        if connection.vendor == "postgresql":
            _run(connection, f"DROP INDEX IF EXISTS {self.name}")
        else:
            triggers = [f"DROP TRIGGER IF EXISTS {self.name}_{event}" for event in ("insert", "update", "delete")]
            _run(connection, *triggers, f"DROP TABLE IF EXISTS {self.name}", f"DROP TABLE IF EXISTS {self.name}_row")

    def restore(self, connection: Any) -> None:
        """Restore what a migration has taken away on SQLite. One query where there is nothing to do."""
        if connection.vendor != "sqlite":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT type FROM sqlite_master WHERE name = %s OR tbl_name = %s AND type = 'trigger'",
                           [self.name, self.table])  # fmt: skip
            kinds = [kind for (kind,) in cursor.fetchall()]
        if "table" in kinds and kinds.count("trigger") < len(self._triggers()):
            _run(connection, *self._triggers())
            self._catch_up(connection)

    def _create_on_postgresql(self, connection: Any) -> None:
        columns = ", ".join(f"{column} gin_trgm_ops" for column in self.columns)
        index = f"CREATE INDEX IF NOT EXISTS {self.name} ON {self.table} USING gin ({columns})"
        try:
            with transaction.atomic(using=connection.alias):
                _run(connection, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            logger.warning(NO_EXTENSION, str(error).strip().splitlines()[0], index)
        else:
            _run(connection, index)

    def _tables(self) -> tuple[str, ...]:
        columns = ", ".join(self.columns)
        # SQLite's own row numbers change when a table is vacuumed or made again: `_row` keeps ours.
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name}_row (n INTEGER PRIMARY KEY, id char(32) NOT NULL UNIQUE)",
            (
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {self.name} "
                f"USING fts5({columns}, tokenize='trigram case_sensitive 1')"
            ),
        )

    def _triggers(self) -> list[str]:
        names, new = ", ".join(self.columns), ", ".join(f"new.{column}" for column in self.columns)
        changed = " OR ".join(f"new.{column} IS NOT old.{column}" for column in self.columns)
        row = f"SELECT n FROM {self.name}_row WHERE id ="
        values = ", ".join(f"{column} = new.{column}" for column in self.columns)
        bodies = {
            "INSERT": f"INSERT INTO {self.name}_row (id) VALUES (new.id); "
            f"INSERT INTO {self.name} (rowid, {names}) VALUES (({row} new.id), {new});",
            f"UPDATE OF {names}": f"UPDATE {self.name} SET {values} WHERE rowid = ({row} new.id);",
            "DELETE": f"DELETE FROM {self.name} WHERE rowid = ({row} old.id); "
            f"DELETE FROM {self.name}_row WHERE id = old.id;",
        }
        return [
            f"CREATE TRIGGER IF NOT EXISTS {self.name}_{event.split()[0].lower()} AFTER {event} ON {self.table} "
            f"{f'WHEN {changed} ' if event.startswith('UPDATE') else ''}BEGIN {body} END"
            for event, body in bodies.items()
        ]

    def _catch_up(self, connection: Any) -> None:
        """Bring the FTS table to what the rows say, writing only what differs."""
        name, table, names = self.name, self.table, ", ".join(self.columns)
        differs = " OR ".join(f"f.{column} IS NOT t.{column}" for column in self.columns)
        texts = ", ".join(f"t.{column}" for column in self.columns)
        join = f"{table} t JOIN {name}_row r ON r.id = t.id LEFT JOIN {name} f ON f.rowid = r.n"
        _run(
            connection,
            f"DELETE FROM {name} WHERE rowid IN (SELECT n FROM {name}_row WHERE id NOT IN (SELECT id FROM {table}))",
            f"DELETE FROM {name}_row WHERE id NOT IN (SELECT id FROM {table})",
            f"INSERT INTO {name}_row (id) SELECT id FROM {table} WHERE id NOT IN (SELECT id FROM {name}_row)",
            f"INSERT OR REPLACE INTO {name} (rowid, {names}) SELECT r.n, {texts} FROM {join} "
            f"WHERE f.rowid IS NULL OR {differs}",
        )


class AddTrigrams(Operation):
    """Make the index and fill it; undone, it is gone."""

    reversible = True

    def __init__(self, trigrams: Trigrams) -> None:
        self.trigrams = trigrams

    def state_forwards(self, app_label: str, state: Any) -> None:
        """No model knows of it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.trigrams.create(schema_editor.connection)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.trigrams.drop(schema_editor.connection)

    def describe(self) -> str:
        return f"Make the trigram index {self.trigrams.name}"


def _run(connection: Any, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
