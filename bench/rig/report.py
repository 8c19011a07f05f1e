"""The report: a line for each figure with its goal and whether it was met, and the machine."""

import argparse
import os
import platform
import signal
import sys
from importlib.metadata import version

from tools.processes import ProcessFailed


class Wrong(Exception):
    """An invariant does not hold; the program ends with status 1 and this sentence."""


def must(holds: object, sentence: str) -> None:
    if not holds:
        raise Wrong(sentence)


def options(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a quick run that shows that everything works")
    parser.add_argument("--seed", type=int, default=9, help="of everything that is drawn at random")
    return parser


def run(main: object) -> None:
    """Run the program and end it cleanly, on SIGTERM too, so that no process, port or file is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    assert callable(main)
    say(machine())
    try:
        main()
    except (Wrong, ProcessFailed) as wrong:
        say(f"WRONG: {wrong}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    say(f"(load at the end {load()})\n")


def machine() -> str:
    programs = ", ".join(f"{name} {version(name)}" for name in ("Django", "gunicorn", "stripe"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {programs}; load {load()}"


def load() -> str:
    """The machine's load averages: other work on it distorts every figure."""
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def say(text: str = "") -> None:
    print(text, flush=True)


def tell(name: str, value: float, unit: str, note: str = "") -> None:
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    say(f"  {name:<52} {shown:>10} {unit:<12} {note}".rstrip())


def at_least(goal: float, value: float) -> str:
    return f"goal at least {goal:g}: {'met' if value >= goal else 'MISSED'}"


def at_most(goal: float, value: float) -> str:
    return f"goal at most {goal:g}: {'met' if value <= goal else 'MISSED'}"
