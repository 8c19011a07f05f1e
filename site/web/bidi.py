"""Bidirectional text: Hebrew in an English sentence, or control characters that would reorder the text around it."""

import re
import unicodedata

# Embeddings, overrides and isolates with their terminators (https://www.unicode.org/reports/tr9/).
_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# The mark U+200F is of class R, too.
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def has_controls(text: str) -> bool:
    """Whether it holds characters that set the direction of the text after them."""
    return _CONTROLS.search(text) is not None


def isolate(text: str) -> str:
    """The text for a sentence without markup, where it cannot reorder its surroundings; HTML has `<bdi>` for that."""
    plain = _CONTROLS.sub("", text)
    if any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT or character in "\u200e\u200f" for character in plain
    ):
        return f"{FIRST_STRONG_ISOLATE}{plain}{POP_DIRECTIONAL_ISOLATE}"
    return plain
