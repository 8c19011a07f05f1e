"""The settings with which the portal is started on this machine: one table, and the differences for each purpose.

Processes for tests and benchmarks have a value for every setting, since `config.settings` reads from `.env` whatever
the environment lacks. `make run` and `make dev` keep the settings of the shell and of `.env`.
"""

import os
import sys
from pathlib import Path
from typing import Literal

from tools.processes import LOOPBACK

# Nothing listens on port 9: a test that talks to Stripe starts a sandbox and says so.
NOBODY = f"http://{LOOPBACK}:9"
WEBHOOK_PATH = "/billing/webhooks/stripe/"
SANDBOX = Path(sys.executable).with_name("stripe-sandbox")  # of the same virtual environment

EVERY_SETTING = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SECRET_KEY": "for-this-machine-only-and-for-nothing-else",
    "SECRET_KEY_FALLBACKS": "",
    "DEBUG": "0",
    "SITE_URL": f"http://{LOOPBACK}:8000",
    "ALLOWED_HOSTS": "",
    "CSRF_TRUSTED_ORIGINS": "",
    "SIGNUP_OPEN": "1",
    "TIME_ZONE": "UTC",
    "TRUSTED_PROXY_COUNT": "0",
    "REQUIRE_MFA": "none",
    "SESSION_HOURS": "336",
    "SESSION_IDLE_HOURS": "72",
    "DATABASE_URL": "sqlite://:memory:",
    "CACHE_URL": "",
    "MEDIA_ROOT": "media",
    "WEB_THREADS": "8",
    "STRIPE_SECRET_KEY": "sk_test_sandbox_tests",
    "STRIPE_WEBHOOK_SECRET": "whsec_tests",
    "STRIPE_API_BASE": NOBODY,
    "STRIPE_TIMEOUT_SECONDS": "20",
    "STRIPE_INLINE_BUDGET_SECONDS": "4",
    "STRIPE_MAX_WRITES_PER_SECOND": "20",
    "EVENTS_POLL_SECONDS": "300",
    "COMPARE_EVERY_HOURS": "24",
    "TAX_FIELDS": "0",
    "DEFAULT_TAX_CODE": "",
    "DEFAULT_TAX_BEHAVIOR": "",
    "EMAIL_URL": "console:",
    "DEFAULT_FROM_EMAIL": "",
    "SECURITY_CONTACT": "",
    "SENTRY_DSN": "",
}
DIFFERENCES = {
    "run": {"DEBUG": "0", "BIND": LOOPBACK},
    "dev": {"DEBUG": "1", "BIND": LOOPBACK},
    "tests": {
        "ALLOWED_HOSTS": f"testserver,localhost,{LOOPBACK}",
        "STRIPE_TIMEOUT_SECONDS": "5",
        "STRIPE_MAX_WRITES_PER_SECOND": "1000",
        "COMPARE_EVERY_HOURS": "0",
    },
    "e2e": {"DJANGO_SETTINGS_MODULE": "e2e.settings", "PYTHONUNBUFFERED": "1"},
    # dj-stripe, which is measured beside the portal, takes keys of Stripe's own length only.
    "bench": {"STRIPE_SECRET_KEY": "sk_test_" + "Bench" * 6, "EMAIL_URL": "dummy:"},
}
type Purpose = Literal["tests", "e2e", "bench"]

# Variables that processes need to run at all, and those of coverage.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "PYTHONPATH")
MEASURED = ("COVERAGE_", "COV_")


def environment(purpose: Purpose, **settings: str) -> dict[str, str]:
    """The environment of a process, independent of the shell and of `.env`."""
    return {**_inherited(), **EVERY_SETTING, **DIFFERENCES[purpose], **settings}


def served_at(port: int) -> dict[str, str]:
    """The web server's address on this machine."""
    return {"BIND": LOOPBACK, "PORT": str(port), "SITE_URL": f"http://{LOOPBACK}:{port}"}


def files_in(folder: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}", "MEDIA_ROOT": str(folder / "media")}


def sandbox_for(site_url: str, *, state: Path, port: int = 0) -> dict[str, str]:
    """The sandbox's settings in addition to the key and the secret, which it shares with the portal."""
    return {"SANDBOX_PORT": str(port), "SANDBOX_STATE": str(state), "SANDBOX_WEBHOOK_URL": site_url + WEBHOOK_PATH}


def sandbox_alone() -> dict[str, str]:
    """The settings of a sandbox that accepts every key and sends no webhooks."""
    return _inherited()


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith(MEASURED)}
