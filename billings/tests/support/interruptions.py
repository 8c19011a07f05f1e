"""Interrupts a converge at one of its requests: by concurrent work, or by the end of the process."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Never

import pytest

from billings.stripe_api import gateway


class Killed(BaseException):
    """The process is gone: nothing behind this ran, no `except` and no `finally` either."""


def kill() -> Never:
    raise Killed


def at_call(
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
    *,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
) -> None:
    """Run something right before the `nth` call from now leaves, or right after its answer came.

    As for the sandbox's `calls`, asking what has happened does not count.
    """
    numbers, send = count(1), gateway._request

    def interrupted(method: str, path: str, params: Mapping[str, Any], seconds: float) -> Any:
        here = path != "/v1/events" and next(numbers) == nth
        if here and before:
            before()
        answer = send(method, path, params, seconds)
        if here and after:
            after()
        return answer

    monkeypatch.setattr(gateway, "_request", interrupted)
