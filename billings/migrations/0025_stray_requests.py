"""The key of a stray product that is being archived is that of a request, like every other key."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def move_to_requests(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    requests: Any = apps.get_model("billings", "StripeRequest")
    strays: Any = apps.get_model("billings", "StrayProduct")
    requests.objects.bulk_create(
        requests(
            stray=stray,
            key=stray.archive_key,
            step="archive_stray",
            path=f"/v1/products/{stray.stripe_id}",
            params={"active": False},
            account=stray.account,
            livemode=stray.livemode,
        )
        for stray in strays.objects.exclude(archive_key="")
    )


def move_to_strays(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    model: Any = apps.get_model("billings", "StripeRequest")
    requests = model.objects.filter(stray__isnull=False)
    for request in requests.filter(resolved_at=None).select_related("stray"):
        request.stray.archive_key = request.key
        request.stray.save(update_fields=["archive_key"])
    requests.delete()


class Migration(migrations.Migration):
    dependencies = [("billings", "0024_request_subject")]

    operations = [
        migrations.RunPython(move_to_requests, move_to_strays),
        migrations.RemoveField("StrayProduct", "archive_key"),
    ]
