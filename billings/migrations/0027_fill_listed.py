from django.db import migrations, transaction

from web.search import fold, sort_key

BATCH = 2_000
EMPTY = {"owner": None}


def fill(apps, schema_editor):
    """In transactions of their own, so that people can save meanwhile; broken off, it goes on where it stopped."""
    product, connection = apps.get_model("billings", "BillingProduct"), schema_editor.connection
    table = connection.ops.quote_name(product._meta.db_table)
    update = f"UPDATE {table} SET owner_id = %s, teacher = %s, sort_key = %s, search_title = %s WHERE id = %s"  # noqa: S608
    empty = product.objects.using(connection.alias).filter(**EMPTY).order_by("pk")
    columns = ("pk", "desired_name", "course__owner", "course__owner__email")
    while rows := list(empty.values_list(*columns)[:BATCH]):
        values = [
            (owner, fold(email), sort_key(name), fold(name), product._meta.pk.get_db_prep_value(pk, connection))
            for pk, name, owner, email in rows
        ]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.executemany(update, values)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billings", "0026_listed")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
