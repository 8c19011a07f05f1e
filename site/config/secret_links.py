"""Links that let their reader in, by mail, kept out of logs and error reports: who reads those may not sign in by them.

A page's address comes into them by itself: Django logs the path of each answer that is an error.
"""

import logging
import re
from typing import Any

_KEY = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^/\s\"'?#]+")
# Names of variables whose value is such a key, or a part of one. Error reports carry the variables of each frame.
VARIABLES = ("key", "temp_key", "reset_key")


def without_keys(text: str) -> str:
    return _KEY.sub(r"\1[hidden]", text)


class WithoutKeys(logging.Filter):
    """For a handler: what it writes has no key in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (shown := without_keys(said)) != said:
            record.msg, record.args = shown, ()
        return True


def scrub(event: Any, hint: Any = None) -> Any:
    """For Sentry's `before_send` and its like: the same event, in every text of it no key."""
    match event:
        case str():
            return without_keys(event)
        case dict():
            return {name: scrub(value) for name, value in event.items()}
        case list() | tuple():
            return [scrub(value) for value in event]
        case _:
            return event
