"""Seeded samples of the fault campaign and of the kill storm; the whole of both is run by `make campaign`."""

import subprocess
import sys
from pathlib import Path

from billings.tests.support.fixtures import TABLE

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = 60


def test_a_sample_of_the_campaign_recovers_without_a_duplicate_or_an_orphan(record_property):
    command = [sys.executable, "-m", "billings.tests.campaign", "--sample", str(SAMPLE), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    record_property(TABLE, f"a sample of the fault campaign\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_a_sample_of_the_kill_storm_loses_and_doubles_nothing(record_property):
    command = [
        sys.executable,
        "-m",
        "billings.tests.kill_storm",
        "--kills",
        "3",
        "--clients",
        "3",
        "--engine",
        "sqlite",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    record_property(TABLE, f"a sample of the kill storm\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "3 kills" in done.stdout
