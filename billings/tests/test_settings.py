"""A missing or rejected setting stops the start with one sentence and status 1."""

import os
import shutil
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honcho.environ import parse_procfile

from tools.environments import EVERY_SETTING
from tools.processes import Command, run

ROOT = Path(__file__).resolve().parents[2]
# Without the checks of models: for a generated column they ask PostgreSQL for its version.
MANAGE = [sys.executable, "manage.py", "check", "--tag", "security", "--tag", "urls"]
GUNICORN = parse_procfile((ROOT / "Procfile").read_text()).processes["web"]

PUBLIC = {"SITE_URL": "https://school.example", "EMAIL_URL": "smtp://mail.example"}
REFUSED = {
    "no secret key": ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
    "a short secret key": ({"SECRET_KEY": "x" * 31}, "must have at least 32 characters"),
    "a short former key": ({"SECRET_KEY_FALLBACKS": f"{'x' * 50}, {'y' * 31}"}, "must have at least 32 characters"),
    "any host": ({"ALLOWED_HOSTS": "school.example, *"}, "ALLOWED_HOSTS must name the hosts"),
    "no Stripe key": ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY is missing"),
    "no webhook secret": ({"STRIPE_WEBHOOK_SECRET": " , "}, "STRIPE_WEBHOOK_SECRET is missing"),
    "a live key and DEBUG": ({"STRIPE_SECRET_KEY": "sk_live_x", "DEBUG": "1"}, "A live Stripe key together with DEBUG"),
    "a live restricted key and DEBUG": ({"STRIPE_SECRET_KEY": "rk_live_x", "DEBUG": "1"}, "A live Stripe key together"),
    "Stripe elsewhere": ({"STRIPE_API_BASE": "https://stripe.example"}, "STRIPE_API_BASE may only be"),
    "a public address without https": ({"SITE_URL": "http://school.example"}, "SITE_URL must begin with https://"),
    "a public address without mail": ({**PUBLIC, "EMAIL_URL": ""}, "EMAIL_URL is missing"),
    "a public address with mail on the console": ({**PUBLIC, "EMAIL_URL": "console:"}, "EMAIL_URL is missing"),
}
UNREADABLE = {
    "Stripe's name in front of another's": (
        {"STRIPE_API_BASE": "https://api.stripe.com@evil.example"},
        "STRIPE_API_BASE",
    ),
    "this machine's name in front of another's": (
        {"STRIPE_API_BASE": "http://127.0.0.1:1@evil.example"},
        "STRIPE_API_BASE",
    ),
    "a backslash before this machine's name": (
        {"STRIPE_API_BASE": "http://evil.example\\@127.0.0.1"},
        "STRIPE_API_BASE",
    ),
    "no zone": ({"TIME_ZONE": "Europe/Atlantis"}, "TIME_ZONE must be a zone"),
    "no address": ({"SITE_URL": "school.example"}, "SITE_URL must be an address"),
    "no port": ({"SITE_URL": "https://school.example:port"}, "SITE_URL must be an address"),
    "neither on nor off": ({"DEBUG": "perhaps"}, '"DEBUG" invalid'),
    "no database": ({"DATABASE_URL": "postgres"}, '"DATABASE_URL" invalid'),
    "no mail": ({"EMAIL_URL": "pigeon://loft"}, "EMAIL_URL must begin with"),
    "mails in no file": ({"EMAIL_URL": "file:"}, "EMAIL_URL names no folder"),
    "a host instead of a folder": ({"EMAIL_URL": "file://mails"}, "EMAIL_URL names no folder"),
    "no time to answer": ({"STRIPE_TIMEOUT_SECONDS": "0"}, '"STRIPE_TIMEOUT_SECONDS" invalid'),
    "no number": ({"STRIPE_INLINE_BUDGET_SECONDS": "soon"}, '"STRIPE_INLINE_BUDGET_SECONDS" invalid'),
    "no writes": ({"STRIPE_MAX_WRITES_PER_SECOND": "-1"}, '"STRIPE_MAX_WRITES_PER_SECOND" invalid'),
    "a negative pause": ({"EVENTS_POLL_SECONDS": "-1"}, '"EVENTS_POLL_SECONDS" invalid'),
    "no number of hours": ({"COMPARE_EVERY_HOURS": "daily"}, '"COMPARE_EVERY_HOURS" invalid'),
    "a tax code of another shape": ({"DEFAULT_TAX_CODE": "txcd_1"}, '"DEFAULT_TAX_CODE" invalid'),
    "no way to tax": ({"DEFAULT_TAX_BEHAVIOR": "never"}, '"DEFAULT_TAX_BEHAVIOR" invalid'),
    "no number of proxies": ({"TRUSTED_PROXY_COUNT": "-1"}, '"TRUSTED_PROXY_COUNT" invalid'),
    "a second step for some": ({"REQUIRE_MFA": "perhaps"}, '"REQUIRE_MFA" invalid'),
    "no cache for all processes": ({"CACHE_URL": "locmem://"}, "CACHE_URL must be"),
    "sessions without length": ({"SESSION_HOURS": "0"}, '"SESSION_HOURS" invalid'),
    "sessions that are idle at once": ({"SESSION_IDLE_HOURS": "0"}, '"SESSION_IDLE_HOURS" invalid'),
    "no contact": ({"SECURITY_CONTACT": "the office"}, "SECURITY_CONTACT must be"),
    "no Sentry": ({"SENTRY_DSN": "sentry"}, "SENTRY_DSN cannot be read"),
}
ACCEPTED = {
    "nothing but what is required": {"ALLOWED_HOSTS": "", "SITE_URL": "", "STRIPE_API_BASE": "", "SIGNUP_OPEN": ""},
    "a live key without DEBUG": {"STRIPE_SECRET_KEY": "sk_live_x"},
    "former keys": {"SECRET_KEY_FALLBACKS": f"{'x' * 50}, {'y' * 32}"},
    "DEBUG and no secrets": {
        "DEBUG": "1",
        "ALLOWED_HOSTS": "*",
        "SECRET_KEY": "",
        "STRIPE_SECRET_KEY": "",
        "STRIPE_WEBHOOK_SECRET": "",
    },
    "a public address": {**PUBLIC, "SITE_URL": "https://school.example/"},
    "the sandbox by another name": {"STRIPE_API_BASE": "http://localhost:12111/"},
    "a mail server": {"EMAIL_URL": "submission://portal:secret@mail.example"},
    "mails in files": {"EMAIL_URL": "file:///mails"},
    "a Redis for what is limited": {"CACHE_URL": "redis://127.0.0.1:1/0"},
    "PostgreSQL": {"DATABASE_URL": "postgres://portal:secret@127.0.0.1:1/portal"},
    "webhook secrets while rotating": {"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old"},
}


def start(command: Command, changes: dict[str, str]) -> CompletedProcess[str]:
    return run(command, env={**os.environ, **changes}, allowed=None, seconds=60)


def check_rejected(command: Command, changes: dict[str, str], words: str) -> None:
    ended = start(command, changes)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(("changes", "words"), [*REFUSED.values(), *UNREADABLE.values()], ids=[*REFUSED, *UNREADABLE])
@pytest.mark.processes
def test_a_command_says_why_it_does_not_start(changes, words):
    check_rejected(MANAGE, changes, words)


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.processes
def test_the_web_server_says_why_it_does_not_start(changes, words):
    check_rejected(GUNICORN, changes, words)


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.processes
def test_it_starts_with_what_makes_sense(changes):
    ended = start(MANAGE, changes)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"SIGNUP_OPEN": ""}, "True [False, 'http://127.0.0.1:8000']"),
        ({"SIGNUP_OPEN": "", "STRIPE_SECRET_KEY": "sk_live_x"}, "False [False, 'http://127.0.0.1:8000']"),
        (PUBLIC, "True [True, 'https://school.example']"),
    ],
    ids=["sign-up is open", "but not with a live key", "https switches on what belongs to it"],
)
@pytest.mark.processes
def test_what_follows_from_others(changes, values):
    show = (
        "from django.conf import settings as s; "
        "secure = s.SESSION_COOKIE_SECURE and s.SECURE_SSL_REDIRECT and s.SECURE_HSTS_SECONDS > 0; "
        "print(s.SIGNUP_OPEN, [secure, s.SITE_URL])"
    )
    ended = start([sys.executable, "manage.py", "shell", "--no-imports", "--command", show], changes)

    assert ended.stdout.strip() == values


@pytest.mark.parametrize(
    ("url", "folder"), [("file:///tmp/x", Path("/tmp/x")), ("file:mails/out", ROOT / "mails" / "out")]
)
@pytest.mark.processes
def test_mails_are_written_into_the_folder_that_was_named(url, folder):
    show = "from django.conf import settings as s; print(s.MAILERS['default']['OPTIONS']['file_path'])"
    ended = start([sys.executable, "manage.py", "shell", "--no-imports", "--command", show], {"EMAIL_URL": url})

    assert Path(ended.stdout.strip()) == folder


@pytest.mark.processes
def test_a_file_says_what_the_environment_does_not(tmp_path):
    config = tmp_path / "site" / "config"
    config.mkdir(parents=True)
    shutil.copy(ROOT / "site" / "config" / "settings.py", config)
    (tmp_path / ".env").write_text("SITE_URL=http://localhost:8123\nSECRET_KEY=from-the-file\n")
    environment = {name: value for name, value in os.environ.items() if name != "SITE_URL"}
    show = "import settings as s; print(s.SITE_URL, s.SECRET_KEY)"

    shown = run([sys.executable, "-c", show], folder=config, env=environment).stdout

    assert shown.split() == ["http://localhost:8123", os.environ["SECRET_KEY"]]


def test_the_example_and_the_table_of_environments_name_every_setting():
    settings = (ROOT / "site" / "config" / "settings.py").read_text()
    example = (ROOT / ".env.example").read_text()
    names = {
        part.split('"')[0]
        for opening in ('_setting("', '_list("', 'env.str("', "env.dj_db_url(")
        for part in settings.split(opening)[1:]
    }

    assert "SECRET_KEY" in names
    assert [name for name in sorted(names) if f"{name}=" not in example] == []
    assert names - EVERY_SETTING.keys() == set()
