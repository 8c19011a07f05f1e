"""SQLite's files are readable for their owner only, however they were created."""

import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from config.private_database import PrivateConnection
from tools.processes import run

ROOT = Path(__file__).resolve().parents[3]


def rights(folder: Path) -> dict[str, str]:
    return {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_database_is_private_with_its_log_and_its_index(tmp_path, open_umask):
    connection = sqlite3.connect(tmp_path / "db.sqlite3", factory=PrivateConnection)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE word (text)")

    assert rights(tmp_path) == dict.fromkeys(["db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"], "0o600")
    connection.close()


def test_one_that_others_could_read_is_tightened(tmp_path, open_umask):
    careless = sqlite3.connect(tmp_path / "db.sqlite3")
    careless.execute("PRAGMA journal_mode=WAL")
    careless.execute("CREATE TABLE word (text)")
    assert set(rights(tmp_path).values()) == {"0o644"}

    sqlite3.connect(tmp_path / "db.sqlite3", factory=PrivateConnection).close()

    assert set(rights(tmp_path).values()) == {"0o600"}
    careless.close()


@pytest.mark.processes
def test_what_one_process_has_saved_outlasts_another_that_looks_and_ends(tmp_path):
    """Had this process opened the file beside SQLite and closed it, the other would take itself for the only one, and
    remove the log in which this one goes on writing."""
    database = tmp_path / "db.sqlite3"
    first = sqlite3.connect(database, factory=PrivateConnection, isolation_level=None)
    first.execute("PRAGMA journal_mode=WAL")
    first.execute("CREATE TABLE word (text)")
    second = sqlite3.connect(database, factory=PrivateConnection, isolation_level=None)
    look = (
        f"import sqlite3; c = sqlite3.connect({str(database)!r}); print(*c.execute('SELECT text FROM word')); c.close()"
    )
    run([sys.executable, "-c", look])

    first.execute("INSERT INTO word VALUES ('kept')")

    assert run([sys.executable, "-c", look]).stdout == "('kept',)\n"
    first.close()
    second.close()


@pytest.mark.processes
def test_it_is_so_by_every_command(tmp_path, open_umask):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"}
    run([sys.executable, "manage.py", "migrate", "contenttypes", "--verbosity", "0"], env=environment)

    assert set(rights(tmp_path).values()) == {"0o600"}


@pytest.mark.parametrize("name", [":memory:", "file:words?mode=memory"])
def test_what_is_in_memory_makes_no_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    sqlite3.connect(name, uri=True, factory=PrivateConnection).close()

    assert rights(tmp_path) == {}
