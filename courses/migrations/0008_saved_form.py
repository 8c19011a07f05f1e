"""What was typed before a session expired is a saved form, as the module that keeps it is called."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("courses", "0007_list_indexes")]

    operations = [migrations.RenameModel("KeptForm", "SavedForm")]
