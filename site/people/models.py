"""What is stored for sign-in: sessions, and the counters of the rate limits."""

from datetime import datetime

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import SessionManager
from django.db import models
from django.utils import timezone


class Session(AbstractBaseSession):
    """A session with its user, so that people can see and end their sessions.

    The columns beyond Django's describe its last use, to within a few minutes (see `sessions`).
    """

    # No constraint: saving a session must not fail while its user is being deleted.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_constraint=False, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    objects = SessionManager()  # type: ignore[misc]  # the stubs have it as a class variable

    class Meta(AbstractBaseSession.Meta):
        pass

    def expires_at(self, now: datetime) -> datetime:
        """When a signed-in session ends if it is not used after `now`."""
        return min(self.since + settings.SESSION_LENGTH, now + settings.SESSION_IDLE)


class CacheEntry(models.Model):
    """The table of Django's database cache, with the columns that it expects."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "people_cache"

    def __str__(self) -> str:
        return self.cache_key
