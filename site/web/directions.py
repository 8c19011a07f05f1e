"""Text of any direction beside other text: Hebrew in an English sentence, or what means to turn the words around it."""

import re
import unicodedata

# Embeddings, overrides and isolates with their ends (https://www.unicode.org/reports/tr9/).
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# The mark U+200F is of class R, too.
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def turns(text: str) -> bool:
    """Whether it holds characters that set the direction of what stands behind them."""
    return _TURNING.search(text) is not None


def isolated(text: str) -> str:
    """The text for a sentence without markup, where it can turn nothing but itself; in HTML there is `<bdi>`."""
    plain = _TURNING.sub("", text)
    if any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT or character in "\u200e\u200f" for character in plain
    ):
        return f"{FIRST_STRONG_ISOLATE}{plain}{POP_DIRECTIONAL_ISOLATE}"
    return plain
