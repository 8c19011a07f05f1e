"""Tell an unavailable database, cache or disk (away, locked, full, read-only) from an error in the code."""

import errno
import sys

from django.db import InterfaceError, InternalError, OperationalError

# Key in a request's `META`: the reason why a request cannot be served now.
UNAVAILABLE_REASON = "portal.unavailable_reason"
NO_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
READ_ONLY_TRANSACTION = "25006"  # PostgreSQL's code, on a standby or a database made read-only


def is_unavailable(error: BaseException | None) -> bool:
    """Whether this error says that data cannot be read or written now, rather than that the code is wrong."""
    if isinstance(error, OSError):
        return error.errno in NO_DISK
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", None) == READ_ONLY_TRANSACTION
    # Loaded only if CACHE_URL is a Redis; without the rate limits' counts no password is checked.
    redis = sys.modules.get("redis.exceptions")
    return isinstance(error, (OperationalError, InterfaceError, *((redis.RedisError,) if redis else ())))


def in_one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
