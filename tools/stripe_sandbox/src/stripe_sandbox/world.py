"""Wires up everything that one sandbox consists of."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_sandbox import endpoints
from stripe_sandbox.accounts import DEFAULT_ACCOUNT, Keyring, Realm
from stripe_sandbox.calls import Calls
from stripe_sandbox.clock import Clock
from stripe_sandbox.context import Context
from stripe_sandbox.events import Events
from stripe_sandbox.faults import Faults
from stripe_sandbox.idempotency import Keys
from stripe_sandbox.permissions import EVERYTHING
from stripe_sandbox.rate_limits import RateLimits
from stripe_sandbox.settings import Settings
from stripe_sandbox.store import Store
from stripe_sandbox.versions import NEWEST
from stripe_sandbox.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Options:
    state: str | None = None
    webhook_url: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    secret_key: str | None = None
    rate_limits: bool = False
    webhook_payload: str = "snapshot"
    permissions: frozenset[str] = EVERYTHING  # of restricted keys that were not registered


class World:
    def __init__(self, options: Options) -> None:
        self.store = Store(options.state)
        self.clock = Clock(self.store.setting("clock_offset") or 0.0)
        self.settings = Settings.stored(self.store.setting("settings") or {})
        self.keyring = Keyring(options.secret_key, options.permissions)
        self.faults = Faults()
        self.keys = Keys(self.store, self.clock)
        self.calls = Calls(self.store, self.clock)
        self.limits = RateLimits()
        self.webhooks = Webhooks(self.store, self.clock, self.faults, lambda: self.settings)
        self.events = Events(self.store, self.clock, self.webhooks.announce)
        self.default = Realm(DEFAULT_ACCOUNT, (options.secret_key or "").startswith(("sk_live_", "rk_live_")))
        if options.secret_key:
            self.default = self.keyring.identify({"authorization": f"Bearer {options.secret_key}"}).realm
        self.options = options
        if options.rate_limits:
            self.change_settings(self._limited(self.settings))
        self._configure_endpoint()

    def context(
        self,
        realm: Realm,
        request_id: str | None = None,
        key: str | None = None,
        secret: str = "",
        version: str = NEWEST,
    ) -> Context:
        return Context(self.store, self.clock, self.settings, self.events, realm, request_id, key, secret, version)

    def _configure_endpoint(self) -> None:
        url, secrets = self.options.webhook_url, list(self.options.webhook_secrets)
        thin = self.options.webhook_payload == "thin"
        endpoints.configure(self.store, self.default, self.clock.now(), url, secrets, thin=thin)

    def _limited(self, settings: Settings) -> Settings:
        """docs.stripe.com/rate-limits: 100 requests per second in total in live mode, else 25; 25 per endpoint."""
        total = 100 if self.default.livemode else 25
        return settings.changed({"rate_limit_total": total, "rate_limit_endpoint": 25})

    def change_settings(self, changed: Settings) -> None:
        self.settings = changed
        self.store.set("settings", changed.as_json())

    def move_clock(self) -> None:
        """Store the clock's offset, and send deliveries that it made due."""
        self.store.set("clock_offset", self.clock.offset)
        self.webhooks.wake()

    def end(self) -> None:
        """Shut down: nobody is kept waiting."""
        self.faults.forget()

    def reset(self) -> None:
        """As just started: empty, in real time, with the original settings, keys and webhook endpoint."""
        self.faults.forget()
        self.webhooks.forget()
        self.store.clear()
        self.clock.offset = 0.0
        self.keyring.registered.clear()
        self.store.set("clock_offset", 0.0)
        self.change_settings(self._limited(Settings()) if self.options.rate_limits else Settings())
        self._configure_endpoint()
