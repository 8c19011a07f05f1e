"""Counts that are kept for a moment where they are about many rows."""

from collections import Counter

import pytest

from web import tallies


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch):
    monkeypatch.setattr(tallies, "_kept", {})


def counting(*numbers: int):
    """A count that says another number each time, and how often it was asked."""
    answers = iter(numbers)
    return lambda: Counter({("draft",): next(answers)})


def test_few_rows_are_counted_at_every_look():
    count = counting(1, 2)

    assert tallies.tally("prices", count).total() == 1
    assert tallies.tally("prices", count).total() == 2


def test_many_rows_are_not(monkeypatch):
    monkeypatch.setattr(tallies, "LARGE", 10)
    count = counting(10, 11)

    assert tallies.tally("prices", count).total() == 10
    assert tallies.tally("prices", count).total() == 10


def test_another_question_is_another_count(monkeypatch):
    monkeypatch.setattr(tallies, "LARGE", 10)
    count = counting(10, 11)

    assert tallies.tally("prices", count).total() == 10
    assert tallies.tally("courses", count).total() == 11


def test_they_are_kept_for_a_moment_only(monkeypatch):
    monkeypatch.setattr(tallies, "LARGE", 10)
    monkeypatch.setattr(tallies, "KEPT_SECONDS", 0)
    count = counting(10, 11)

    assert tallies.tally("prices", count).total() == 10
    assert tallies.tally("prices", count).total() == 11


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(tallies, "LARGE", 10)
    for number in range(3 * tallies.MOST_KEPT):
        tallies.tally(number, counting(10))

    assert len(tallies._kept) <= tallies.MOST_KEPT
