from typing import Any

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        post_migrate.connect(_migrated, sender=self)


def _migrated(using: str, **signal: Any) -> None:
    from django.db import connections

    from courses.models import SEARCH

    SEARCH.restore(connections[using])
