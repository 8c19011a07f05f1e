"""A database for every run: a SQLite file, or a database in the available PostgreSQL server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tools.environments import files_in
from tools.testing.databases import new_postgresql_database, postgresql_answers

ENGINES = ("sqlite", "postgres")


@dataclass(frozen=True)
class Database:
    engine: str
    url: str

    def rows(self, query: str) -> list[Any]:
        """The rows of a query, executed without Django."""
        if self.engine == "postgres":
            with psycopg.connect(self.url) as connection:
                return connection.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as file:
            return file.execute(query).fetchall()

    def number(self, query: str) -> int:
        return int(self.rows(query)[0][0])


@contextmanager
def database(engine: str, folder: Path) -> Iterator[Database]:
    if engine == "sqlite":
        yield Database(engine, files_in(folder)["DATABASE_URL"])
        return
    with new_postgresql_database() as url:
        yield Database(engine, url)


def engines(wanted: str | None) -> list[str]:
    """The engines to measure: by default both, if available."""
    if wanted:
        return [wanted]
    return [engine for engine in ENGINES if engine == "sqlite" or postgresql_answers()]
