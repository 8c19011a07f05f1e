"""A request keeps the step that it carries out; until now that was read out of its path and parameters again."""

from django.db import migrations, models
from django.db.models import JSONField, Value


class Migration(migrations.Migration):
    dependencies = [("billings", "0021_stored_state")]

    operations = [
        migrations.AddField(
            "StripeRequest",
            "step_fields",
            JSONField(db_default=Value({}, JSONField()), default=dict, help_text="The rest of it."),
        ),
        migrations.AlterField(
            "StripeRequest", "step", models.CharField(max_length=20, help_text="Its kind; see `stored_steps`.")
        ),
    ]
