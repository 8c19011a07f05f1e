"""A request is about one subject of several kinds: a product, or a stray one that is archived in Stripe."""

from django.db import migrations, models
from django.db.models import CASCADE, Q


class Migration(migrations.Migration):
    dependencies = [("billings", "0023_fill_step_fields")]

    operations = [
        migrations.AlterField(
            "StripeRequest",
            "product",
            models.ForeignKey("billings.BillingProduct", CASCADE, null=True, related_name="requests"),
        ),
        migrations.AddField(
            "StripeRequest",
            "stray",
            models.ForeignKey("billings.StrayProduct", CASCADE, null=True, related_name="requests"),
        ),
        migrations.AlterField(
            "StripeRequest",
            "generation",
            models.PositiveBigIntegerField(default=0, help_text="Of a product: the one planned for."),
        ),
        migrations.AddConstraint(
            "StripeRequest",
            models.UniqueConstraint(
                name="billings_one_open_request_of_stray", fields=["stray"], condition=Q(resolved_at__isnull=True)
            ),
        ),
        migrations.AddConstraint(
            "StripeRequest",
            models.CheckConstraint(
                name="billings_request_one_subject",
                condition=Q(product__isnull=False, stray__isnull=True) | Q(product__isnull=True, stray__isnull=False),
            ),
        ),
    ]
