from django.conf import settings
from django.db import migrations, models
from django.db.models import Case, F, GeneratedField, Value, When
from django.db.models.deletion import PROTECT

import billings.models
import web.search_fields


class Migration(migrations.Migration):
    """Columns that lists sort and count by; the next one fills them."""

    dependencies = [("billings", "0025_stray_requests")]

    operations = [
        migrations.AddField(
            "billingproduct",
            "owner",
            billings.models.OwnerKey(
                settings.AUTH_USER_MODEL, null=True, db_index=False, editable=False, on_delete=PROTECT, related_name="+"
            ),
        ),
        migrations.AddField(
            "billingproduct",
            "teacher",
            billings.models.TeacherText(max_length=300, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            "billingproduct",
            "sort_key",
            web.search_fields.SortKey(default=b"", of=("desired_name",)),
            preserve_default=False,
        ),
        migrations.AddField(
            "billingproduct",
            "search_title",
            web.search_fields.SearchText(default="", of=("desired_name",)),
            preserve_default=False,
        ),
        migrations.AddField(
            "billingproduct",
            "sold_in",
            GeneratedField(
                expression=Case(When(desired_unit_amount__isnull=True, then=Value("")), default=F("desired_currency")),
                output_field=models.CharField(max_length=3),
                db_persist=True,
                help_text="The currency; empty: free.",
            ),
        ),
    ]
