"""Sign-in links sent by email, kept out of logs and error reports: their readers must not be able to use them.

A link's path gets there by itself: Django logs the path of every error response.
"""

import logging
import re
from typing import Any

_KEY = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^/\s\"'?#]+")
# Names of variables that hold such a key or a part of it. Error reports carry the local variables of each frame.
VARIABLES = ("key", "temp_key", "reset_key")


def without_keys(text: str) -> str:
    return _KEY.sub(r"\1[hidden]", text)


class WithoutKeys(logging.Filter):
    """For a handler: removes keys from what it writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (shown := without_keys(message)) != message:
            record.msg, record.args = shown, ()
        return True


def scrub(event: Any, hint: Any = None) -> Any:
    """For Sentry's `before_send` and similar hooks: the same event with the keys removed from every text."""
    match event:
        case str():
            return without_keys(event)
        case dict():
            return {name: scrub(value) for name, value in event.items()}
        case list() | tuple():
            return [scrub(value) for value in event]
        case _:
            return event
