"""Makes Stripe reject requests."""

from typing import Any

from tools.testing.sandbox import Sandbox


def reject(sandbox: Sandbox, *, param: str = "", status: int = 400, code: str = "", **how: Any) -> None:
    error = {"status": status, "message": "We do not take this.", "param": param, "code": code}
    sandbox.fault("refuse", method="POST", error={name: value for name, value in error.items() if value}, **how)
