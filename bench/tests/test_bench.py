"""Every benchmark in its quick version. Not part of `make test`: run `pytest bench` after changing one."""

import subprocess
import sys
from pathlib import Path

import pytest

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
    program = Path(__file__).resolve().parents[1] / name

    done = subprocess.run(
        [sys.executable, program, "--small", *PROGRAMS[name]], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
