"""The second factor: set up, requested, lost, removed; and who must have one."""

import logging
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from courses import lifecycle
from courses.content import Content
from people.tests.app_codes import PASSWORD, code_of

SECURITY = "/accounts/security/"
ACTIVATE = f"{SECURITY}totp/activate/"
ASKED = f"{SECURITY}authenticate/"
NO_CREDENTIALS = [
    "[]",
    "null",
    '"x"',
    '{"id": 1}',
    '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "e30", "signature": "eA"}}',
]


BREAD = Content(title="Bread", summary="", description="", subject="", level="all", language="en", cover="", price=None)


@pytest.fixture
def here(teacher, sign_in) -> Client:
    """The teacher's browser."""
    client = Client()
    sign_in(client=client)
    return client


@pytest.fixture
def key(here, set_up) -> str:
    return set_up(here)


def recovery_codes(client: Client) -> list[str]:
    return re.findall(r"\b\d{8}\b", client.get(f"{SECURITY}recovery-codes/download/").text)


def is_in(client: Client) -> bool:
    return client.get("/courses/").status_code == 200


class TestSettingUp:
    def test_asks_for_the_password_again(self, here):
        assert here.get(ACTIVATE).url.startswith("/accounts/reauthenticate/")

    def test_shows_a_code_to_scan_that_the_policy_lets_through(self, here):
        here.get(ACTIVATE)
        page = here.post(
            "/accounts/reauthenticate/", {"password": "eleven quiet evenings", "next": ACTIVATE}, follow=True
        )

        assert 'src="data:image/svg+xml;base64,' in page.text
        assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
        assert "<style" not in page.text
        assert " style=" not in page.text

    def test_is_told_by_mail(self, key, mailoutbox):
        assert [mail.subject for mail in mailoutbox] == ["Course desk: An authenticator app was set up"]

    def test_gives_recovery_codes(self, here, key):
        assert len(recovery_codes(here)) == 10
        assert "10 left" in here.get(SECURITY).text

    def test_ends_sessions_that_were_opened_without(self, teacher, sign_in, here, set_up):
        thief = Client()
        sign_in(client=thief)
        set_up(here)

        assert not is_in(thief)
        assert is_in(here)

    def test_needs_an_address_that_is_known_to_be_ones_own(self, here, set_up):
        EmailAddress.objects.update(verified=False)

        assert "Confirm your email address first" in here.get(SECURITY).text
        with pytest.raises(AttributeError, match="url"):  # the form comes again
            set_up(here)
        assert not Authenticator.objects.exists()

    def test_keeps_no_address_from_being_added_later(self, here, key, settings):
        settings.ACCOUNT_REAUTHENTICATION_REQUIRED = False
        here.post("/accounts/email/", {"action_add": "", "email": "more@example.com"})

        assert EmailAddress.objects.filter(email="more@example.com", verified=False).exists()


class TestSigningIn:
    @pytest.fixture
    def asked(self, key, sign_in) -> Client:
        """A new browser, past the password."""
        client = Client()
        assert sign_in(client=client).url == ASKED
        assert not is_in(client)
        return client

    def test_takes_the_apps_code(self, asked, key):
        assert asked.post(ASKED, {"code": code_of(key)}).url == "/"
        assert is_in(asked)

    @pytest.mark.parametrize("period", [-1, 1])
    def test_takes_it_from_a_clock_that_is_half_a_minute_off(self, asked, key, period):
        asked.post(ASKED, {"code": code_of(key, period=period)})

        assert is_in(asked)

    def test_takes_no_older_one_and_no_wrong_one(self, asked, key):
        for code in (code_of(key, period=-4), code_of(key, period=4), "", "abc", "0" * 400):
            answer = asked.post(ASKED, {"code": code})
            assert answer.status_code == 200
            assert 'id="id_code_error"' in answer.text
        assert not is_in(asked)

    def test_takes_it_once(self, asked, key, sign_in):
        code = code_of(key)
        asked.post(ASKED, {"code": code})
        thief = Client()
        sign_in(client=thief)

        assert "used already" in thief.post(ASKED, {"code": code}).text
        assert not is_in(thief)

    def test_takes_a_recovery_code_once(self, here, asked, sign_in):
        first, *_ = recovery_codes(here)
        asked.post(ASKED, {"code": f"{first[:4]} {first[4:]}"})
        assert is_in(asked)

        again = Client()
        sign_in(client=again)
        again.post(ASKED, {"code": first})
        assert not is_in(again)

    @pytest.mark.parametrize("credential", NO_CREDENTIALS)
    def test_what_is_no_passkey_is_a_wrong_one(self, asked, here, credential):
        assert asked.post(ASKED, {"credential": credential}).status_code == 200
        assert here.post(f"{SECURITY}webauthn/add/", {"credential": credential}).status_code == 200
        assert not is_in(asked)

    def test_is_no_way_around_the_password(self, key, client):
        assert client.get(ASKED).url == "/accounts/login/"
        assert client.post(ASKED, {"code": code_of(key)}).url == "/accounts/login/"

    def test_a_reset_password_is_no_way_around_it(self, key, teacher, mailoutbox, sign_in):
        client = Client()
        client.post("/accounts/password/reset/", {"email": teacher.email})
        link = next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word)
        form = client.get(link, follow=True).redirect_chain[-1][0]
        client.post(form, dict.fromkeys(["password1", "password2"], "twelve louder mornings"))

        assert not is_in(client)
        assert sign_in(password="twelve louder mornings", client=client).url == ASKED

    def test_the_admin_site_asks_as_well(self, key, teacher, sign_in):
        User.objects.update(is_staff=True, is_superuser=True)
        client = Client()
        answer = client.post("/admin/login/", {"username": teacher.username, "password": PASSWORD})

        assert "sessionid" not in answer.cookies or not is_in(client)
        assert client.get("/admin/").status_code == 302


class TestGuessingCodes:
    def guess(self, client: Client, times: int) -> list[int]:
        return [client.post(ASKED, {"code": f"{number:06}"}).status_code for number in range(times)]

    def test_is_slowed_down(self, key, sign_in):
        thief = Client()
        sign_in(client=thief)

        assert self.guess(thief, 6) == [200] * 5 + [429]
        answer = thief.post(ASKED, {"code": code_of(key)})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 300
        assert "There were too many tries" in answer.text

    def test_does_not_keep_the_owner_out_where_they_were_in_before(self, here, key, sign_in):
        here.post("/accounts/logout/")
        thief = Client()
        sign_in(client=thief)
        self.guess(thief, 6)
        sign_in(client=here)
        here.post(ASKED, {"code": code_of(key)})

        assert is_in(here)
        assert self.guess(thief, 6)[-1] == 429

    def test_goes_on_for_twenty_a_day(self, key, sign_in, settings):
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed": ""}
        thief = Client()
        sign_in(client=thief)

        assert self.guess(thief, 21) == [200] * 20 + [429]

    def test_a_known_browser_has_a_count_of_its_own(self, here, key, sign_in):
        here.post("/accounts/logout/")
        sign_in(client=here)

        assert self.guess(here, 11) == [200] * 10 + [429]


class TestLost:
    def test_a_superuser_takes_it_off(self, key, here, teacher, admin_client, mailoutbox, caplog):
        mailoutbox.clear()
        with caplog.at_level(logging.WARNING, "people"):
            answer = admin_client.post(
                "/admin/auth/user/", {"action": "remove_second_factor", "_selected_action": [teacher.pk]}, follow=True
            )

        assert "Turned off for 1 account" in answer.text
        assert not Authenticator.objects.exists()
        assert not is_in(here)
        (mail,) = mailoutbox
        assert mail.to == [teacher.email]
        assert mail.subject == "Course desk: Two-step sign-in was turned off"
        assert "http://127.0.0.1:8000/accounts/security/" in mail.body
        assert "teacher@example.com was removed by admin" in caplog.text

    def test_nobody_else_does(self, key, make_person, sign_in, teacher):
        helper = make_person("helper@example.com", is_staff=True)
        helper.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user"]))
        client = Client()
        sign_in(helper.email, client=client)
        page = client.get("/admin/auth/user/")
        client.post("/admin/auth/user/", {"action": "remove_second_factor", "_selected_action": [teacher.pk]})

        assert page.status_code == 200
        assert "remove_second_factor" not in page.text
        assert Authenticator.objects.exists()

    def test_a_command_takes_it_off(self, key, teacher, mailoutbox, capsys):
        mailoutbox.clear()
        call_command("remove_second_factor", "Teacher@example.com")

        assert not Authenticator.objects.exists()
        assert [mail.to for mail in mailoutbox] == [[teacher.email]]
        with pytest.raises(CommandError, match="has no second factor"):
            call_command("remove_second_factor", "teacher@example.com")
        with pytest.raises(CommandError, match="No account has the address"):
            call_command("remove_second_factor", "nobody@example.com")

    def test_its_secrets_are_not_in_the_admin_site(self, key, admin_client):
        assert admin_client.get("/admin/mfa/authenticator/").status_code == 404


class TestRequired:
    STAFF_PAGES = ("/billing/prices/", "/billing/sync/", "/admin/", "/admin/auth/user/")

    @pytest.fixture(autouse=True)
    def of_staff(self, settings):
        settings.REQUIRE_MFA = "staff"

    @pytest.fixture
    def staff(self, make_person) -> User:
        person = make_person("staff@example.com")
        person.groups.add(Group.objects.get(name="Price managers"))
        return person

    @pytest.fixture
    def desk(self, staff, sign_in) -> Client:
        client = Client()
        sign_in(staff.email, client=client)
        return client

    def test_staff_are_led_to_set_one_up_as_they_sign_in(self, staff, sign_in):
        assert sign_in(staff.email).url == SECURITY

    def test_teachers_are_not(self, teacher, sign_in):
        assert sign_in().url == "/"

    @pytest.mark.parametrize("page", STAFF_PAGES)
    def test_no_page_of_staff_opens_before(self, desk, page):
        User.objects.update(is_staff=True, is_superuser=True)
        answer = desk.get(page)

        assert answer.url == SECURITY
        assert "Your account must have a second step" in desk.get(SECURITY).text

    def test_nothing_of_staff_is_done_before(self, desk, staff, make_person):
        for method in (desk.post, desk.put, desk.delete):
            assert method("/billing/sync/").url == SECURITY

    def test_ones_own_courses_open(self, desk):
        assert is_in(desk)

    def test_another_teachers_course_does_not(self, desk, teacher):
        course = lifecycle.create(owner=teacher, content=BREAD, inline=False)
        assert desk.get(f"/courses/{course.pk}/prices/").status_code == 404

    def test_an_api_client_is_told_so(self, desk):
        answer = desk.get("/billing/prices/", headers={"accept": "application/json"})

        assert answer.status_code == 403
        assert answer.json() == {
            "errors": {"__all__": ["Set up a second step for signing in first: your account, Security."]}
        }

    def test_htmx_leads_the_whole_page(self, desk):
        assert desk.get("/billing/prices/", headers={"hx-request": "true"}).headers["HX-Redirect"] == SECURITY

    def test_setting_one_up_leads_back(self, desk, set_up):
        desk.get("/billing/prices/?q=bread")
        set_up(desk)

        assert 'href="/billing/prices/?q=bread"' in desk.get(f"{SECURITY}recovery-codes/").text

    def test_setting_one_up_opens_them(self, make_person, sign_in, set_up):
        admin, client = make_person("admin@example.com", is_staff=True, is_superuser=True), Client()
        sign_in(admin.email, client=client)
        set_up(client)

        assert client.get("/billing/prices/").status_code == 200
        assert client.get("/admin/").status_code == 200

    def test_a_new_session_passes_it_by_its_code(self, desk, staff, set_up, sign_in):
        key = set_up(desk)
        client = Client()
        sign_in(staff.email, client=client)
        assert client.get("/billing/prices/").url.startswith("/accounts/login/")
        client.post(ASKED, {"code": code_of(key)})

        assert client.get("/billing/prices/").status_code == 200

    def test_a_session_that_was_opened_without_signs_in_again(self, desk, staff, set_up):
        set_up(desk)
        client = Client()
        client.force_login(staff)

        assert client.get("/billing/prices/").url == "/accounts/login/?next=/billing/prices/"
        assert not is_in(client)

    def test_the_last_one_cannot_be_turned_off(self, desk, set_up):
        set_up(desk)
        page = desk.post(f"{SECURITY}totp/deactivate/")

        assert "Your account must have a second step. Add another one first." in page.text
        assert Authenticator.objects.filter(type="totp").exists()

    def test_the_last_passkey_cannot_be_removed_either(self, desk, staff, set_up):
        set_up(desk)
        Authenticator.objects.filter(type="totp").delete()
        passkey = Authenticator.objects.create(user=staff, type="webauthn", data={"name": "Phone", "credential": {}})
        desk.post(f"{SECURITY}webauthn/keys/{passkey.pk}/remove/")

        assert Authenticator.objects.filter(pk=passkey.pk).exists()

    def test_one_taken_off_closes_them_again(self, desk, staff, set_up, sign_in):
        set_up(desk)
        call_command("remove_second_factor", staff.email)
        client = Client()

        assert sign_in(staff.email, client=client).url == SECURITY
        assert client.get("/billing/prices/").url == SECURITY


class TestNotRequired:
    def test_it_is_asked_of_nobody(self, make_person, sign_in):
        person = make_person("staff@example.com", is_staff=True)
        person.groups.add(Group.objects.get(name="Price managers"))
        client = Client()

        assert sign_in(person.email, client=client).url == "/"
        assert client.get("/billing/prices/").status_code == 200

    def test_it_can_be_turned_off(self, here, key):
        here.post(f"{SECURITY}totp/deactivate/")

        assert not Authenticator.objects.exists()


class TestWhereOneIsSignedIn:
    @pytest.fixture
    def there(self, teacher, sign_in) -> Client:
        client = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/144.0"})
        sign_in(client=client, address="198.51.100.7")
        return client

    def test_is_listed(self, here, there):
        page = here.get(SECURITY)

        assert "Firefox on Windows" in page.text
        assert "198.51.100.7" in page.text
        assert "this browser" in page.text
        assert there.session.session_key not in page.text

    def test_one_is_signed_out_by_its_button(self, here, there, teacher, sign_in):
        third = Client()
        sign_in(client=third)
        [name] = re.findall(
            r'name="session" value="(\w+)">\s*Sign out there<span[^>]*> Firefox', here.get(SECURITY).text
        )
        here.post(f"{SECURITY}sessions/end/", {"session": name})

        assert not is_in(there)
        assert is_in(third)
        assert is_in(here)

    def test_all_others_are_signed_out_at_once(self, here, there):
        here.post(f"{SECURITY}sessions/end/")

        assert not is_in(there)
        assert is_in(here)

    def test_nobody_elses_is(self, here, make_person, sign_in):
        make_person("other@example.com")
        other = Client()
        sign_in("other@example.com", client=other)
        here_too = Client()
        sign_in("other@example.com", client=here_too)
        [name] = re.findall(r'name="session" value="(\w+)"', other.get(SECURITY).text)
        here.post(f"{SECURITY}sessions/end/", {"session": name})
        here.post(f"{SECURITY}sessions/end/")

        assert is_in(other)
        assert is_in(here_too)

    def test_is_told_in_as_many_queries_however_many_there_are(
        self, here, teacher, sign_in, django_assert_max_num_queries
    ):
        for _ in range(12):
            sign_in()
        with django_assert_max_num_queries(10):
            here.get(SECURITY)

    @pytest.mark.parametrize("path", [SECURITY, f"{SECURITY}sessions/end/", ACTIVATE])
    def test_is_for_those_who_are_signed_in(self, client, db, path):
        answer = client.post(path) if path.endswith("end/") else client.get(path)

        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")
