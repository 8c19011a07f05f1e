"""What is installed is what is pinned, with hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", re.MULTILINE)


def pins(*names: str) -> dict[str, str]:
    found = [pin for name in names for pin in PIN.findall((ROOT / name).read_text())]
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


@pytest.mark.parametrize(
    ("lock", "files"),
    [
        ("requirements.lock", ["requirements.txt"]),
        ("requirements-dev.lock", ["requirements.txt", "requirements-dev.txt", "constraints.txt"]),
    ],
)
def test_the_lock_has_what_is_pinned(lock, files):
    locked = pins(lock)

    assert {package: locked.get(package) for package in pins(*files)} == pins(*files), "run make lock"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_each_package_has_its_hashes(lock):
    text = (ROOT / lock).read_text()
    packages = re.split(r"^(?=\S+==)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]

    assert len(packages) == len(pins(lock))
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
