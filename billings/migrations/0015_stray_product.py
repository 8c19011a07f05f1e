import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep what a compare finds in Stripe that no course sells by, so that staff can do something about each."""

    dependencies = [
        ("billings", "0014_watching"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StrayProduct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=255)),
                ("livemode", models.BooleanField()),
                ("stripe_id", models.CharField(max_length=255)),
                ("name", models.TextField(blank=True)),
                (
                    "course_id",
                    models.CharField(blank=True, help_text="As its metadata says; empty: foreign.", max_length=500),
                ),
                ("active", models.BooleanField()),
                ("seen_at", models.DateTimeField()),
                (
                    "handled",
                    models.CharField(
                        blank=True,
                        choices=[("", "No"), ("not_ours", "Not Ours"), ("archived", "Archived")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "archive_key",
                    models.CharField(
                        blank=True, help_text="Of the call that archives it, while open.", max_length=255
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "livemode", "stripe_id"), name="billings_one_stray")
                ],
            },
        ),
    ]
