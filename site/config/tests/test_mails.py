"""Mail comes from the product, by its name, in sentence case."""

from pathlib import Path

import allauth.account
import pytest
from django.contrib.auth.models import User
from django.template.loader import get_template, render_to_string

SUBJECTS = sorted(
    path.name for path in (Path(allauth.account.__file__).parents[1] / "templates/account/email").glob("*_subject.txt")
)

pytestmark = pytest.mark.django_db


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
