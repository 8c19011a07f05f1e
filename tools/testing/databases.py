"""A temporary PostgreSQL database in the server at hand."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def postgresql_answers() -> bool:
    try:
        psycopg.connect(POSTGRESQL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def new_postgresql_database() -> Iterator[str]:
    """The URL of a database that exists as long as the context; raises psycopg.OperationalError without a server."""
    name = f"portal_{secrets.token_hex(8)}"
    _administer("CREATE DATABASE {}", name)
    try:
        yield urlunsplit(urlsplit(POSTGRESQL)._replace(path=f"/{name}"))
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, name: str) -> None:
    with psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=10) as server:
        server.execute(sql.SQL(statement).format(sql.Identifier(name)))
