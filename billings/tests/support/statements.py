"""Every SQL statement executed in a block, including those of transactions, with our line that caused it."""

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[3]
# What a transaction says of itself; everything else reads or writes rows.
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE) "(\w+)"')


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    where: str
    """The innermost line of the project's own, as `billings/sync/lease.py:42 renew`."""

    @property
    def kind(self) -> str:
        """Such as "SELECT courses_course", or "COMMIT"."""
        verb = self.sql.lstrip("( ").split(maxsplit=1)[0].rstrip(";")
        table = _TABLE.search(_outermost(self.sql)) or _TABLE.search(self.sql)
        return f"{verb} {table[1]}" if table else verb


@dataclass
class Statements:
    """What was run, in order."""

    all: list[Statement] = field(default_factory=list)

    @property
    def of_rows(self) -> list[Statement]:
        """Without those that begin and end transactions."""
        return [one for one in self.all if not one.sql.startswith(TRANSACTION)]

    def __len__(self) -> int:
        return len(self.all)

    def table(self) -> str:
        """By kind, the most frequent first, and below each the lines that asked for it."""
        kinds = Counter(one.kind for one in self.all)
        lines: list[str] = []
        for kind, count in kinds.most_common():
            lines.append(f"{count:>4}  {kind}")
            places = Counter(one.where for one in self.all if one.kind == kind)
            lines += [f"      {number:>4}  {where}" for where, number in places.most_common()]
        return "\n".join(lines)


def _outermost(sql: str) -> str:
    """Without parentheses, such as subqueries."""
    while sql != (shorter := re.sub(r"\([^()]*\)", "", sql)):
        sql = shorter
    return sql


class _Recorder(logging.Handler):
    """Django logs each statement, BEGIN and COMMIT too, from the very call that runs it."""

    def __init__(self, kept: Statements) -> None:
        super().__init__()
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.all.append(Statement(str(getattr(record, "sql", "")), _asked_by()))


def _asked_by() -> str:
    frame = sys._getframe().f_back
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts and path != Path(__file__):
            return f"{path.relative_to(ROOT)}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return "Django"


@contextmanager
def recorded_statements() -> Iterator[Statements]:
    """Those of this thread's connection, for as long as the block lasts."""
    kept, logger = Statements(), logging.getLogger("django.db.backends")
    recorder, level, forced = _Recorder(kept), logger.level, connection.force_debug_cursor
    connection.ensure_connection()
    connection.force_debug_cursor = True
    logger.addHandler(recorder)
    logger.setLevel(logging.DEBUG)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield kept
    finally:
        logger.removeHandler(recorder)
        logger.setLevel(level)
        logger.propagate = propagated
        connection.force_debug_cursor = forced
