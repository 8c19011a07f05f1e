"""Word-by-word differences of two texts, for the page on which people choose between two versions. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# The cost is up to the product of both lengths: beyond this, lines are compared instead of words, or nothing at all.
MOST_PARTS = 1_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and whether the other version has it too."""

    text: str
    shared: bool


def differences(yours: str, theirs: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, each of which concatenates to its text."""
    start, end = _shared_ends(yours, theirs)
    middle, other = yours[start : len(yours) - end], theirs[start : len(theirs) - end]
    mine, his = _compared(middle, other)
    before, after = Piece(yours[:start], shared=True), Piece(yours[len(yours) - end :], shared=True)
    return _joined([before, *mine, after]), _joined([before, *his, after])


def whole(text: str) -> list[Piece]:
    """A text without marks."""
    return _joined([Piece(text, shared=True)])


def _shared_ends(one: str, other: str) -> tuple[int, int]:
    """The lengths of the common prefix and suffix, without splitting a word."""
    most = min(len(one), len(other))
    start = next((i for i in range(most) if one[i] != other[i]), most)
    while start > 0 and not one[start - 1].isspace():
        start -= 1
    most -= start
    end = next((i for i in range(most) if one[-1 - i] != other[-1 - i]), most)
    while end > 0 and not one[len(one) - end].isspace():
        end -= 1
    return start, end


def _compared(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    for pattern in (r"\S+|\s+", r".*\n|.+"):
        parts, others = re.findall(pattern, one), re.findall(pattern, other)
        if max(len(parts), len(others)) <= MOST_PARTS:
            return _matched(parts, others)
    return [Piece(one, shared=False)], [Piece(other, shared=False)]


def _matched(one: Sequence[str], other: Sequence[str]) -> tuple[list[Piece], list[Piece]]:
    mine: list[Piece] = []
    his: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, one, other).get_opcodes():
        shared = kind == "equal"
        mine.append(Piece("".join(one[a:b]), shared))
        his.append(Piece("".join(other[c:d]), shared))
    return mine, his


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Adjacent pieces of one kind merged, empty ones dropped."""
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].shared == piece.shared:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.shared)
        else:
            joined.append(piece)
    return joined
