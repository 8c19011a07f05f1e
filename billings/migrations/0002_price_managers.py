"""The group whose members manage the prices of every course."""

from django.db import migrations

GROUP = "Price managers"


def make_group(apps, schema_editor):
    # Django makes permissions only after all migrations have run; this one is needed now.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    content_type, _ = ContentType.objects.get_or_create(app_label="billings", model="billingproduct")
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type,
        codename="manage_prices",
        defaults={"name": "Can manage the prices of every course"},
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    group.permissions.add(permission)


def remove_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0001_billing"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_group, remove_group)]
