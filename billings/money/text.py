"""Normalises characters: keyboards, scripts and copied text have many for the same digit, dash or point."""

import unicodedata
from functools import lru_cache

ALIKE = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʻʹ′`´ʾ", "'"),
        **dict.fromkeys("−‐‑‒", "-"),
        **dict.fromkeys("—―", "–"),
        **dict.fromkeys("،⹁、﹐", ","),
        **dict.fromkeys("。·․", "."),
        **dict.fromkeys("״“”″", '"'),
        "⁄": "/",
        "\u20c1": "﷼",  # the riyal sign of 2025, which this Python's Unicode does not know yet
    }
)


HYPHEN = r"(?<=[\w\u0300-\u036f])-(?=[^\W\d])"  # as in "US-Dollar": no minus


def plain(text: str) -> str:
    """The text with ASCII digits, one kind of space, dash and apostrophe, and without invisible characters."""
    return "".join(map(_plain_character, unicodedata.normalize("NFC", text.translate(ALIKE))))


@lru_cache(maxsize=1024)
def _plain_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)  # Arabic-Indic, Persian, Devanagari, full-width, ...
    match unicodedata.category(character):
        case "Zs":
            return " "  # no-break, narrow, thin, ideographic
        case "Cf":
            return ""  # bidi marks, joiners
    width, _space, base = unicodedata.decomposition(character).partition(" ")
    return chr(int(base, 16)).translate(ALIKE) if width in {"<wide>", "<narrow>"} else character
