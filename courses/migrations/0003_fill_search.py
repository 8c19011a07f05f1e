from django.db import migrations, transaction

from web.search import fold, sort_key

BATCH = 2_000


def fill(apps, schema_editor):
    """In transactions of their own, so that people can save meanwhile; broken off, it goes on where it stopped."""
    course, connection = apps.get_model("courses", "Course"), schema_editor.connection
    table = connection.ops.quote_name(course._meta.db_table)
    update = f"UPDATE {table} SET search_title = %s, search_text = %s, sort_key = %s WHERE id = %s"  # noqa: S608
    empty = course.objects.using(connection.alias).filter(sort_key=b"").order_by("pk")
    while rows := list(empty.values_list("pk", "title", "summary", "subject")[:BATCH]):
        values = [
            (
                fold(title),
                fold(f"{title}\n{summary}\n{subject}"),
                sort_key(title),
                course._meta.pk.get_db_prep_value(pk, connection),
            )
            for pk, title, summary, subject in rows
        ]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.executemany(update, values)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("courses", "0002_search")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
