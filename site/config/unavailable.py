"""The database, the cache or the disk is away, locked, full or read-only: how that is told from code that is wrong."""

import errno
import sys

from django.db import InterfaceError, InternalError, OperationalError

# In a request's `META`, with the reason, where the front cannot let it wait any longer.
WAITED_FOR = "portal.waited_for"
NO_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
READ_ONLY_TRANSACTION = "25006"  # PostgreSQL's code, on a standby or a database that was made read-only


def is_unavailable(error: BaseException | None) -> bool:
    """Whether this says that data cannot be read or written now, rather than that the code is wrong."""
    if isinstance(error, OSError):
        return error.errno in NO_DISK
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", None) == READ_ONLY_TRANSACTION
    # Loaded only where CACHE_URL is one; without the counts of the limits nobody's password is looked at.
    redis = sys.modules.get("redis.exceptions")
    return isinstance(error, (OperationalError, InterfaceError, *((redis.RedisError,) if redis else ())))


def in_one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
