from django.db import migrations

import web.search_fields


class Migration(migrations.Migration):
    """Columns to search and sort by; the next one fills them."""

    dependencies = [("courses", "0001_course")]

    operations = [
        migrations.AddField(
            model_name="course",
            name="search_title",
            field=web.search_fields.SearchText(default="", of=("title",)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="course",
            name="search_text",
            field=web.search_fields.SearchText(default="", of=("title", "summary", "subject")),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="course",
            name="sort_key",
            field=web.search_fields.SortKey(default=b"", of=("title",)),
            preserve_default=False,
        ),
    ]
