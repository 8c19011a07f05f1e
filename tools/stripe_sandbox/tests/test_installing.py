"""Installed alone, without anything of the project around it."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import requests

from stripe_sandbox.testing.process import PATIENCE, Sandbox

PACKAGE = Path(__file__).parents[1]
SLOWEST_DOWNLOAD = 300


def pip(*arguments):
    # Once more only: a machine without a network finds that out at once.
    command = [sys.executable, "-m", "pip", "--retries=1", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST_DOWNLOAD, check=False)


def test_it_runs_from_an_empty_virtual_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    venv.create(tmp_path / "venv", with_pip=False, symlinks=os.name != "nt")
    bin_ = tmp_path / "venv" / "bin"
    installed = pip("--python", bin_ / "python", "install", "--no-compile", PACKAGE)
    if installed.returncode and pip("download", "--no-deps", "--dest", tmp_path, "flit_core").returncode:
        pytest.skip("Python's package index cannot be reached from here.")
    assert installed.returncode == 0, installed.stderr

    sandbox = Sandbox.start(program=bin_ / "stripe-sandbox")
    try:
        product = sandbox.client().v1.products.create({"name": "Etching"})
        page = requests.get(f"{sandbox.url}/_sandbox/", timeout=PATIENCE)
        style = requests.get(f"{sandbox.url}/_sandbox/style.css", timeout=PATIENCE)
    finally:
        sandbox.stop()

    assert product.id in page.text
    assert style.ok
    assert "django" not in pip("--python", bin_ / "python", "list").stdout.lower()
