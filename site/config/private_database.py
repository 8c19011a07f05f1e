"""SQLite's files are for the portal's own user alone: they hold sessions, and whose account is whose."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

OWNER_ONLY = 0o600
# SQLite gives its log and its index the rights of the database, unless they were there before.
SUFFIXES = ("", "-wal", "-shm")


class PrivateConnection(sqlite3.Connection):
    """A connection (`sqlite3.connect(factory=…)`) that takes the rights of all others away before it opens the file.

    It serves no more once that file is deleted, or another one is in its place, such as a backup: what is written into
    a file without a name is lost with the process.
    """

    def __init__(self, database: str | Path, *args: Any, **kwargs: Any) -> None:
        in_memory = str(database).startswith(("file:", ":memory:"))
        self._file = None if in_memory else Path(database)
        if self._file:
            make_private(self._file)
        super().__init__(database, *args, **kwargs)
        self._opened = _identity(self._file)

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        if _identity(self._file) != self._opened:
            raise sqlite3.OperationalError("the database's file was moved away or replaced")
        return super().cursor(factory)


def _identity(file: Path | None) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = file.stat() if file else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def make_private(database: Path) -> None:
    """The file is made here where there is none, so that it is private from its first moment on, whatever the umask.

    One that is there is never opened: closing it again would end the locks that SQLite has on it in this process
    (https://www.sqlite.org/howtocorrupt.html), and another process would then remove the log from under it.
    """
    with suppress(OSError):  # it is there already; or who may not make it is told by SQLite
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, OWNER_ONLY))
    for suffix in SUFFIXES:
        file = Path(f"{database}{suffix}")
        with suppress(
            FileNotFoundError, PermissionError
        ):  # of another user's file only that user can change the rights
            if file.stat().st_mode & 0o077:
                file.chmod(OWNER_ONLY)
