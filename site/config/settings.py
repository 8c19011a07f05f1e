"""Every setting of the portal, read from the environment or `.env`; README.md documents them.

A missing or wrong setting raises `SystemExit` with one sentence: Django's `ImproperlyConfigured` prints a traceback of
a hundred lines, and gunicorn would restart its workers for ever.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

from django.utils.csp import CSP
from environs import Env, EnvError, validate
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parents[2]

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

SHORTEST_SECRET_KEY = 32
STRIPE_OWN_API = "https://api.stripe.com"
_ABOVE_ZERO = validate.Range(min=0, min_inclusive=False)
_FROM_ZERO = validate.Range(min=0)


def _setting[T](name: str, default: T, read: Callable[..., Any] = env.str, **how: Any) -> T:
    """Read a setting with `read`; an empty value counts as not set."""
    if not env.str(name, "").strip():
        return default
    try:
        value: T = read(name, **how)
    except (EnvError, ValueError) as error:
        raise SystemExit(f"A setting in the environment or .env cannot be read: {error}") from None
    return value


def _list(name: str, default: list[str]) -> list[str]:
    return [part.strip() for part in _setting(name, default, env.list) if part.strip()]


def _required[T](name: str, value: T, why: str) -> T:
    """A setting that may be missing only while DEBUG is on, when nothing is sold."""
    if not value and not DEBUG:
        raise SystemExit(f"{name} is missing: {why}. Set it in the environment or in .env (see .env.example).")
    return value


DEBUG = _setting("DEBUG", False, env.bool)
SECRET_KEY = _required("SECRET_KEY", _setting("SECRET_KEY", ""), "it signs sessions and tokens") or "only-for-debugging"
# Former keys: sessions and links that they signed stay valid.
SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS", [])
if not DEBUG and min(map(len, [SECRET_KEY, *SECRET_KEY_FALLBACKS])) < SHORTEST_SECRET_KEY:
    raise SystemExit(
        f"SECRET_KEY and each of SECRET_KEY_FALLBACKS must have at least {SHORTEST_SECRET_KEY} characters: "
        "shorter ones can be guessed."
    )

# Public address -------------------------------------------------------------------------------------------------------
SITE_URL = _setting("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
try:
    _site = urlsplit(SITE_URL)
    _readable = _site.scheme in {"http", "https"} and _site.hostname and _site.port != 0
except ValueError:
    _readable = False
if not _readable:
    raise SystemExit(f"SITE_URL must be an address like https://school.example, not {SITE_URL!r}.")
SITE_HOST = str(_site.hostname)
SITE_IS_PUBLIC = SITE_HOST not in {"localhost", "127.0.0.1", "::1"}
HTTPS = _site.scheme == "https"
if SITE_IS_PUBLIC and not HTTPS:
    raise SystemExit("SITE_URL must begin with https:// unless it is this machine's own address (localhost).")

ALLOWED_HOSTS = _list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", str(_site.hostname)])
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise SystemExit("ALLOWED_HOSTS must name the hosts: with * a client could send any Host header.")
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS", [f"{_site.scheme}://{_site.netloc}"])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0

# Each of our proxies appends the address it saw to X-Forwarded-For; with https there is at least one.
TRUSTED_PROXY_COUNT = _setting("TRUSTED_PROXY_COUNT", 1 if HTTPS else 0, env.int, validate=_FROM_ZERO)

# Stripe ---------------------------------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = _required("STRIPE_SECRET_KEY", _setting("STRIPE_SECRET_KEY", ""), "without it nothing can be sold")
STRIPE_WEBHOOK_SECRETS = _required(
    "STRIPE_WEBHOOK_SECRET",
    _list("STRIPE_WEBHOOK_SECRET", []),
    "without it Stripe's messages cannot be told from forged ones",
)
STRIPE_LIVE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
if STRIPE_LIVE and DEBUG:
    raise SystemExit("A live Stripe key together with DEBUG is refused: real money and open tracebacks do not mix.")

STRIPE_API_BASE = _setting("STRIPE_API_BASE", STRIPE_OWN_API).rstrip("/")
_sandbox = re.fullmatch(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", STRIPE_API_BASE)
if STRIPE_API_BASE != STRIPE_OWN_API and not _sandbox:
    raise SystemExit("STRIPE_API_BASE may only be Stripe's own address or this machine's: the key is sent there.")

STRIPE_TIMEOUT_SECONDS = _setting("STRIPE_TIMEOUT_SECONDS", 20.0, env.float, validate=_ABOVE_ZERO)
STRIPE_INLINE_BUDGET_SECONDS = _setting("STRIPE_INLINE_BUDGET_SECONDS", 4.0, env.float, validate=_FROM_ZERO)
STRIPE_MAX_WRITES_PER_SECOND = _setting("STRIPE_MAX_WRITES_PER_SECOND", 20.0, env.float, validate=_ABOVE_ZERO)

# The longest interval between two reads of Stripe's events, and between two full comparisons; 0: never.
EVENTS_POLL_SECONDS = _setting("EVENTS_POLL_SECONDS", 300.0, env.float, validate=_FROM_ZERO)
COMPARE_EVERY_HOURS = _setting("COMPARE_EVERY_HOURS", 24.0, env.float, validate=_FROM_ZERO)

# Whether teachers choose how each course is taxed, and the choice for a new course; off: left to Stripe.
TAX_FIELDS = _setting("TAX_FIELDS", False, env.bool)
DEFAULT_TAX_CODE = _setting("DEFAULT_TAX_CODE", "", validate=validate.Regexp(r"txcd_[0-9]{8}\Z"))
DEFAULT_TAX_BEHAVIOR = _setting(
    "DEFAULT_TAX_BEHAVIOR", "unspecified", validate=validate.OneOf(["unspecified", "inclusive", "exclusive"])
)

# With a live key, anyone who signs up would sell through the school's own account.
SIGNUP_OPEN = _setting("SIGNUP_OPEN", not STRIPE_LIVE, env.bool)

# How many requests each web process handles at once.
WEB_THREADS = _setting("WEB_THREADS", 8, env.int, validate=validate.Range(min=1))

# Applications ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "courses",
    "billings",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "django_htmx",
    "django_tasks_db",
    "people",
]

MIDDLEWARE = [
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.headers.HeadersMiddleware",
    "config.malformed_requests.MalformedRequestsMiddleware",
    "config.machine_endpoints.MachineEndpointsMiddleware",
    "config.errors.UnavailableMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.static_files.StaticFilesMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "config.compression.BrotliMiddleware",
    "people.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "billings.prices.number_locale.NumberLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "people.middleware.PeopleMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.request_bodies.RequestBodiesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.accounts.signup_open",
            ],
            "builtins": ["web.navigation", "web.times"],
        },
    },
]
# `templates/crispy/` only lays out the course form; fields are rendered by `templates/courses/field.html`.
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "crispy"

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    # Icons are `data:` URLs in the style sheet.
    "img-src": [CSP.SELF, "data:"],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Data -----------------------------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_database: dict[str, Any] = _setting(
    "DATABASE_URL", {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}, env.dj_db_url
)
DATABASES = {"default": _database}
if _database["ENGINE"] == "django.db.backends.sqlite3":
    if _database["NAME"] != ":memory:":
        _database["NAME"] = str(BASE_DIR / _database["NAME"])
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    if _database["NAME"] != ":memory:":
        from config.private_database import PrivateConnection

        _database["OPTIONS"]["factory"] = PrivateConnection
else:
    _database["CONN_HEALTH_CHECKS"] = True
    # A server that does not answer must not block a thread for the minutes of TCP's own time-out.
    _database.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
# Reconnecting costs SQLite more than a query: it reads the schema again, and closing the last connection checkpoints.
_database["CONN_MAX_AGE"] = 60

# Rate limits are counted in the cache, which all processes must share: in the database, unless there is a Redis.
_cache = _setting("CACHE_URL", "database:")
if urlsplit(_cache).scheme in {"redis", "rediss"}:
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": _cache,
            "KEY_PREFIX": "portal",
            # A cache that hangs must not hang the page.
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
    }
elif _cache == "database:":
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "people_cache",
            # About 20 MB. Beyond that, expired entries are removed first.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
else:
    raise SystemExit(f"CACHE_URL must be redis://host:port/number, or nothing for the database, not {_cache!r}.")

# Called by the worker from time to time, after billing's own, to delete what is old.
HOUSEKEEPING = ["courses.cleanup.run"]

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.bundles.BundleFinder",
]
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / _setting("MEDIA_ROOT", "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# No page of another site loads them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Files without a hash in their name are revalidated; everything we link to has one.
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600
# Saves half a minute of compressing files that no page loads: those without a hash, and source maps.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# Language -------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
# Pages show every time in this zone and name it.
TIME_ZONE = _setting("TIME_ZONE", "UTC")
if TIME_ZONE not in available_timezones():
    raise SystemExit(f"TIME_ZONE must be a zone like Europe/Berlin, not {TIME_ZONE!r}.")
USE_TZ = True

# People ---------------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "config.email_addresses.ConfirmedAddresses",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "add_email": "config.account_forms.AddEmailForm",
    "login": "config.account_forms.LoginForm",
    "reset_password": "config.account_forms.ResetPasswordForm",
    "signup": "config.account_forms.SignupForm",
}
# Sign-up responds alike whether or not the address has an account: nobody is signed in, and the mailbox gets an email.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "account_email"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "config.email_addresses.ResetTokens"  # noqa: S105  a class
PASSWORD_RESET_TIMEOUT = 3600
# Changing how one signs in requires the password again, and the owner is told by email.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
# Attempts / period / per what; `key` is the address typed. Wrong passwords count per account before they count per IP
# address, so that guessing at one account uses up little of what everyone behind that address has (people/limits.py).
ACCOUNT_RATE_LIMITS = {
    # Successful sign-ins are not counted: beyond the limits below no password is checked, and the rest is cheap.
    "login": "",
    "login_failed": "100/d/key,5/5m/key,100/5m/ip",
    "login_failed_known_device": "10/5m/key,50/d/key",
    # Second factor, in unknown browsers: whoever guesses at it already has the password.
    "wrong_code": "20/d/key",
    "signup": "60/m/ip",
    "reset_password": "20/m/ip,3/5m/key,10/d/key",
    # More often than anyone who is writing looks at a preview.
    "preview": "60/m/user",
    # Confirmation links: "Send it again" works, but nobody can flood another person's mailbox.
    "confirm_email": "3/5m/key",
}
# Who must have a second factor: nobody, or everyone who can change other people's prices or use the admin site.
REQUIRE_MFA = _setting("REQUIRE_MFA", "none", env.str, validate=validate.OneOf(["none", "staff"]))
MFA_ADAPTER = "people.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "people.second_factor_forms.AuthenticateForm",
    "reauthenticate": "people.second_factor_forms.ReauthenticateForm",
    "activate_totp": "people.second_factor_forms.ActivateTOTPForm",
    "add_webauthn": "people.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "people.second_factor_forms.EditPasskeyForm",
    "authenticate_webauthn": "people.second_factor_forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "people.second_factor_forms.ReauthenticatePasskeyForm",
}
MFA_TOTP_ISSUER = "Course desk"
MFA_TOTP_TOLERANCE = 1
# One confirmed address is enough (people/second_factor_forms.py): allauth requires all of them, and no new one later.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SESSION_ENGINE = "people.sessions"
SESSION_LENGTH = timedelta(hours=_setting("SESSION_HOURS", 336.0, env.float, validate=_ABOVE_ZERO))
SESSION_IDLE = timedelta(hours=_setting("SESSION_IDLE_HOURS", 72.0, env.float, validate=_ABOVE_ZERO))
SESSION_COOKIE_AGE = int(SESSION_LENGTH.total_seconds())
# Prefixed with the product's name, not the host's; the subjects are in templates/account/email/.
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Course desk: "

_mail = _setting("EMAIL_URL", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, env.dj_email_url)
if "EMAIL_BACKEND" not in _mail:
    raise SystemExit("EMAIL_URL must begin with smtp:, submission:, file:, memory:, dummy: or console:.")
if _mail["EMAIL_BACKEND"].endswith("console.EmailBackend"):
    if HTTPS:
        raise SystemExit(
            "EMAIL_URL is missing: over https nobody reads mail on the console, and its links would stand in the log. "
            "Set it in the environment or in .env (see .env.example)."
        )
    _mail["EMAIL_BACKEND"] = "config.mail.ConsoleBackend"
_mail_options: dict[str, Any] = {}
if _mail["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
    _mail_options = {
        "host": _mail["EMAIL_HOST"],
        "port": _mail["EMAIL_PORT"],
        "username": _mail["EMAIL_HOST_USER"],
        "password": _mail["EMAIL_HOST_PASSWORD"],
        "use_tls": _mail["EMAIL_USE_TLS"],
        "use_ssl": _mail["EMAIL_USE_SSL"],
        # A mail server that hangs must not hang the page.
        "timeout": _mail["EMAIL_TIMEOUT"] or 10,
    }
elif _mail["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    # dj-email-url strips the path's first character, which makes an absolute path relative.
    _folder = unquote(urlsplit(env.str("EMAIL_URL").strip()).path)
    if not _folder.strip("/"):
        raise SystemExit("EMAIL_URL names no folder: write it as file:///folder/for/messages.")
    _mail_options = {"file_path": BASE_DIR / _folder}
MAILERS = {"default": {"BACKEND": _mail["EMAIL_BACKEND"], "OPTIONS": _mail_options}}
DEFAULT_FROM_EMAIL = _setting("DEFAULT_FROM_EMAIL", f"portal@{_site.hostname}")
_contact = _setting("SECURITY_CONTACT", parseaddr(DEFAULT_FROM_EMAIL)[1])
SECURITY_CONTACT = _contact if _contact.startswith(("https://", "mailto:")) else f"mailto:{_contact}"
if not re.fullmatch(r"https://[!-~]+|mailto:[!-~]+@[!-~]+", SECURITY_CONTACT):
    raise SystemExit(f"SECURITY_CONTACT must be an email address or begin with https://, not {_contact!r}.")

# Monitoring -----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "one_line": {"()": "config.logs.OneLine"},
        "without_keys": {"()": "config.secret_links.WithoutKeys"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one_line", "without_keys"]},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "billings": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

SENTRY_DSN = _setting("SENTRY_DSN", "")
if SENTRY_DSN:
    import sentry_sdk
    from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
    from sentry_sdk.utils import BadDsn

    from config import secret_links

    try:
        sentry_sdk.init(
            dsn=SENTRY_DSN,
            send_default_pii=False,
            before_send=secret_links.scrub,
            before_send_transaction=secret_links.scrub,
            before_breadcrumb=secret_links.scrub,
            event_scrubber=EventScrubber([*DEFAULT_DENYLIST, *secret_links.VARIABLES], recursive=True),
        )
    except BadDsn as error:
        raise SystemExit(f"SENTRY_DSN cannot be read: {error}") from None
