from django.db import migrations, models


class Migration(migrations.Migration):
    """Remember what else a price sells at; of prices that are here already, the next compare finds out."""

    dependencies = [("billings", "0012_key_made_at")]

    operations = [
        migrations.AddField(
            model_name="billingprice",
            name="currency_options",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What it also sells at, by currency, as Stripe has it; its own left out.",
            ),
        ),
    ]
