"""Tasks that wait are found by their module's name, and the modules have moved."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MOVED = {
    "billings.tasks.converge_product": "billings.sync.tasks.converge_product",
    "billings.sync_tasks.compare": "billings.operations.tasks.compare",
    "billings.sync_tasks.restore": "billings.operations.tasks.restore",
}


def move(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _rename(apps, MOVED)


def move_back(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _rename(apps, {new: old for old, new in MOVED.items()})


def _rename(apps: Apps, paths: dict[str, str]) -> None:
    tasks = apps.get_model("django_tasks_database", "DBTaskResult")
    for before, after in paths.items():
        tasks.objects.filter(task_path=before).update(task_path=after)


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0017_housekeeping_due"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(move, move_back)]
