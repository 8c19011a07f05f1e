"""Every setting of the portal, read from the environment or `.env`; README.md lists them for people.

A setting that is missing or wrong raises `SystemExit` with one sentence: Django's `ImproperlyConfigured` prints a
traceback of a hundred lines, and gunicorn would start its workers anew for ever.
"""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.csp import CSP
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parents[2]

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
STRIPE_OWN_API = "https://api.stripe.com"


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _required(name: str, why: str) -> str:
    value = env.str(name, "")
    if not value and not DEBUG:
        raise SystemExit(f"{name} is missing: {why}. Set it in the environment or in .env (see .env.example).")
    return str(value)


try:
    DEBUG = env.bool("DEBUG", False)
    SIGNUP_OPEN = env.bool("SIGNUP_OPEN", None)
    STRIPE_TIMEOUT_SECONDS = env.float("STRIPE_TIMEOUT_SECONDS", 20.0)
    STRIPE_INLINE_BUDGET_SECONDS = env.float("STRIPE_INLINE_BUDGET_SECONDS", 4.0)
    STRIPE_MAX_WRITES_PER_SECOND = env.float("STRIPE_MAX_WRITES_PER_SECOND", 20.0)
    DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
    EMAIL_URL = env.dj_email_url("EMAIL_URL", "console:")
except (EnvError, ValueError) as error:
    raise SystemExit(f"A setting in the environment or .env cannot be read: {error}") from None

SECRET_KEY = _required("SECRET_KEY", "it signs sessions and tokens") or "only-for-debugging"

# The public address ---------------------------------------------------------------------------------------------------
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname:
    raise SystemExit(f"SITE_URL must be an address like https://school.example, not {SITE_URL!r}.")
if _site.scheme == "http" and not _is_loopback(SITE_URL):
    raise SystemExit("SITE_URL must begin with https:// unless it is this machine's own address (localhost).")
HTTPS = _site.scheme == "https"
SITE_IS_PUBLIC = not _is_loopback(SITE_URL)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", _site.hostname])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [f"{_site.scheme}://{_site.netloc}"])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0

# Stripe ---------------------------------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = _required("STRIPE_SECRET_KEY", "without it nothing can be sold")
STRIPE_WEBHOOK_SECRETS = [
    secret.strip()
    for secret in _required(
        "STRIPE_WEBHOOK_SECRET", "without it Stripe's messages cannot be told from forged ones"
    ).split(",")
    if secret.strip()
]
STRIPE_LIVE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
if STRIPE_LIVE and DEBUG:
    raise SystemExit("A live Stripe key together with DEBUG is refused: real money and open tracebacks do not mix.")

STRIPE_API_BASE = env.str("STRIPE_API_BASE", STRIPE_OWN_API).rstrip("/")
if STRIPE_API_BASE != STRIPE_OWN_API and not _is_loopback(STRIPE_API_BASE):
    raise SystemExit("STRIPE_API_BASE may only be Stripe's own address or this machine's: the key is sent there.")

if SIGNUP_OPEN is None:
    # With a live key strangers who sign up would sell through the school's own account.
    SIGNUP_OPEN = not STRIPE_LIVE

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
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "js_lib_bootstrap5",
    "django_tasks_db",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    # Bootstrap draws the marks of selects and checkboxes as `data:` pictures.
    "img-src": [CSP.SELF, "data:"],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Data -----------------------------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(BASE_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Browsers ask again for what has no hash in its name; everything we link has one.
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600

# Language -------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

# People ---------------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
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
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_SESSION_REMEMBER = True

MAILERS = {
    "default": {
        "BACKEND": EMAIL_URL["EMAIL_BACKEND"],
        "OPTIONS": {
            "host": EMAIL_URL["EMAIL_HOST"],
            "port": EMAIL_URL["EMAIL_PORT"],
            "username": EMAIL_URL["EMAIL_HOST_USER"],
            "password": EMAIL_URL["EMAIL_HOST_PASSWORD"],
            "use_tls": EMAIL_URL["EMAIL_USE_TLS"],
            "use_ssl": EMAIL_URL["EMAIL_USE_SSL"],
        }
        if EMAIL_URL["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
        else {},
    }
}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"portal@{_site.hostname}")

# Watching -------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "billings": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

if SENTRY_DSN := env.str("SENTRY_DSN", ""):
    import sentry_sdk

    sentry_sdk.init(dsn=SENTRY_DSN, send_default_pii=False)
