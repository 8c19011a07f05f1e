from django.db import migrations, models


class Migration(migrations.Migration):
    """For the order by title: a teacher's own courses, and everybody's."""

    dependencies = [("courses", "0003_fill_search")]

    operations = [
        migrations.AddIndex(
            model_name="course",
            index=models.Index(fields=["owner", "sort_key"], name="courses_owner_sort"),
        ),
        migrations.AddIndex(
            model_name="course",
            index=models.Index(fields=["sort_key", "id"], name="courses_sort"),
        ),
    ]
