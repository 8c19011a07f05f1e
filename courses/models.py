"""The course. Its price is stored in `billings` only, on `course.billing`."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from web.search_fields import SearchText, SortKey, following
from web.trigrams import Trigrams

TITLE_LENGTH = 120
SUMMARY_LENGTH = 200
DESCRIPTION_LENGTH = 20_000
SUBJECT_LENGTH = 60

models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)


# The folder of the pictures.
COVERS = "covers"


def cover_path(course: "Course", filename: str) -> str:
    """An unguessable name that is never reused, so that browsers can cache the picture for ever."""
    return f"{COVERS}/{uuid.uuid4().hex}.{filename.rpartition('.')[2]}"


# What a teacher searches by.
SEARCH = Trigrams("courses_search", "courses_course", ("search_text",))


class Course(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    class Level(models.TextChoices):
        ALL = "all", _("All levels")
        BEGINNER = "beginner", _("Beginner")
        INTERMEDIATE = "intermediate", _("Intermediate")
        ADVANCED = "advanced", _("Advanced")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="courses")
    title = models.CharField(max_length=TITLE_LENGTH)
    summary = models.CharField(max_length=SUMMARY_LENGTH, blank=True)
    description = models.TextField(max_length=DESCRIPTION_LENGTH, blank=True)
    subject = models.CharField(max_length=SUBJECT_LENGTH, blank=True)
    level = models.CharField(max_length=12, choices=Level, default=Level.ALL)
    language = models.CharField(max_length=35, default="en", help_text="BCP 47")
    cover = models.ImageField(upload_to=cover_path, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    # The status that `restore` returns to; set exactly while the course is archived.
    status_before_archive = models.CharField(max_length=10, choices=Status, blank=True)
    # For search and sorting; computed from the text on save.
    search_title = SearchText(of=("title",))
    search_text = SearchText(of=("title", "summary", "subject"))
    sort_key = SortKey(of=("title",))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="courses_title_length", condition=Q(title__length__gte=1, title__length__lte=TITLE_LENGTH)
            ),
            models.CheckConstraint(name="courses_summary_length", condition=Q(summary__length__lte=SUMMARY_LENGTH)),
            models.CheckConstraint(
                name="courses_description_length", condition=Q(description__length__lte=DESCRIPTION_LENGTH)
            ),
            models.CheckConstraint(
                name="courses_level", condition=Q(level__in=["all", "beginner", "intermediate", "advanced"])
            ),
            models.CheckConstraint(
                name="courses_status",
                condition=Q(status__in=["draft", "published"], status_before_archive="")
                | Q(status="archived", status_before_archive__in=["draft", "published"]),
            ),
            models.CheckConstraint(
                name="courses_published_is_presentable", condition=~Q(status="published", summary="")
            ),
        ]
        indexes = [
            models.Index(name="courses_owner_updated", fields=["owner", "updated_at", "id"]),
            models.Index(name="courses_owner_status", fields=["owner", "status", "sort_key", "id"]),
            models.Index(name="courses_owner_sort", fields=["owner", "sort_key", "id"]),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, update_fields: Any = None, **options: Any) -> None:
        if update_fields is not None:
            update_fields = {*update_fields, *following(self, update_fields)}
        super().save(*args, update_fields=update_fields, **options)

    def get_absolute_url(self) -> str:
        return reverse("courses:edit", args=[self.id])


class SavedForm(models.Model):
    """A form submitted after the session had expired; see `saved_forms`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.CharField(max_length=45, help_text="Whence it came; of IPv6 the network.")
    page = models.CharField(max_length=100)
    writer = models.PositiveBigIntegerField(null=True, help_text="Who alone may see it again; empty: nobody.")
    fields = models.JSONField()
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(name="courses_kept_address", fields=["address"]),
            models.Index(name="courses_kept_at", fields=["kept_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.page} at {self.kept_at}"
