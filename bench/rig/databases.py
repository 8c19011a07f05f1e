"""A database of its own for every run: a SQLite file, or a database in the PostgreSQL server that is there."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ADMIN_URL = os.environ.get("BENCH_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
ENGINES = ("sqlite", "postgres")


@dataclass(frozen=True)
class Database:
    engine: str
    url: str

    def rows(self, query: str) -> list[Any]:
        """What a query finds, asked past Django."""
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
        yield Database(engine, f"sqlite:///{folder / 'db.sqlite3'}")
        return
    name = f"bench_{secrets.token_hex(6)}"
    _administer("CREATE DATABASE {}", name)
    try:
        yield Database(engine, urlunsplit(urlsplit(ADMIN_URL)._replace(path=f"/{name}")))
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, name: str) -> None:
    with psycopg.connect(ADMIN_URL, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def postgres_is_there() -> bool:
    try:
        psycopg.connect(ADMIN_URL, connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def engines(wanted: str | None) -> list[str]:
    """Those to measure; by default both, as far as they are there."""
    if wanted:
        return [wanted]
    return [engine for engine in ENGINES if engine == "sqlite" or postgres_is_there()]
