"""Which parts of two versions are marked."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.differences import differences

texts = st.text(st.sampled_from("ab \n.é"), max_size=60)


def marked(pieces) -> str:
    return "".join(piece.text if piece.shared else f"[{piece.text}]" for piece in pieces)


@pytest.mark.parametrize(
    ("yours", "theirs", "expected"),
    [
        ("Paint light.", "Paint dark.", ("Paint [light.]", "Paint [dark.]")),
        ("one two three", "one three", ("one [two ]three", "one three")),
        ("", "new", ("", "[new]")),
        ("same", "same", ("same", "same")),
        ("recolour it", "colour it", ("[recolour] it", "[colour] it")),
        ("$59.00", "$77.00", ("[$59.00]", "[$77.00]")),
    ],
)
def test_words_that_the_other_does_not_have_are_marked(yours, theirs, expected):
    mine, his = differences(yours, theirs)

    assert (marked(mine), marked(his)) == expected


@given(texts, texts)
def test_nothing_of_either_is_lost(yours, theirs):
    mine, his = differences(yours, theirs)

    assert "".join(piece.text for piece in mine) == yours
    assert "".join(piece.text for piece in his) == theirs
    assert [piece.text for piece in mine if piece.shared] == [piece.text for piece in his if piece.shared]


@pytest.mark.parametrize(
    ("yours", "theirs"),
    [
        ("a " * 10_000, "b " * 10_000),
        ("a b " * 5_000, "b a c " * 3_333),
        ("x\n" * 10_000, "y\n" * 10_000),
        ("\n".join(f"line {n}" for n in range(2_000)), "\n".join(f"line {n * 7 % 2_000}" for n in range(2_000))),
        ("a b " * 250, "b a " * 250),
        ("x" * 20_000, "y" * 20_000),
    ],
)
def test_the_longest_description_costs_little(yours, theirs):
    began = time.process_time()

    differences(yours, theirs)

    assert time.process_time() - began < 1
