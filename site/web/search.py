"""Text as it is searched and sorted, stored beside the text itself: the same on every database.

SQLite knows the cases of ASCII alone, and neither engine finds *für* for *fur*. So both sides are folded here, by the
same function.
"""

import re
import struct
import unicodedata
from functools import lru_cache

from pyuca import Collator

# Letters that Unicode does not take apart, as those write them who do not have them; and quotes that keyboards lack.
PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | {"’": "'", "‘": "'", "ʼ": "'", "ʻ": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-", "–": "-", "—": "-"}
)
MAX_WORDS = 10
# No accent, and neither capital nor wide: weights of Unicode's table.
USUAL_ACCENT, USUAL_CASE = 0x20, 0x02
# PostgreSQL's index takes no more than 2,700 bytes; only what one letter stands for many in is ever longer.
LONGEST_LEVEL = 250
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_NUMBER = re.compile(r"\d+")


def fold(text: str) -> str:
    """The text without what people leave out when they search: case, marks, width.

    Folding twice changes nothing. Marks are dropped that stand on a letter (accents, harakat, niqqud, tones); the
    vowels of Thai or Devanagari, which Unicode calls marks as well, are letters and stay.
    """
    bare = _without_marks(unicodedata.normalize("NFKD", text)).casefold()
    return _without_marks(unicodedata.normalize("NFKD", bare)).translate(PLAIN)


def words(query: str) -> list[str]:
    """What a search asks for, folded: all of it must be found."""
    return fold(query).split()[:MAX_WORDS]


def _without_marks(text: str) -> str:
    return text if text.isascii() else "".join(character for character in text if not _is_dropped(character))


def _is_dropped(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or unicodedata.category(character) in ("Cf", "Me")
        or ord(character) in _VARIATION_SELECTORS
    )


def sort_key(text: str) -> bytes:
    """Bytes whose order is that of the texts in Unicode's root collation, numbers by their size (UTS #10)."""
    levels: list[list[int]] = [[]]
    for weight in _collator().sort_key(_NUMBER.sub(_by_size, text)):
        if weight:
            levels[-1].append(weight)
        else:
            levels.append([])
    letters, accents, cases = levels[:3]
    _shorten(accents, USUAL_ACCENT)
    _shorten(cases, USUAL_CASE)
    kept = (letters[: 2 * LONGEST_LEVEL], accents[:LONGEST_LEVEL], cases[:LONGEST_LEVEL])
    return b"\0\0".join(struct.pack(f">{len(level)}H", *level) for level in kept)


def _by_size(number: re.Match[str]) -> str:
    digits = number[0].lstrip("0") or "0"
    return f"{min(len(digits), 9)}{digits}"


def _shorten(level: list[int], usual: int) -> None:
    """The usual weight is the smallest, so that those at the end can be left out: most keys are half as long then."""
    while level and level[-1] == usual:
        level.pop()


@lru_cache(maxsize=1)
def _collator() -> Collator:
    """Half a second, and 10 MB."""
    return Collator()


def prepare() -> None:
    """Load the table of letters now, before anybody waits for it."""
    _collator()
