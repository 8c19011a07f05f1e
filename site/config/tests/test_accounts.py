"""Sign-up, sign-in and email addresses: what was typed is what is stored, or the reason is beside it."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "eleven quiet evenings"
LONG = f"{'x' * 250}@example.com"
LONGEST = f"{'x' * 64}@{'y' * 60}.{'z' * 60}.{'w' * 59}.example"


@pytest.fixture
def client(db) -> Client:
    return Client()


@pytest.fixture
def teacher(db) -> User:
    user = User.objects.create_user("teacher", "teacher@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


@pytest.fixture
def signed_in(client, teacher) -> Client:
    client.force_login(teacher, backend="django.contrib.auth.backends.ModelBackend")
    return client


def sign_up(client: Client, email: str = "new@example.com", **fields: str):
    return client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, **fields})


class TestSignUp:
    def test_asks_for_one_password_that_can_be_shown(self, client):
        text = client.get("/accounts/signup/").text

        assert text.count('type="password"') == 1
        assert re.search(r'data-show-password aria-controls="id_password1"\s+aria-pressed="false"', text)

    @pytest.mark.parametrize("again", [{}, {"password2": PASSWORD}, {"password2": ""}])
    def test_takes_one_password_or_the_same_twice(self, client, again):
        assert sign_up(client, **again).status_code == 302
        assert User.objects.get().email == "new@example.com"

    def test_two_that_differ_are_rejected(self, client):
        answer = sign_up(client, password2="another thing altogether")

        assert answer.status_code == 200
        assert "The two passwords differ." in answer.text
        assert not User.objects.exists()

    def test_an_address_too_long_to_keep_is_rejected_not_cut(self, client):
        answer = sign_up(client, LONG)

        assert answer.status_code == 200
        assert f"Enter an address of at most 254 characters, not {len(LONG)}." in answer.text
        assert not User.objects.exists()
        assert not EmailAddress.objects.exists()

    def test_one_beyond_all_addresses_is_rejected_as_well(self, client):
        assert "Enter a valid email address." in sign_up(client, f"{'x' * 500}@example.com").text
        assert not User.objects.exists()

    def test_the_longest_one_is_kept_whole(self, client):
        assert len(LONGEST) <= 254

        assert sign_up(client, LONGEST).status_code == 302
        assert EmailAddress.objects.get().email == LONGEST

    def test_what_is_missing_is_asked_for_in_words(self, client):
        text = client.post("/accounts/signup/", {}).text

        assert "Enter your email address." in text
        assert "Enter a password." in text


class TestTheAdminSite:
    def test_is_entered_by_the_portals_own_sign_in(self, client):
        answer = client.get("/admin/courses/course/?q=oil", follow=True)

        assert answer.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2Fcourses%2Fcourse%2F%3Fq%3Doil"

    def test_takes_no_password_of_its_own(self, client):
        User.objects.create_superuser("admin", "admin@example.com", PASSWORD)

        answer = client.post("/admin/login/?next=/admin/", {"username": "admin", "password": PASSWORD})

        assert (answer.status_code, answer.url) == (302, "/accounts/login/?next=%2Fadmin%2F")
        assert "_auth_user_id" not in client.session

    def test_is_closed_to_teachers(self, signed_in):
        assert signed_in.get("/admin/", follow=True).status_code == 403

    def test_changes_no_password_where_its_owner_is_not_told(self, signed_in):
        assert signed_in.post("/admin/password_change/").url == "/accounts/password/change/"


class TestAddresses:
    @pytest.fixture
    def other(self, teacher) -> EmailAddress:
        return EmailAddress.objects.create(user=teacher, email="other@example.com")

    def make_primary(self, signed_in: Client, email: str):
        answer = signed_in.post("/accounts/email/", {"email": email, "action_primary": ""}, follow=True)
        asks_again = answer.request["PATH_INFO"] == "/accounts/reauthenticate/"
        return signed_in.post(answer.redirect_chain[-1][0], {"password": PASSWORD}) if asks_again else answer

    @pytest.mark.parametrize("first_is_confirmed", [True, False])
    def test_an_unconfirmed_one_cannot_become_the_main_one(self, signed_in, teacher, other, first_is_confirmed):
        EmailAddress.objects.filter(primary=True).update(verified=first_is_confirmed)

        answer = self.make_primary(signed_in, other.email)

        assert EmailAddress.objects.get(primary=True).email == "teacher@example.com"
        assert "Confirm this address first; then it can become the primary one." in answer.text
        teacher.refresh_from_db()
        assert teacher.email == "teacher@example.com"

    def test_it_is_not_offered_either(self, signed_in, other):
        text = signed_in.get("/accounts/email/").text

        assert "other@example.com" in text
        assert "Make primary" not in text

    def test_a_confirmed_one_can(self, signed_in, other):
        EmailAddress.objects.filter(pk=other.pk).update(verified=True)
        assert "Make primary" in signed_in.get("/accounts/email/").text

        self.make_primary(signed_in, other.email)

        assert EmailAddress.objects.get(primary=True).email == "other@example.com"

    def test_another_users_confirmed_one_cannot(self, signed_in, teacher):
        anonymous = User.objects.create_user("anonymous", "anonymous@example.com")
        EmailAddress.objects.create(user=anonymous, email=anonymous.email, primary=True, verified=True)

        self.make_primary(signed_in, anonymous.email)

        assert EmailAddress.objects.get(user=teacher).primary

    def test_one_too_long_is_rejected(self, signed_in, teacher):
        answer = signed_in.post("/accounts/email/", {"email": LONG, "action_add": ""})

        assert "Enter an address of at most 254 characters" in answer.text
        assert EmailAddress.objects.count() == 1

    def test_an_anonymous_user_signs_in_first(self, client):
        assert "/accounts/login/" in client.get("/accounts/email/").url
