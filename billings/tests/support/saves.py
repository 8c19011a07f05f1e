"""Prints what saves cost the database: a process of its own over a new database, as `manage.py shell` runs it."""

import json
from dataclasses import asdict, dataclass, field

from django.contrib.auth.models import User
from django.test import Client

from billings.tests.support.editor import PRICED, PUBLISH, Course, Editor, Operation, save
from billings.tests.support.statements import Statements, recorded_statements

# What is done, what went before, and the operation.
SAVES: dict[str, tuple[list[Operation], Operation]] = {
    "create": ([], PRICED),
    "price": ([PRICED, PUBLISH], save(price="59")),
    "title": ([PRICED, PUBLISH], save(title="Oil")),
    "nothing": ([PRICED, PUBLISH], save(title="Watercolour", price="49.00", currency="usd")),
}


@dataclass
class CountedEditor(Editor):
    """Counts the statements of its last request that saved something, the whole request's."""

    statements: Statements = field(default_factory=Statements)

    def send(self, path: str, **fields: str) -> Course:
        with recorded_statements() as self.statements:
            return super().send(path, **fields)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one save: every statement, and how many are left without those that begin and end transactions."""

    statements: int
    of_rows: int
    table: str
    in_sync: bool

    @classmethod
    def of(cls, before: list[Operation], operation: Operation, client: Client) -> "Cost":
        editor = CountedEditor(client)
        for earlier in before:
            earlier(editor)
        operation(editor)
        counted = editor.statements
        billing = editor.read()["billing"]
        in_sync = billing["error"] is None and billing["observed_generation"] == billing["generation"]
        return cls(len(counted.all), len(counted.of_rows), counted.table(), in_sync)


def main() -> None:
    client = Client()
    client.force_login(
        User.objects.create_user("teacher", "teacher@example.com"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    # What is learned once is known by then: whose key it is, what time it is at Stripe, what has happened there.
    for first in ([PRICED], [PRICED, save(price="59")]):
        Cost.of(first[:-1], first[-1], client)
    print(json.dumps({name: asdict(Cost.of(before, act, client)) for name, (before, act) in SAVES.items()}))
