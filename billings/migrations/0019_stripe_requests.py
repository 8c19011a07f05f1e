"""One word per idea: a call is a Stripe request, a refusal a rejection, ours and theirs the local and remote value."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import CASCADE, F, Q

OUTCOMES = {"": "open", "ok": "succeeded", "refused": "rejected", "unclear": "indeterminate"}


def rename_outcomes(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _replace(apps, OUTCOMES)


def rename_outcomes_back(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _replace(apps, {new: old for old, new in OUTCOMES.items()})


def _replace(apps: Apps, outcomes: dict[str, str]) -> None:
    requests = apps.get_model("billings", "StripeRequest")
    for before, after in outcomes.items():
        requests.objects.filter(outcome=before).update(outcome=after)


class Migration(migrations.Migration):
    dependencies = [("billings", "0018_task_paths")]

    operations = [
        # What is told in terms of a column is made again around its renaming.
        migrations.RemoveConstraint("StripeCall", "billings_one_open_call"),
        migrations.RemoveConstraint("Refusal", "billings_one_refusal"),
        migrations.RemoveConstraint("BillingProduct", "billings_product_reads"),
        migrations.RemoveIndex("BillingProduct", "billings_product_due"),
        migrations.RenameModel("StripeCall", "StripeRequest"),
        migrations.RenameModel("Refusal", "Rejection"),
        migrations.RenameField("StripeRequest", "settled_at", "resolved_at"),
        migrations.RenameField("Rejection", "call", "request"),
        migrations.RenameField("BillingProduct", "reads_wanted", "reads_requested"),
        migrations.RenameField("Drift", "ours", "local_value"),
        migrations.RenameField("Drift", "theirs", "remote_value"),
        migrations.AlterField(
            "StripeRequest", "product", models.ForeignKey("billings.BillingProduct", CASCADE, related_name="requests")
        ),
        migrations.AlterField(
            "Rejection", "product", models.ForeignKey("billings.BillingProduct", CASCADE, related_name="rejections")
        ),
        migrations.AlterField(
            "Rejection", "request", models.ForeignKey("billings.StripeRequest", CASCADE, related_name="rejections")
        ),
        migrations.AlterField(
            "StripeRequest",
            "outcome",
            models.CharField(
                max_length=20, choices=[(value, value.capitalize()) for value in OUTCOMES.values()], default="open"
            ),
        ),
        migrations.AlterField(
            "BillingProduct",
            "stripe_id",
            models.CharField(blank=True, help_text="Chosen by us, stored before the first request.", max_length=255),
        ),
        migrations.AlterField(
            "StrayProduct",
            "archive_key",
            models.CharField(blank=True, help_text="Of the request that archives it, while open.", max_length=255),
        ),
        migrations.AlterField(
            "StripeEvent",
            "is_foreign",
            models.BooleanField(db_default=False, help_text="Not of our mode or account, when it was classified."),
        ),
        migrations.AlterField(
            "StripeKey",
            "events_until",
            models.BigIntegerField(
                help_text="Events up to then, in Stripe's time, were compared with our requests.", null=True
            ),
        ),
        migrations.AddIndex(
            "BillingProduct",
            models.Index(
                name="billings_product_due",
                fields=["next_attempt_at"],
                condition=~Q(generation=F("observed_generation")) | ~Q(reads_requested=F("reads_done")),
            ),
        ),
        migrations.AddConstraint(
            "BillingProduct",
            models.CheckConstraint(name="billings_product_reads", condition=Q(reads_done__lte=F("reads_requested"))),
        ),
        migrations.AddConstraint(
            "Rejection", models.UniqueConstraint(name="billings_one_rejection", fields=["product", "field"])
        ),
        migrations.AddConstraint(
            "StripeRequest",
            models.UniqueConstraint(
                name="billings_one_open_request", fields=["product"], condition=Q(resolved_at__isnull=True)
            ),
        ),
        migrations.RunPython(rename_outcomes, rename_outcomes_back),
    ]
