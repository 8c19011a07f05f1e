from django.conf import settings
from django.db import migrations, models

from web.trigrams import AddTrigrams, Trigrams


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0006_kept_form'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='course',
            name='courses_owner_updated',
        ),
        migrations.RemoveIndex(
            model_name='course',
            name='courses_owner_status',
        ),
        migrations.RemoveIndex(
            model_name='course',
            name='courses_owner_sort',
        ),
        migrations.RemoveIndex(
            model_name='course',
            name='courses_sort',
        ),
        migrations.AddIndex(
            model_name='course',
            index=models.Index(fields=['owner', 'updated_at', 'id'], name='courses_owner_updated'),
        ),
        migrations.AddIndex(
            model_name='course',
            index=models.Index(fields=['owner', 'status', 'sort_key', 'id'], name='courses_owner_status'),
        ),
        migrations.AddIndex(
            model_name='course',
            index=models.Index(fields=['owner', 'sort_key', 'id'], name='courses_owner_sort'),
        ),
        AddTrigrams(Trigrams("courses_search", "courses_course", ("search_text",))),
    ]
