"""A database that is older than Stripe."""

from typing import Any

from django.db import transaction


class _Restored(Exception):
    pass


class older_afterwards:  # noqa: N801  # reads as a verb
    """What is done inside stays done in Stripe, and is forgotten here: a backup is restored."""

    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        restored = _Restored()
        self.atomic.__exit__(kind or _Restored, error or restored, trace)
