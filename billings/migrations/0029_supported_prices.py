"""A price that a course can express is called supported, as everywhere else."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billings", "0028_list_indexes")]

    operations = [migrations.RenameField("BillingPrice", "plain", "supported")]
