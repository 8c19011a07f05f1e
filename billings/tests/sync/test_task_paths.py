"""Tasks enqueued before modules moved are run by the new code."""

from importlib import import_module

import pytest
from django.apps import apps
from django_tasks_db.models import DBTaskResult

from billings.sync.tasks import converge_product

moved = import_module("billings.migrations.0018_task_paths")


@pytest.mark.django_db
def test_a_task_that_waits_is_found_where_its_module_went_and_back():
    waiting = DBTaskResult.objects.get(pk=converge_product.enqueue("1").id)
    assert waiting.task_path == "billings.sync.tasks.converge_product"

    moved.move_back(apps, None)
    waiting.refresh_from_db()
    assert waiting.task_path == "billings.tasks.converge_product"

    moved.move(apps, None)
    waiting.refresh_from_db()
    assert waiting.task.func is converge_product.func
