"""When what Stripe could not deliver was last fetched: that an event is known here does not say that older ones are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0010_binding"),
    ]

    operations = [
        migrations.AddField(
            model_name="stripekey",
            name="missed_fetched_at",
            field=models.DateTimeField(
                help_text="When a fetch of what Stripe could not deliver, one that ended well, began.", null=True
            ),
        ),
    ]
