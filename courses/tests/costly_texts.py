"""Descriptions of maximum length that are designed to be expensive, and what one costs to render."""

import random
import time
from collections.abc import Iterator

from courses.markdown import render
from courses.models import DESCRIPTION_LENGTH

# Each is repeated until the description is full.
PIECES = (
    *("[", "![", "]", "*", "_", "**", "~", "~~", "`", "``", "(", ")", "<", ">", "&", "\\", "|", "-", "--", "!", "#"),
    *(
        "a",
        "0",
        "é",
        "😀",
        "\u00a0",
        "\t",
        '"',
        "'",
        ":",
        ".",
        "://",
        "//",
        "[]",
        "](",
        "[](",
        "![](",
        "[[a]",
        "[a][",
        "]]",
    ),
    *(
        "[a](",
        "[a](b)",
        "[a](b ",
        "[a](<",
        "![a](b)",
        "(a)[",
        "a](b",
        "[a [b](c) ",
        "[a\n",
        "[a]\n",
        "[a]:\n",
        "[a]: b\n",
    ),
    *("[a]: b 'c\n", "*a ", "a*", "_a ", "a_", "*a_", "_a*", "**a__", "*a **a ", "a**", "*[", "[*", "`[", "[`", "<["),
    *("~a~~ ", "`a", "``a`", "a`b``c```", "&amp;", "&#1;", "&#x", "&a", "&copy", "\\[", "\\`", "a\\\n", "a  \n", "a\n"),
    *(
        "https://",
        "http://",
        "www.",
        "HTTP://A",
        "ftp://",
        "http:",
        "www.a.",
        "http://a/",
        "http://a/(",
        "http://a.b/?",
    ),
    *("a@", "a@a.", "a@a.b ", "a@b", "mailto:a@b.c ", "<http://a>", "<a@b.c>", "a.", "<a", "<a b=", "</", "<!--", "<?"),
    *("<![CDATA[", "<b>", "x<y>", "> ", ">\n", "> a\n", "- ", "-\n", "- a\n", "* * *\n", "*\n", "+ ", "1. ", "1.\n"),
    *(
        "1) a\n",
        "  - a\n",
        "- > ",
        "> - ",
        "\n\n- ",
        "\n> ",
        "    a\n",
        "\ta\n",
        "```\n",
        "~~~\n",
        "- ```\n",
        "````\n```\n",
    ),
    *("# a\n", "---\n", "===\n", "a\n===\n", "- [ ] ", "- [ ] a\n", "|\n-\n", "a|b\n-|-\n", "|a\n|-\n|", "a|b\n"),
)
BUILT = {
    "each list in another": "".join("  " * depth + "- a\n" for depth in range(140)),
    "a quote in each list": "".join("  " * depth + "- > a\n" for depth in range(130)),
    "each quote in another": "".join(">" * depth + " a\n" for depth in range(198)),
    "lists in a line, many lines": ("- " * 10 + "a\n") * 900,
    "quotes and lists in a line, many lines": ("> - " * 8 + "a\n") * 600,
    "lines behind a deep list": "- " * 90 + "a\n" + "\nb\n" * 6000,
    "empty lines behind a deep list": "- " * 90 + "a\n" + "\n\n" * 9900,
    "lazy lines behind a deep quote": ">" * 90 + "a\n" + "b\n" * 9900,
    "lists that grow and end": "".join("  " * (line % 20) + "- a\n" for line in range(800)),
    "emphasis that opens, then closes": "*a " * 3333 + "b* " * 3333,
    "brackets that open, then close": "[" * 10_000 + "]" * 10_000,
    "links that open, then close": "[" * 5000 + "a" + "](b)" * 3000,
    "backticks of every length": "".join("`" * count + " " for count in range(1, 199)),
    "many references": "".join(f"[a{number}]: b\n" for number in range(1500)) + "[a1] " * 900,
    "a long reference, often": "[a]: " + "b" * 9000 + "\n" + "[a]" * 3000,
    "a reference without end": "[" + "a\n" * 9000,
    "a title without end": '[a]: b "' + "c" * 20_000,
    "a wide table of empty rows": "a|" * 60 + "\n" + "-|" * 60 + "\n" + "|\n" * 9000,
    "a wide table of short rows": "|".join("a" * 100) + "\n" + "|".join("-" * 100) + "\n" + "a\n" * 9000,
    "a very wide table": "|".join("a" * 5000) + "\n" + "|".join("-" * 5000),
    "a heading at the end": "a\n" * 9990 + "===",
    "an address of brackets": "http://a/" + "a)" * 9900,
    "a long name": "www." + "a." * 9900,
    "a long e-mail address": "a." * 9990 + "@a.b",
    "a long host of one": "a@" + "a_" * 9900,
    "a long number": "&#" + "1" * 20_000,
    "white space": (" " * 100 + "\n") * 198,
}
TEXTS = {**{repr(piece): piece * DESCRIPTION_LENGTH for piece in PIECES}, **BUILT}
TEXTS = {name: text[:DESCRIPTION_LENGTH] for name, text in TEXTS.items()}


def mixtures(seed: int) -> Iterator[str]:
    """Ever more texts of the same pieces, the same ones for a seed."""
    source = random.Random(seed)
    while True:
        unit = "".join(source.choices(PIECES, k=source.randint(1, 6)))
        few = source.sample(PIECES, source.randint(2, 5))
        head = unit * (source.choice((100, 1000, DESCRIPTION_LENGTH // 2)) // len(unit))
        for text in (
            unit * DESCRIPTION_LENGTH,
            head + few[0] * DESCRIPTION_LENGTH,
            "".join(source.choices(few, k=DESCRIPTION_LENGTH)),
            "".join(source.choices(PIECES, k=DESCRIPTION_LENGTH)),
        ):
            yield text[:DESCRIPTION_LENGTH]


def milliseconds(text: str) -> float:
    """Of this thread's own time, so that what else the machine does is not counted."""
    began = time.thread_time()
    assert render(text) or not text.strip(), "nothing would be shown"
    return (time.thread_time() - began) * 1000
