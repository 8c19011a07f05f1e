"""Who gets which response: every URL, by every method, for every kind of user, as `access_table.txt` lists them."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from config.tests.scenario import PEOPLE, Scenario
from config.tests.urls_under_test import addresses

TABLE = Path(__file__).with_name("access_table.txt")
METHODS = ("GET", "POST", "PUT", "DELETE")

type Row = dict[str, list[str]]  # what each of them is answered, by method


def table() -> Iterator[tuple[str, Row]]:
    """The routes of a paragraph, and below them what all of these answer."""
    for paragraph in TABLE.read_text().split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        cells = [line.split() for line in lines if line.startswith(" ")]
        answers = {method: statuses for method, *statuses in cells}
        for route in lines[: len(lines) - len(answers)]:
            yield route, answers


def routes() -> dict[str, str]:
    """The path of each address; of two patterns for one place the first, which is the one that answers."""
    found: dict[str, str] = {}
    for address in addresses():
        found.setdefault(address.route or "(home)", address.path)
    return found


def test_every_address_has_a_row():
    rows = dict(table())

    assert sorted(rows) == sorted(routes()), "give a new address its row in access_table.txt"
    assert all(tuple(row) == METHODS for row in rows.values())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("_quiet")
@pytest.mark.slow
def test_everyone_is_answered_as_the_table_says(db, settings, method):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0
    scenario, client, rows = Scenario.make(), Client(), dict(table())
    sessions = {person: scenario.client(person).cookies for person in PEOPLE}

    answers = {
        route: [answer(client, sessions[person], method, path % scenario.arguments) for person in PEOPLE]
        for route, path in routes().items()
    }

    assert answers == {route: rows[route][method] for route in answers if route in rows}


@pytest.fixture
def _quiet():
    """A line for each rejection would be thousands."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def answer(client: Client, cookies: Any, method: str, url: str) -> str:
    """The status; `in` where one is sent to sign in. Whatever was done is undone."""
    client.cookies = cookies.copy()
    with transaction.atomic():
        response = client.generic(method, url)
        response.close()
        transaction.set_rollback(True)
    to_sign_in = response.status_code == 302 and response.url.startswith("/accounts/login/")
    return "in" if to_sign_in else str(response.status_code)
