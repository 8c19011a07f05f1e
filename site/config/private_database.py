"""SQLite's files are readable for the portal's own user only: they hold sessions and accounts."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

OWNER_ONLY = 0o600
# SQLite gives the WAL and its index the permissions of the database, unless they exist already.
SUFFIXES = ("", "-wal", "-shm")


class PrivateConnection(sqlite3.Connection):
    """A connection (`sqlite3.connect(factory=…)`) that removes the permissions of others before it opens the file.

    It raises OperationalError once that file is deleted or replaced, for instance by a restored backup: data written to
    an unlinked file is lost with the process.
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
            raise sqlite3.OperationalError("the database file was moved or replaced")
        return super().cursor(factory)


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Device and inode, which tell a file from another of the same name; None if there is no file."""
    try:
        found = file.stat() if file else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def make_private(database: Path) -> None:
    """Create the file here if it does not exist, so that it is private from the start, whatever the umask.

    An existing file is never opened: closing it again would release the locks that SQLite holds on it in this process
    (https://www.sqlite.org/howtocorrupt.html), and another process would then remove the WAL.
    """
    with suppress(OSError):  # it exists; or it cannot be created, which SQLite reports
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, OWNER_ONLY))
    for suffix in SUFFIXES:
        file = Path(f"{database}{suffix}")
        # Only its owner can change another user's file.
        with suppress(FileNotFoundError, PermissionError):
            if file.stat().st_mode & 0o077:
                file.chmod(OWNER_ONLY)
