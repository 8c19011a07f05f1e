"""The tests' surroundings: a pytest plugin (`-p config.testing`) that no shell and no `.env` can change.

Every setting has a value here, since `config.settings` takes from `.env` whatever the environment lacks. Programs that
tests start inherit it: `{**os.environ, "DATABASE_URL": …}`.
"""

import os
import signal
import tempfile

import pytest
from hypothesis import settings as hypothesis_settings

_temporary = tempfile.TemporaryDirectory(prefix="portal-tests-")

os.environ.update(
    DJANGO_SETTINGS_MODULE="config.settings",
    # Playwright's loop runs in the thread of the tests; Django would refuse the ORM there.
    DJANGO_ALLOW_ASYNC_UNSAFE="1",
    SECRET_KEY="for-tests-only-and-for-nothing-else",
    SECRET_KEY_FALLBACKS="",
    DEBUG="0",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    CSRF_TRUSTED_ORIGINS="",
    DATABASE_URL="sqlite://:memory:",
    STRIPE_SECRET_KEY="sk_test_sandbox_tests",
    STRIPE_WEBHOOK_SECRET="whsec_tests",
    # Port 9 answers nobody: a test that means to talk to Stripe starts a sandbox and says so.
    STRIPE_API_BASE="http://127.0.0.1:9",
    STRIPE_TIMEOUT_SECONDS="5",
    STRIPE_INLINE_BUDGET_SECONDS="4",
    STRIPE_MAX_WRITES_PER_SECOND="1000",
    EVENTS_POLL_SECONDS="300",
    COMPARE_EVERY_HOURS="0",
    SITE_URL="http://127.0.0.1:8000",
    MEDIA_ROOT=_temporary.name,
    EMAIL_URL="console:",
    DEFAULT_FROM_EMAIL="",
    SECURITY_CONTACT="",
    SIGNUP_OPEN="1",
    WEB_THREADS="8",
    TIME_ZONE="UTC",
    SENTRY_DSN="",
    TRUSTED_PROXY_COUNT="0",
    CACHE_URL="",
    REQUIRE_MFA="none",
    SESSION_HOURS="336",
    SESSION_IDLE_HOURS="72",
)

# The same examples in every run: a test that fails, fails for everybody.
hypothesis_settings.register_profile("portal", derandomize=True, deadline=None)
hypothesis_settings.load_profile("portal")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    from django.conf import settings

    # SIGTERM ends a run as Ctrl-C does: whatever was started is stopped, whatever was written is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A real password hash takes 0.3 s.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests in this process need no collected files.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_unconfigure() -> None:
    _temporary.cleanup()
