"""The Stripe sandbox for tests and benchmarks: a real process on a free port, and its control API in Python."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import requests

from tools.environments import SANDBOX, sandbox_alone
from tools.processes import Process

# Calls that identify the account, its permissions and endpoints, or read events.
IDENTITY_CALLS = ("/v1/account", "/v1/events", "/v1/webhook_endpoints")


@dataclass(frozen=True)
class Sandbox:
    """One sandbox. Objects are returned as Stripe's own JSON."""

    url: str

    @classmethod
    def said_by(cls, process: Process) -> Self:
        """The sandbox of this process, once it has printed its address."""
        found = process.wait_until(lambda: re.search(r"http://\S+(?=/\n|\n)", process.output()))
        return cls(found.group().rstrip("/"))

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=120)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content or b"{}")
        return found

    def reset(self) -> None:
        self.control("POST", "faults/release")
        self.control("DELETE", "faults")
        self.control("POST", "reset")

    def fault(self, kind: str, **how: Any) -> None:
        """The next matching call fails like this; `when` is "before", "after" or "late"."""
        self.control("POST", "faults", {"kind": kind, **how})

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def release(self) -> None:
        """Let blocked responses go, and perform late work, now."""
        self.control("POST", "faults/release")

    def settings(self, **settings: Any) -> None:
        """Until the next reset."""
        self.control("POST", "settings", settings)

    def advance_clock(self, seconds: int) -> None:
        self.control("POST", "clock", {"advance": seconds})

    def register_key(self, key: str, *, account: str, permission: str = "write") -> None:
        self.control("POST", "keys", {"key": key, "account": account, "permission": permission})

    def dashboard(self, path: str, **body: Any) -> dict[str, Any]:
        """An edit in the Dashboard."""
        return self.control("POST", f"dashboard/{path}", body)

    def accept_key(self, key: str, *, account: str) -> None:
        """Register a key of this account."""
        self.control("POST", "keys", {"key": key, "account": account})

    def calls(self, *, account: bool = False) -> list[dict[str, Any]]:
        """All calls in order, by default without those of `IDENTITY_CALLS`."""
        calls = self.control("GET", "calls")["calls"]
        return calls if account else [call for call in calls if call["path"] not in IDENTITY_CALLS]

    def writes(self) -> list[dict[str, Any]]:
        return [call for call in self.calls() if call["method"] == "POST"]

    def state(self) -> dict[str, Any]:
        return self.control("GET", "state")

    def events(self) -> list[dict[str, Any]]:
        """All events, newest first, as in a webhook's body."""
        answer = requests.get(f"{self.url}/v1/events?limit=100", auth=("sk_test_sandbox_tests", ""), timeout=20)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def products(self) -> list[dict[str, Any]]:
        return list(self.state()["products"])

    def prices(self, *, active: bool | None = None) -> list[dict[str, Any]]:
        return [price for price in self.state()["prices"] if active in (None, price["active"])]


@contextmanager
def running_sandbox(*options: str) -> Iterator[Sandbox]:
    """A sandbox for this context, which accepts every key."""
    with Process.start([SANDBOX, "--port", "0", *options], name="sandbox", env=sandbox_alone()) as process:
        yield Sandbox.said_by(process)
