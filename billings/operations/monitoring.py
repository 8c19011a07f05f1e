"""Monitoring of the sync: worker, clocks, webhook endpoint, polling, and the key's permissions.

As shown on the Sync page, in one query.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billings import clock
from billings.models import StripeEvent, StripeKey, WorkerHeartbeat
from billings.stripe_api import endpoints, event_types, gateway, permissions
from billings.stripe_api.permissions import PERMISSIONS, Permission
from billings.sync import heartbeat
from web import times

WORKER_COLUMNS = ("id", "host", "pid", "seen_at", "stopped_at", "stripe_ahead", "database_ahead")
_DELIVERED = StripeEvent.objects.filter(fetched=False).order_by("-id")
_FOREIGN = (
    StripeEvent.objects.filter(is_foreign=True)
    .order_by()
    .values("is_foreign")
    .annotate(n=Count("pk"))
    .values_list("n", flat=True)
)


@dataclass(frozen=True, slots=True)
class PermissionLine:
    permission: Permission
    granted: bool | None
    why: str

    @property
    def words(self) -> str:
        if self.granted is None:
            return _("not tested yet")
        if self.granted:
            return _("allowed")
        return _("missing") if self.permission.is_required else _("not allowed")

    @property
    def is_bad(self) -> bool:
        return self.granted is False and self.permission.is_required


@dataclass(frozen=True, slots=True)
class Monitoring:
    worker: WorkerHeartbeat | None
    key: StripeKey | None
    last_webhook: datetime | None
    foreign: int
    now: datetime

    @property
    def worker_is_alive(self) -> bool:
        return self.worker is not None and heartbeat.is_alive(self.worker, self.now)

    @property
    def worker_words(self) -> str:
        if self.worker is None:
            return _("No worker has ever been seen.")
        if not self.worker_is_alive:
            return _("No worker has been seen since %(time)s.") % {"time": self._at(self.worker.seen_at)}
        facts = {"host": self.worker.host, "pid": self.worker.pid, "time": self._at(self.worker.seen_at)}
        return _("Seen at %(time)s on %(host)s, process %(pid)d.") % facts

    @property
    def clock_words(self) -> list[str]:
        """A sentence for each clock that differs by more than the precision of the measurement."""
        said = []
        if (own := clock.stripe_ahead()) is not None:
            said.append(_difference(_("The clock of the web server"), _("Stripe's"), own))
        said.append(_difference(_("The clock of the web server"), _("the database's"), clock.database_ahead()))
        if self.worker is not None and self.worker_is_alive:
            whose = _("The clock of %(host)s, where the worker runs,") % {"host": self.worker.host}
            said.append(_difference(whose, _("Stripe's"), self.worker.stripe_ahead or 0.0))
            said.append(_difference(whose, _("the database's"), self.worker.database_ahead))
        return [sentence for sentence in said if sentence]

    @property
    def polls(self) -> bool:
        return bool(settings.EVENTS_POLL_SECONDS)

    @property
    def looked_words(self) -> str:
        if not self.polls:
            return _("not read: EVENTS_POLL_SECONDS is 0")
        if self.key is None or self.key.looked_at is None:
            return _("not read yet")
        return _("read at %(time)s") % {"time": self._at(self.key.looked_at)}

    @property
    def permissions(self) -> list[PermissionLine]:
        tested = self.key.permissions if self.key else {}
        lines = []
        for one in PERMISSIONS:
            result = tested.get(one.name, {})
            lines.append(PermissionLine(one, result.get("granted"), result.get("why", "")))
        return lines

    @property
    def is_restricted(self) -> bool:
        return permissions.is_restricted()

    @property
    def permissions_checked(self) -> str:
        checked_at = self.key.permissions_checked_at if self.key else None
        return self._at(checked_at) if checked_at else ""

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """This portal's endpoint as Stripe knows it."""
        known = (self.key.endpoints if self.key else None) or []
        return next((one for one in known if endpoints.is_ours(one["url"])), None)

    @property
    def endpoint_words(self) -> str:
        if self.key is None or self.key.endpoints_checked_at is None:
            return _("Whether Stripe knows this portal's webhook endpoint has not been asked yet.")
        if self.key.endpoints is None:
            return _("The key may not see which webhook endpoints Stripe knows.")
        if self.endpoint is None:
            return _("Stripe knows no webhook endpoint at %(url)s.") % {"url": endpoints.url()}
        if self.endpoint["status"] != "enabled":
            return _("The webhook endpoint is switched off in Stripe.")
        if self.missing_events:
            names = ", ".join(self.missing_events)
            return _("The webhook endpoint is not told of: %(events)s.") % {"events": names}
        return _("Stripe sends its messages to %(url)s.") % {"url": self.endpoint["url"]}

    @property
    def foreign_words(self) -> str:
        """Events of another account or mode, which were ignored; empty if none came."""
        return (
            ngettext(
                "%(n)d message of another Stripe account, or of the other mode (test or live), was not read.",
                "%(n)d messages of another Stripe account, or of the other mode (test or live), were not read.",
                self.foreign,
            )
            % {"n": self.foreign}
            if self.foreign
            else ""
        )

    @property
    def missing_events(self) -> list[str]:
        return endpoints.missing_events(self.endpoint["enabled_events"] if self.endpoint else [])

    @property
    def endpoint_is_good(self) -> bool:
        return bool(self.endpoint and self.endpoint["status"] == "enabled" and not self.missing_events)

    @property
    def can_register(self) -> bool:
        return bool(settings.SITE_IS_PUBLIC) and not self.endpoint_is_good

    @property
    def needed_events(self) -> str:
        return ", ".join(event_types.handled_types())

    def as_json(self) -> dict[str, Any]:
        return {
            "last_webhook": self.last_webhook,
            "foreign_messages": self.foreign,
            "worker": {
                "alive": self.worker_is_alive,
                "seen_at": self.worker.seen_at if self.worker else None,
                "words": self.worker_words,
            },
            "clocks": self.clock_words,
            "events": {"looked_at": self.key.looked_at if self.key else None, "words": self.looked_words},
            "webhook_endpoint": {
                "registered": self.endpoint_is_good,
                "words": self.endpoint_words,
                "needed_events": event_types.handled_types(),
            },
            "permissions": {line.permission.name: line.granted for line in self.permissions},
        }

    def _at(self, moment: datetime) -> str:
        """A time today, or with its date; with its zone in either case."""
        return times.clock(moment, self.now)


def _difference(whose: str, others: str, ahead: float) -> str:
    """Empty if it is negligible; `ahead`: seconds by which the other clock is ahead."""
    seconds = abs(round(ahead))
    if seconds <= clock.TOLERATED_SECONDS:
        return ""
    facts = {"whose": whose, "others": others, "n": seconds}
    if ahead > 0:
        return (
            ngettext(
                "%(whose)s is %(n)d second behind %(others)s. Set it by NTP.",
                "%(whose)s is %(n)d seconds behind %(others)s. Set it by NTP.",
                seconds,
            )
            % facts
        )
    return (
        ngettext(
            "%(whose)s is %(n)d second ahead of %(others)s. Set it by NTP.",
            "%(whose)s is %(n)d seconds ahead of %(others)s. Set it by NTP.",
            seconds,
        )
        % facts
    )


def monitoring() -> Monitoring:
    """One query, and three more if Stripe was never asked with the present key."""
    now = clock.now()
    workers = heartbeat.in_order(now)
    columns = {f"worker_{name}": Subquery(workers.values(name)[:1]) for name in WORKER_COLUMNS}
    newest = Subquery(_DELIVERED.values("received_at")[:1])
    keys = StripeKey.objects.filter(pk=gateway.key_fingerprint()).annotate(last_webhook=newest, **columns)
    key = keys.annotate(foreign=Coalesce(Subquery(_FOREIGN), 0)).first()
    if key is None:
        last = _DELIVERED.values_list("received_at", flat=True).first()
        foreign = _FOREIGN.first() or 0
        return Monitoring(worker=heartbeat.last(), key=None, last_webhook=last, foreign=foreign, now=now)
    worker = WorkerHeartbeat(**{name: getattr(key, f"worker_{name}") for name in WORKER_COLUMNS})
    return Monitoring(
        worker=worker if worker.pk else None, key=key, last_webhook=key.last_webhook, foreign=key.foreign, now=now
    )
