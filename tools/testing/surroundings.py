"""The test environment: a pytest plugin (`-p tools.testing.surroundings`) that no shell and no `.env` can change.

It is not in `conftest.py` because pytest-django reads the settings before any of those. Processes that tests start
inherit the environment: `{**os.environ, "DATABASE_URL": …}`.
"""

import os
import signal
import tempfile

import pytest
from hypothesis import settings as hypothesis_settings

from tools.environments import environment

_temporary = tempfile.TemporaryDirectory(prefix="portal-tests-")

os.environ.update(
    environment("tests", MEDIA_ROOT=_temporary.name),
    # Playwright's loop runs in the thread of the tests; Django would refuse the ORM there.
    DJANGO_ALLOW_ASYNC_UNSAFE="1",
)

# The same examples in every run, so that a failure is reproducible everywhere.
hypothesis_settings.register_profile("portal", derandomize=True, deadline=None)
hypothesis_settings.load_profile("portal")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    from django.conf import settings

    # SIGTERM ends a run like Ctrl-C: processes are stopped and files removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A real password hash takes 0.3 s.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests in this process need no collected files.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_unconfigure() -> None:
    _temporary.cleanup()
