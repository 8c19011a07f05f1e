"""What is kept of those who come in: their sessions, and the counts of the limits."""

from datetime import datetime

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import SessionManager
from django.db import models
from django.utils import timezone


class Session(AbstractBaseSession):
    """A session that says whose it is, so that a person can see theirs and end them.

    The columns beside Django's own are of the last time that it was seen (at most a few minutes ago, see `sessions`).
    """

    # No constraint: a session that is saved while its person is being deleted must not fail.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_constraint=False, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    objects = SessionManager()  # type: ignore[misc]  # the stubs have it as a class variable

    class Meta(AbstractBaseSession.Meta):
        pass

    def expires_at(self, now: datetime) -> datetime:
        """The end of a signed-in person's session that is used now and then no more."""
        return min(self.since + settings.SESSION_LENGTH, now + settings.SESSION_IDLE)


class CacheEntry(models.Model):
    """The table of Django's cache in the database, with the columns that it expects."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "people_cache"

    def __str__(self) -> str:
        return self.cache_key
