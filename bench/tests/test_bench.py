"""Every benchmark in its quick version. Not part of `make test`: run `pytest bench` after changing one."""

import sys

import pytest

from tools.processes import ROOT, run

pytestmark = pytest.mark.processes

PROGRAMS = {
    "backlog.py": ["--latency", "0.02"],
    "lists.py": [],
    "markdown.py": [],
    "pages.py": [],
    "reconcile.py": ["--no-peer"],
    "saves.py": [],
    "webhooks.py": ["--no-peer"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_runs_and_what_must_hold_holds(name: str) -> None:
    done = run([sys.executable, ROOT / "bench" / name, "--small", *PROGRAMS[name]], seconds=300)

    assert "WRONG" not in done.stdout
