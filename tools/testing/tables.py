"""What tests record to be read at the end of a run."""

from typing import Any

import pytest

# `record_property(TABLE, …)`: a title and lines below it.
TABLE = "table"


def recorded(terminalreporter: pytest.TerminalReporter, name: str) -> list[Any]:
    """What tests recorded with `record_property` under this name, in whichever process they ran."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    properties = [getattr(report, "user_properties", []) for report in reports if getattr(report, "when", "") == "call"]
    return [value for found in properties for key, value in found if key == name]
