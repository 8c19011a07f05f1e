"""Only what dj-stripe needs, so that no other code's time counts as its own."""

import os
from typing import Any
from urllib.parse import urlsplit

SECRET_KEY = "for-measuring-only-and-for-nothing-else"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "peer.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "djstripe", "peer"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
# Logging forged messages costs it nothing here.
LOGGING = {"version": 1, "root": {"level": "CRITICAL"}, "loggers": {"django": {"level": "CRITICAL"}}}

_url = urlsplit(os.environ["DATABASE_URL"])
_database: dict[str, Any]
if _url.scheme == "sqlite":
    # The portal's own options, with a longer time-out, since dj-stripe keeps transactions open while it asks Stripe.
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": _url.path[1:], "OPTIONS": options}
else:
    _database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path[1:],
        "HOST": _url.hostname,
        "PORT": _url.port,
        "USER": _url.username,
        "PASSWORD": _url.password,
        "CONN_HEALTH_CHECKS": True,
    }
_database["CONN_MAX_AGE"] = 60
DATABASES = {"default": _database}

STRIPE_TEST_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
STRIPE_LIVE_MODE = False
STRIPE_API_HOST = os.environ["STRIPE_API_BASE"]
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# With PEER_ONLY_STORES it only stores and acknowledges, as dj-stripe offers to projects that process later.
DJSTRIPE_WEBHOOK_EVENT_CALLBACK = "peer.later.do_nothing" if os.environ.get("PEER_ONLY_STORES") else None
