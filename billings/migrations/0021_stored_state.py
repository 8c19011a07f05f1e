from django.db import migrations, models
from django.db.models import Case, F, GeneratedField, Q, Value, When

STATE = Case(
    When(Q(trouble__in=("key", "permission", "account")) | Q(has_rejection=True), then=Value("attention")),
    When(has_drift=True, then=Value("drift")),
    When(~Q(trouble=""), then=Value("retrying")),
    When(generation__gt=F("observed_generation"), then=Value("pending")),
    When(desired_status="archived", then=Value("archived")),
    When(desired_unit_amount__isnull=True, then=Value("free")),
    default=Value("in_sync"),
)


def fill(apps, schema_editor):
    """The two columns that are about other rows; the state follows them by itself."""
    products = apps.get_model("billings", "BillingProduct").objects.using(schema_editor.connection.alias)
    drifts = apps.get_model("billings", "Drift").objects.using(schema_editor.connection.alias)
    rejections = apps.get_model("billings", "Rejection").objects.using(schema_editor.connection.alias)
    products.filter(pk__in=drifts.filter(closed_at=None).values("product")).update(has_drift=True)
    products.filter(pk__in=rejections.values("product")).update(has_rejection=True)


class Migration(migrations.Migration):

    dependencies = [
        ('billings', '0020_tax_fields'),
    ]

    operations = [
        migrations.AddField(
            model_name='billingproduct',
            name='has_drift',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='One is open.'),
        ),
        migrations.AddField(
            model_name='billingproduct',
            name='has_rejection',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='billingproduct',
            name='state',
            field=GeneratedField(expression=STATE, output_field=models.CharField(max_length=10), db_persist=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
