"""No text reorders the text beside it."""

import pytest

from web.bidi import has_controls, isolate


@pytest.mark.parametrize("mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_sets_a_direction_for_the_text_behind_it_turns(mark):
    assert has_controls(f"Water{mark}colour")
    assert isolate(f"Water{mark}colour") == "Watercolour"


@pytest.mark.parametrize("text", ["Watercolour", "Ölmalerei – 100 %", "水彩", "צבעי מים", "رسم\u200f (1)", ""])
def test_ordinary_text_does_not(text):
    assert not has_controls(text)


@pytest.mark.parametrize("text", ["צבעי מים", "رسم", "Oil \u200f(1)"])
def test_text_from_right_to_left_stays_by_itself(text):
    assert isolate(text) == f"\u2068{text}\u2069"


def test_text_from_left_to_right_is_as_it_was():
    assert isolate("Ölmalerei – 100 %") == "Ölmalerei – 100 %"
