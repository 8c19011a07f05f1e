"""Who looks after the sync, and when: workers' signs of life, the poll of events, the next compare."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billings", "0013_currency_options"),
    ]

    operations = [
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("compare_due_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="WorkerHeartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=255)),
                ("pid", models.PositiveIntegerField()),
                ("version", models.CharField(blank=True, max_length=64)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(help_text="In the database's time.")),
                ("stopped_at", models.DateTimeField(help_text="When it ended by itself.", null=True)),
                (
                    "stripe_ahead",
                    models.FloatField(help_text="Seconds that Stripe's clock is ahead of its machine's.", null=True),
                ),
                (
                    "database_ahead",
                    models.FloatField(default=0, help_text="Seconds that the database's clock is ahead of it."),
                ),
            ],
            options={
                "ordering": ["-seen_at"],
            },
        ),
        migrations.AddField(
            model_name="stripeevent",
            name="fetched",
            field=models.BooleanField(db_default=False, help_text="Read from Stripe's list, not delivered by it."),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="endpoints",
            field=models.JSONField(help_text="Empty: not known.", null=True),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="endpoints_checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="endpoints_error",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="look_pace",
            field=models.FloatField(default=0, help_text="Seconds between the last two looks."),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="next_look_at",
            field=models.DateTimeField(help_text="Also how long the poll under way is expected to take.", null=True),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="permissions",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="permissions_checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="stripekey",
            name="spare_looks",
            field=models.FloatField(default=1000, help_text="Reads left over for looking more often."),
        ),
    ]
