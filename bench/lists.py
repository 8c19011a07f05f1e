"""Every list and filter with a thousand to a million courses, beside Django admin's list.

The staff's price list and the list of a teacher who owns a tenth of all courses, searched, filtered, sorted both ways
and on deep pages; the Sync page; and the editor beside the admin's form. For every case the median and the 95th
percentile of the response time, its number of statements, and the same for the admin's change list with the same rows
and page size, requested alternately. Milliseconds; `rig/lists.py` says what is measured.
"""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from rig.databases import ENGINES, database, engines
from rig.processes import collect_static_files
from rig.report import must, options, run, say
from tools.environments import environment
from tools.processes import ROOT, Process

SIZES = (1_000, 100_000, 1_000_000)


def main() -> None:
    chosen = arguments()
    collect_static_files()
    for engine in engines(chosen.database):
        with tempfile.TemporaryDirectory(prefix="bench-") as name, database(engine, Path(name)) as kept:
            env = environment("bench", DATABASE_URL=kept.url, MEDIA_ROOT=name)
            how = [chosen.seed, chosen.seconds, "statements" if chosen.statements else "", *chosen.sizes]
            command = [sys.executable, str(ROOT / "bench" / "rig" / "lists.py"), engine, *map(str, how)]
            with Process.start(command, env=env, shown=True) as measuring:
                must(measuring.wait(None) == 0, f"{engine}: see above")
    say()


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="the catalogues (default: %(default)s)")
    parser.add_argument("--database", choices=ENGINES, default=None)
    parser.add_argument("--statements", action="store_true", help="show the two slowest statements of each case")
    parser.add_argument("--seconds", type=float, default=0.8, help="for each side of a case (default: %(default)s)")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.sizes, chosen.database, chosen.seconds = (1_000, 10_000), "sqlite", 0.1
    return chosen


if __name__ == "__main__":
    run(main)
