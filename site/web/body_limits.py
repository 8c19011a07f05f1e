"""How large a request body may be, by URL: small, unless the view declares more."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, resolve

KILOBYTE, MEGABYTE = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The largest body in bytes, and whether it may hold files."""

    bytes: int
    files: bool = False


ORDINARY = BodyLimit(64 * KILOBYTE)


def takes_up_to[View: Callable[..., Any]](size: int, *, files: bool = False) -> Callable[[View], View]:
    """Give a view a limit of its own; decorators around it must use `functools.wraps`."""

    def limited(view: View) -> View:
        view.body_limit = BodyLimit(size, files)  # type: ignore[attr-defined]  # functions take any attribute
        return view

    return limited


def limit_of(path: str) -> BodyLimit:
    """The limit of the view at this path, or the ordinary one if there is none."""
    return _limit_of(path) if len(path) < KILOBYTE else ORDINARY


@lru_cache(maxsize=1024)
def _limit_of(path: str) -> BodyLimit:
    try:
        view = resolve(path).func
    except Resolver404:
        return ORDINARY
    limit: BodyLimit = getattr(view, "body_limit", ORDINARY)
    return limit
