"""Pages of the portal and of Django's admin, requested in this process alternately, so that other load on the machine
affects both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from rig.report import must

MOST, LEAST = 40, 5


@dataclass
class Page:
    """One side of a comparison: who requests which URL, and how long each response took."""

    client: Client
    address: str
    seconds: list[float] = field(default_factory=list)
    statements: list[tuple[float, str]] = field(default_factory=list)
    """Of one answer: how long each took, and its SQL with its parameters."""

    def ask(self) -> None:
        started = time.perf_counter()
        response = self.client.get(self.address)
        self.seconds.append(time.perf_counter() - started)
        must(response.status_code == 200, f"{self.address} was answered {response.status_code}")

    def ask_counting(self) -> None:
        with connection.execute_wrapper(self._record):
            self.ask()
        self.seconds.clear()

    def _record(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.statements.append((time.perf_counter() - started, f"{sql} -- {params}"))

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p95(self) -> float:
        """The 95th percentile in milliseconds; with few responses the slowest."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)] * 1000

    @property
    def queries(self) -> int:
        return len(self.statements)


def signed_in(person: User) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def compare(*pages: Page, seconds: float) -> None:
    """Request each once unmeasured, then alternately 5 to 40 times, as the allowed seconds permit."""
    for page in pages:
        page.ask_counting()
    for number in range(MOST):
        waiting = [page for page in pages if number < LEAST or sum(page.seconds) < seconds]
        for page in waiting:
            page.ask()
