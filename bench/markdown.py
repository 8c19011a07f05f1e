"""The cost of rendering a description: texts of maximum length that are designed to be expensive, then random ones.

Measures only the renderer's own CPU time. Random texts are reproducible by `--seed`.
"""

import heapq
import os
import sys
from itertools import islice
from pathlib import Path

from rig.report import at_most, options, run, say, tell

GOAL_MS = 50
SHOWN = 8
ORDINARY = "## Day one\n\nBring **an apron** and [the list](https://a.example/list).\n\n- brushes\n- paper\n\n"


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--texts", type=int, default=10_000, help="random ones (default: %(default)s)")
    chosen = parser.parse_args()
    count = 400 if chosen.small else chosen.texts
    prepare()
    from courses.models import DESCRIPTION_LENGTH
    from courses.tests.costly_texts import TEXTS, milliseconds, mixtures

    def cost(text: str) -> float:
        return min(milliseconds(text) for _ in range(3))

    tell("an ordinary description", cost((ORDINARY * DESCRIPTION_LENGTH)[:DESCRIPTION_LENGTH]), "ms")
    worst = heapq.nlargest(SHOWN, ((cost(text), name) for name, text in TEXTS.items()))
    show(f"the dearest of {len(TEXTS)} texts", worst)
    found = heapq.nlargest(SHOWN, ((milliseconds(text), text) for text in islice(mixtures(chosen.seed), count)))
    show(f"the dearest of {count:,} random texts", [(cost(text), repr(text[:40])) for _, text in found])


def prepare() -> None:
    root = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(root), str(root / "site")]
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1", "STRIPE_SECRET_KEY": "sk_test_none"}
    import django

    django.setup()


def show(title: str, worst: list[tuple[float, str]]) -> None:
    say(f"\n{title}")
    for milliseconds, name in worst:
        tell(name[:52], milliseconds, "ms")
    tell("at most", max(worst)[0], "ms", at_most(GOAL_MS, max(worst)[0]))


if __name__ == "__main__":
    run(main)
