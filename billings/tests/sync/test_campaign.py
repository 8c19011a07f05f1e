"""Seeded samples of the fault campaign and of the kill storm; `make campaign` runs both completely."""

import sys

import pytest

from tools.processes import run
from tools.testing.tables import TABLE

pytestmark = pytest.mark.processes

SAMPLE = "60"


def test_a_sample_of_the_campaign_recovers_without_a_duplicate_or_an_orphan(record_property):
    done = run([sys.executable, "-m", "billings.tests.campaign", "--sample", SAMPLE, "--seed", "1"])

    record_property(TABLE, f"a sample of the fault campaign\n{done.stdout}")


def test_a_sample_of_the_kill_storm_loses_and_doubles_nothing(record_property):
    storm = ["--kills", "3", "--clients", "3", "--engine", "sqlite"]
    done = run([sys.executable, "-m", "billings.tests.kill_storm", *storm])

    record_property(TABLE, f"a sample of the kill storm\n{done.stdout}")
    assert "3 kills" in done.stdout
