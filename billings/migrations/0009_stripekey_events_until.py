"""Until when events were compared with our calls: a restored backup is recognised by the calls it forgot."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0008_sent_generation"),
    ]

    operations = [
        migrations.AddField(
            model_name="stripekey",
            name="events_until",
            field=models.BigIntegerField(
                help_text="Until then, in Stripe's time, its events were compared with our calls; see `backups`.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="looked_at",
            field=models.DateTimeField(help_text="When somebody last compared them.", null=True),
        ),
    ]
