"""When a call's key was made, by Stripe's clock: how long Stripe remembers it must not depend on a clock of ours."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0011_missed_fetched_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="stripecall",
            name="key_made_at",
            field=models.DateTimeField(help_text="In Stripe's own time; empty where that was not known.", null=True),
        ),
        migrations.AlterField(
            model_name="stripekey",
            name="looked_at",
            field=models.DateTimeField(help_text="When somebody last compared them, in Stripe's time.", null=True),
        ),
    ]
