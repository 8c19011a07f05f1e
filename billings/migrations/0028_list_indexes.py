from django.conf import settings
from django.db import migrations
from django.db.models import Index
from django.db.models.deletion import PROTECT

import billings.models
from web.trigrams import AddTrigrams, Trigrams

TABLE = "billings_billingproduct"


def order_nulls(apps, schema_editor):
    """SQLite takes what is empty for the smallest by itself, PostgreSQL for the largest."""
    if schema_editor.connection.vendor == "postgresql":
        columns = "price_changed_at ASC NULLS FIRST, sort_key, id"
        schema_editor.execute(f"CREATE INDEX billings_product_changed_nulls ON {TABLE} ({columns})")


def order_nulls_no_more(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX billings_product_changed_nulls")


def index(name, *fields):
    return migrations.AddIndex("billingproduct", Index(name=f"billings_product_{name}", fields=fields))


class Migration(migrations.Migration):
    dependencies = [("billings", "0027_fill_listed")]

    operations = [
        migrations.AlterField(
            "billingproduct",
            "owner",
            billings.models.OwnerKey(
                settings.AUTH_USER_MODEL, db_index=False, editable=False, on_delete=PROTECT, related_name="+"
            ),
        ),
        migrations.RemoveIndex("billingproduct", "billings_product_status_amount"),
        migrations.RemoveIndex("billingproduct", "billings_product_changed"),
        index("counts", "state", "desired_status", "sold_in"),
        index("own", "owner", "desired_status", "state"),
        index("title", "sort_key", "id"),
        index("state", "state", "sort_key", "id"),
        index("status", "desired_status", "sort_key", "id"),
        index("teacher", "teacher", "sort_key", "id"),
        index("price", "sold_in", "desired_unit_amount", "sort_key", "id"),
        index("sold_in", "sold_in", "sort_key", "id"),
        index("changed", "price_changed_at", "sort_key", "id"),
        index("own_price", "owner", "sold_in", "desired_unit_amount", "sort_key", "id"),
        migrations.RunPython(order_nulls, order_nulls_no_more),
        AddTrigrams(Trigrams("billings_product_search", TABLE, ("search_title", "teacher"))),
    ]
