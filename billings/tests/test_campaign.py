"""A seeded sample of the fault campaign; the whole grid is run by `make campaign`."""

import subprocess
import sys
from pathlib import Path

from billings.tests.fixtures import TABLE

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 60


def test_a_sample_of_the_campaign_recovers_without_a_duplicate_or_an_orphan(record_property):
    command = [sys.executable, "-m", "billings.tests.campaign", "--sample", str(SAMPLE), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    record_property(TABLE, f"a sample of the fault campaign\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
