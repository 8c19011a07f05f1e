from typing import Any

from django.apps import AppConfig


class BillingsConfig(AppConfig):
    name = "billings"

    def ready(self) -> None:
        from django.contrib.auth.models import User
        from django.db.models.signals import post_migrate, post_save

        # Addresses are changed by allauth and by the admin, in code that is not ours.
        post_migrate.connect(_migrated, sender=self)
        post_save.connect(_user_saved, sender=User, dispatch_uid="billings")


def _user_saved(instance: Any, created: bool, raw: bool, update_fields: Any, **signal: Any) -> None:
    from billings.sync import desired

    if not created and not raw and (update_fields is None or "email" in update_fields):
        desired.rename_teacher(instance)


def _migrated(using: str, **signal: Any) -> None:
    from django.db import connections

    from billings.models import SEARCH

    SEARCH.restore(connections[using])
