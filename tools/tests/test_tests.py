"""The tests keep to what CONTRIBUTING says of them."""

import ast
import re
from pathlib import Path

from tools.processes import ROOT

ROOMS = ("billings", "courses", "site", "e2e", "tools", "bench")
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
TESTS = [file for file in FILES if file.name.startswith("test_")]
# They install what is not there yet, or ask git for a name. The sandbox is a package that knows nothing of ours.
MAY_START_PROCESSES = {
    "tools/processes.py",
    "tools/install.py",
    "tools/browser.py",
    "billings/sync/heartbeat.py",
}
SANDBOX = "tools/stripe_sandbox/"
IS_A_TEST = re.compile(r"(^|\.)(test_\w+|conftest)$")
STARTS_A_PROCESS = re.compile(r"\bsubprocess\.(run|Popen|call|check_call|check_output)\(")


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(file: Path) -> set[str]:
    nodes = [*ast.walk(ast.parse(file.read_text()))]
    modules = {part.name for node in nodes if isinstance(node, ast.Import) for part in node.names}
    return modules | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_nothing_imports_a_test_or_a_conftest():
    wrong = [(name(file), module) for file in FILES for module in imported(file) if IS_A_TEST.search(module)]

    assert wrong == []


def test_processes_are_started_by_one_runner():
    starters = {name(file) for file in FILES if STARTS_A_PROCESS.search(file.read_text())}

    assert {starter for starter in starters if not starter.startswith(SANDBOX)} <= MAY_START_PROCESSES


def test_no_file_of_tests_is_longer_than_a_reader_can_hold():
    longest = {name(file): len(file.read_text().splitlines()) for file in TESTS}

    assert {file: lines for file, lines in longest.items() if lines > 500} == {}
