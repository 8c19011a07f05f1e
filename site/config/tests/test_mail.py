"""Email comes from the product, by its name, in sentence case."""

import logging
import re
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import allauth.account
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import get_template, render_to_string

import config.settings
from config import secret_links
from config.mail import ConsoleBackend

PASSWORD = "eleven quiet evenings"

SUBJECTS = sorted(
    path.name for path in (Path(allauth.account.__file__).parents[1] / "templates/account/email").glob("*_subject.txt")
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    anna = User.objects.create_user("anna", "anna@example.com", PASSWORD)
    EmailAddress.objects.create(user=anna, email=anna.email, primary=True, verified=True)
    return anna


def test_there_are_subjects_to_look_at():
    assert "email_confirmation_subject.txt" in SUBJECTS


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_subject_is_ours_and_in_sentence_case(name, settings):
    template = f"account/email/{name}"
    words = render_to_string(template).strip()

    assert Path(get_template(template).origin.name).is_relative_to(settings.BASE_DIR / "templates")
    assert words[0].isupper()
    assert words[1:] == words[1:].lower()


def test_a_new_teacher_is_asked_to_confirm_in_the_products_name(client, mailoutbox, settings):
    settings.SIGNUP_OPEN = True
    password = "correct-horse-battery"
    client.post("/accounts/signup/", {"email": "anna@example.com", "password1": password, "password2": password})
    (mail,) = mailoutbox

    assert mail.subject == "Course desk: Confirm your email address"
    assert "/accounts/confirm-email/" in mail.body
    assert mail.body.startswith("To confirm that this email address is yours")


def test_a_forgotten_password_is_written_about_in_the_products_name(client, mailoutbox):
    User.objects.create_user("anna", "anna@example.com", "correct-horse-battery")
    client.post("/accounts/password/reset/", {"email": "anna@example.com"})
    (mail,) = mailoutbox

    assert mail.subject == "Course desk: Reset your password"
    assert "/accounts/password/reset/key/" in mail.body


class TestLinks:
    """They lead to SITE_URL, whatever Host the one who asked for the mail had written."""

    @pytest.fixture(autouse=True)
    def _at_school(self, settings):
        settings.ALLOWED_HOSTS = ["*"]
        settings.SITE_URL = "https://school.example:8443"

    @pytest.mark.parametrize(
        ("page", "sent"),
        [
            ("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD}),
            ("/accounts/password/reset/", {"email": "anna@example.com"}),
            ("/accounts/password/reset/", {"email": "nobody@example.com"}),
        ],
        ids=["confirm an address", "reset a password", "no account"],
    )
    def test_never_lead_to_the_host_that_was_asked(self, client, anna, mailoutbox, page, sent):
        client.post(page, sent, headers={"Host": "evil.example"})

        (mail,) = mailoutbox
        assert "evil.example" not in mail.message().as_string()
        links = re.findall(r"https?://[^/\s]+", mail.body)
        assert links
        assert set(links) == {"https://school.example:8443"}

    def test_lead_where_they_should(self, client, anna, mailoutbox):
        client.post("/accounts/password/reset/", {"email": anna.email}, headers={"Host": "evil.example"})
        link = urlsplit(re.findall(r"https://\S+", mailoutbox[0].body)[0])

        assert client.get(link.path, follow=True).status_code == 200
        assert "Choose a new password" in client.get(link.path, follow=True).text


class TestAMailServerThatIsAway:
    @pytest.fixture(autouse=True)
    def _away(self, settings):
        settings.MAILERS = {
            "default": {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {"host": "127.0.0.1", "port": 9, "timeout": 1},
            }
        }

    @pytest.mark.parametrize("email", ["new@example.com", "anna@example.com"])
    def test_lets_sign_up_go_on_alike_to_where_the_mail_can_be_asked_for_again(self, client, anna, email, caplog):
        answer = client.post("/accounts/signup/", {"email": email, "password1": PASSWORD}, follow=True)

        assert answer.status_code == 200
        assert "Send it again" in answer.text
        assert "could not be sent: ConnectionRefusedError" in caplog.text
        assert email not in caplog.text

    def test_undoes_no_change_that_it_could_not_tell_of(self, client, anna):
        client.force_login(anna, backend="django.contrib.auth.backends.ModelBackend")
        new = "twelve loud mornings"

        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

        anna.refresh_from_db()
        assert anna.check_password(new)


class TestConsole:
    def test_prints_a_link_whole_on_a_line_of_its_own(self, capsys):
        link = f"http://127.0.0.1:8000/accounts/password/reset/key/{'k' * 200}/"
        mail = EmailMessage(
            "Résumé of it", f"Zürich, open this:\n\n{link}\n\nBye", "portal@example.com", ["a@example.com"]
        )

        ConsoleBackend(stream=sys.stdout).send_messages([mail])

        lines = capsys.readouterr().out.splitlines()
        assert link in lines
        assert "Zürich, open this:" in lines

    def test_is_what_console_means(self):
        """Here the test runner has put its own outbox in its place."""
        assert config.settings.MAILERS["default"]["BACKEND"] == "config.mail.ConsoleBackend"


class TestLogs:
    KEYS = ("/accounts/password/reset/key/1-cs3xyz-abcdef0123/", "/accounts/confirm-email/MQ:1wSx:aBc_def-9/")

    @pytest.mark.parametrize("path", KEYS)
    def test_have_no_key_in_the_path_of_a_page_that_failed(self, path):
        said = StringIO()
        handler = logging.StreamHandler(said)
        handler.addFilter(secret_links.WithoutKeys())
        record = logging.LogRecord(
            "django.request", logging.ERROR, "", 0, "%s: %s", ("Service Unavailable", path), None
        )

        handler.handle(record)

        assert said.getvalue() == f"Service Unavailable: {path.rsplit('/', 2)[0]}/[hidden]/\n"

    def test_are_all_written_through_that_filter(self, settings):
        assert all("without_keys" in handler["filters"] for handler in settings.LOGGING["handlers"].values())

    @pytest.mark.parametrize("path", KEYS)
    def test_an_error_report_has_no_secret_link_either(self, path):
        event = {"request": {"url": f"https://school.example{path}"}, "spans": [{"description": f"GET {path}"}], "n": 1}

        shown = secret_links.scrub(event)

        assert path not in str(shown)
        assert shown["request"]["url"].startswith("https://school.example/accounts/")
        assert shown["n"] == 1
