"""The Stripe sandbox as tests use it: a real process on a free port, and its control door as Python calls."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

PROGRAM = Path(sys.executable).with_name("stripe-sandbox")  # of the same virtual environment

# Calls that learn whose key it is, what it may do, who is told of what, and what has happened.
ASKED_ABOUT_ITSELF = ("/v1/account", "/v1/events", "/v1/webhook_endpoints")


@dataclass
class SandboxProcess:
    """One sandbox, and what it holds. Objects come back as Stripe's own JSON."""

    url: str
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, *options: str) -> "SandboxProcess":
        process = subprocess.Popen([PROGRAM, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"the sandbox did not start: {line!r}"
        return cls(found.group().rstrip("/"), process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def _door(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return json.loads(answer.content or b"{}")

    def reset(self) -> None:
        self._door("POST", "faults/release")
        self._door("DELETE", "faults")
        self._door("POST", "reset")

    def fault(self, kind: str, **how: Any) -> None:
        """The next call that matches fails so; `when` is "before", "after" or "late"."""
        self._door("POST", "faults", {"kind": kind, **how})

    def clear_faults(self) -> None:
        self._door("DELETE", "faults")

    def release(self) -> None:
        """Let blocked answers go, and late work be carried out, now."""
        self._door("POST", "faults/release")

    def settings(self, **settings: Any) -> None:
        """Until the next reset."""
        self._door("POST", "settings", settings)

    def advance_clock(self, seconds: int) -> None:
        self._door("POST", "clock", {"advance": seconds})

    def register_key(self, key: str, *, account: str, permission: str = "write") -> None:
        self._door("POST", "keys", {"key": key, "account": account, "permission": permission})

    def dashboard(self, path: str, **body: Any) -> dict[str, Any]:
        """Somebody edits in the Dashboard."""
        return self._door("POST", f"dashboard/{path}", body)

    def accept_key(self, key: str, *, account: str) -> None:
        """One more key, of the account named."""
        self._door("POST", "keys", {"key": key, "account": account})

    def calls(self, *, account: bool = False) -> list[dict[str, Any]]:
        """Every call in order, but (unless asked for) those that learn whose key it is and what has happened."""
        calls = self._door("GET", "calls")["calls"]
        return calls if account else [call for call in calls if call["path"] not in ASKED_ABOUT_ITSELF]

    def writes(self) -> list[dict[str, Any]]:
        return [call for call in self.calls() if call["method"] == "POST"]

    def state(self) -> dict[str, Any]:
        return self._door("GET", "state")

    def events(self) -> list[dict[str, Any]]:
        """What Stripe has to tell, the newest first, as a webhook's body would say it."""
        answer = requests.get(f"{self.url}/v1/events?limit=100", auth=("sk_test_sandbox_tests", ""), timeout=20)
        return list(answer.json()["data"])

    def products(self) -> list[dict[str, Any]]:
        return self.state()["products"]

    def prices(self, *, active: bool | None = None) -> list[dict[str, Any]]:
        return [price for price in self.state()["prices"] if active in (None, price["active"])]
