from itertools import islice

import django.contrib.sessions.models
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models

BATCH = 1000


def take_over(apps, schema_editor):
    """Who is signed in stays so; Django's own table does not say whose a session is, but what is kept in it does."""
    theirs, ours = apps.get_model("sessions", "Session"), apps.get_model("people", "Session")
    now = django.utils.timezone.now()
    open_ones = theirs.objects.filter(expire_date__gt=now).order_by("pk")
    sessions = open_ones.values("session_key", "session_data", "expire_date").iterator(BATCH)
    while rows := list(islice(sessions, BATCH)):
        users = [SessionStore().decode(row["session_data"]).get(USER_KEY) for row in rows]
        ours.objects.bulk_create(ours(**row, user_id=user) for row, user in zip(rows, users, strict=True))
    theirs.objects.all().delete()


def give_back(apps, schema_editor):
    theirs, ours = apps.get_model("sessions", "Session"), apps.get_model("people", "Session")
    sessions = ours.objects.order_by("pk").values("session_key", "session_data", "expire_date").iterator(BATCH)
    while batch := [theirs(**row) for row in islice(sessions, BATCH)]:
        theirs.objects.bulk_create(batch)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("sessions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "people_cache"},
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("agent", models.CharField(blank=True, max_length=200)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
            managers=[("objects", django.contrib.sessions.models.SessionManager())],
        ),
        migrations.RunPython(take_over, give_back),
    ]
