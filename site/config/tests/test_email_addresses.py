"""An email address belongs to its mailbox: typing another person's gets, keeps or reveals no account."""

import re
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client

OWNERS, ATTACKERS, CHOSEN = "eleven quiet evenings", "an attacker was here", "chosen by the mailbox"
VICTIM = "victim@example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
BACKEND = "django.contrib.auth.backends.ModelBackend"

pytestmark = pytest.mark.django_db


def link_in(mail: EmailMessage) -> str:
    return urlsplit(re.findall(r"https?://\S+", str(mail.body))[0]).path


def make_account(email: str, password: str, *, confirmed: bool) -> User:
    user = User.objects.create_user(email.partition("@")[0], email, password)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=confirmed)
    return user


def sign_up(client: Client, email: str, password: str):
    return client.post("/accounts/signup/", {"email": email, "password1": password})


def sign_in(client: Client, email: str, password: str) -> bool:
    client.post("/accounts/login/", {"login": email, "password": password})
    return is_in(client)


def is_in(client: Client) -> bool:
    return client.get("/courses/").status_code == 200


def confirm(client: Client, link: str, **sent: str):
    client.get(link)
    return client.post(link, sent, follow=True)


def reset(client: Client, mailbox: list[EmailMessage], email: str, password: str):
    """Ask for the link, open it and choose a password. What is read is the last mail."""
    before = len(mailbox)
    client.post("/accounts/password/reset/", {"email": email})
    [mail] = mailbox[before:]
    assert mail.to == [email]
    if "/reset/key/" not in mail.body:
        return None
    form = client.get(link_in(mail), follow=True)
    there = form.redirect_chain[-1][0] if form.redirect_chain else link_in(mail)
    return client.post(there, {"password1": password, "password2": password}, follow=True)


def words_of(answer) -> str:
    """A page without what differs between any two of them: the address that was typed, and the token."""
    return re.sub(r"[\w.]+@example\.com|[A-Za-z0-9]{64}|[0-9a-f]{32}", "", answer.text)


class Counted(MD5PasswordHasher):
    made = 0

    def encode(self, *args: str) -> str:
        type(self).made += 1
        return super().encode(*args)


class Slow(MD5PasswordHasher):
    """While it makes a password, "Sign up" is pressed once more, and that one is done first."""

    def encode(self, *args: str) -> str:
        if not User.objects.exists():
            User.objects.bulk_create([User(username="new", email="new@example.com", password="made")])
            EmailAddress.objects.create(user=User.objects.get(), email="new@example.com", primary=True)
        return super().encode(*args)


class TestSignUp:
    @pytest.fixture(params=["confirmed", "never confirmed", "switched off"])
    def account(self, request) -> User:
        user = make_account(VICTIM, OWNERS, confirmed=request.param != "never confirmed")
        User.objects.filter(pk=user.pk).update(is_active=request.param != "switched off")
        return user

    def test_answers_alike_whether_or_not_there_is_an_account(self, account, mailoutbox):
        known, new = Client(), Client()

        answers = [sign_up(known, VICTIM, ATTACKERS), sign_up(new, "nobody@example.com", ATTACKERS)]

        assert {(answer.status_code, answer.url) for answer in answers} == {(302, "/accounts/confirm-email/")}
        assert {tuple(answer.cookies) for answer in answers} == {("sessionid",)}
        pages = [client.get("/accounts/confirm-email/") for client in (known, new)]
        assert words_of(pages[0]) == words_of(pages[1])
        again = [client.post("/accounts/confirm-email/", follow=True) for client in (known, new)]
        assert words_of(again[0]) == words_of(again[1])
        assert not is_in(known)
        assert not is_in(new)
        assert [mail.to for mail in mailoutbox] == [[VICTIM], ["nobody@example.com"]] * 2

    def test_makes_a_password_in_both_cases_which_is_what_takes_long(self, account, settings):
        settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
        counts = []
        for email in (VICTIM, "nobody@example.com"):
            Counted.made = 0
            sign_up(Client(), email, ATTACKERS)
            counts.append(Counted.made)

        assert counts == [1, 1]

    def test_changes_nothing_of_the_account_that_is_there(self, account):
        sign_up(Client(), VICTIM, ATTACKERS)

        assert User.objects.get().check_password(OWNERS)

    def test_tells_the_owner(self, client, mailoutbox):
        make_account(VICTIM, OWNERS, confirmed=True)

        sign_up(client, VICTIM, ATTACKERS)

        assert mailoutbox[0].subject == "Course desk: You already have an account"
        assert "http://127.0.0.1:8000/accounts/password/reset/" in mailoutbox[0].body.splitlines()

    def test_leads_in_by_the_link_in_the_mail(self, client, mailoutbox):
        sign_up(client, "new@example.com", CHOSEN)
        assert not is_in(client)

        confirm(client, link_in(mailoutbox[0]))

        assert is_in(client)
        assert EmailAddress.objects.get().verified

    def test_can_have_the_link_once_more(self, client, mailoutbox):
        sign_up(client, "new@example.com", CHOSEN)
        assert "new@example.com" in client.get("/accounts/confirm-email/").text

        answer = client.post("/accounts/confirm-email/", follow=True)

        assert "Sent again." in answer.text
        for _ in range(3):
            answer = client.post("/accounts/confirm-email/", follow=True)
        assert "A message is on its way already." in answer.text
        assert len(mailoutbox) == 3
        assert {mail.to[0] for mail in mailoutbox} == {"new@example.com"}

    def test_pressed_twice_at_once_opens_one_account(self, client, mailoutbox, settings):
        settings.PASSWORD_HASHERS = [f"{__name__}.Slow"]

        answer = sign_up(client, "new@example.com", CHOSEN)

        assert answer.url == "/accounts/confirm-email/"
        assert User.objects.count() == 1
        assert "/confirm-email/" in mailoutbox[0].body

    def test_keeps_nobody_out_of_signing_up_again(self, client, mailoutbox):
        """Who lost the mail types everything once more."""
        sign_up(client, "new@example.com", CHOSEN)
        sign_up(Client(), "new@example.com", CHOSEN)

        assert "/confirm-email/" in mailoutbox[1].body


class TestSignIn:
    def test_tells_nobody_that_there_was_no_account_before_they_signed_up(self, client):
        """Their password is right, and as good as a wrong one."""
        make_account(VICTIM, OWNERS, confirmed=True)
        for email in (VICTIM, "nobody@example.com"):
            sign_up(Client(), email, ATTACKERS)

        asked = [{"login": email, "password": ATTACKERS} for email in (VICTIM, "nobody@example.com")]
        answers = [client.post("/accounts/login/", form) for form in asked]

        assert {answer.status_code for answer in answers} == {200}
        assert words_of(answers[0]) == words_of(answers[1])
        assert "or the address is not confirmed yet" in answers[0].text

    def test_takes_a_person_whom_the_school_has_made(self, client):
        User.objects.create_superuser("head", "head@example.com", OWNERS)

        assert sign_in(client, "head@example.com", OWNERS)

    def test_rejects_an_address_too_long_beside_its_field(self, client):
        for page, field in (("login", "login"), ("password/reset", "email")):
            answer = client.post(f"/accounts/{page}/", {field: f"{'x' * 250}@example.com", "password": OWNERS})

            assert "Enter an address of at most 254 characters, not 262." in answer.context["form"].errors[field]


class TestAnAccountOpenedWithAnotherPersonsAddress:
    """An attacker was first. They never had the mailbox; the victim has."""

    @pytest.fixture
    def attacker(self) -> Client:
        """Still signed in, with a second address of their own in waiting: from before addresses had to be confirmed."""
        self.account = make_account(VICTIM, ATTACKERS, confirmed=False)
        EmailAddress.objects.create(user=self.account, email="attacker@example.com")
        client = Client()
        client.force_login(self.account, backend=BACKEND)
        assert is_in(client)
        return client

    def test_is_of_no_use_to_the_attacker(self, mailoutbox):
        client = Client()
        sign_up(client, VICTIM, ATTACKERS)

        assert not is_in(client)
        assert not sign_in(client, VICTIM, ATTACKERS)

    def test_is_not_confirmed_for_the_attacker_by_the_victim(self, attacker, mailoutbox):
        """Who opens the link in good faith would let them in by the password that they know."""
        attacker.post("/accounts/email/", {"email": VICTIM, "action_send": ""})
        victim = Client()

        answer = confirm(victim, link_in(mailoutbox[0]))
        guessed = confirm(victim, link_in(mailoutbox[0]), password=OWNERS)

        assert "leave this page: nothing happens" in answer.text
        assert "Incorrect password." in guessed.text
        assert not EmailAddress.objects.filter(verified=True).exists()

    def test_a_sign_up_on_another_device_is_confirmed_by_its_password(self, mailoutbox):
        sign_up(Client(), "new@example.com", CHOSEN)
        phone = Client()

        confirm(phone, link_in(mailoutbox[0]), password=CHOSEN)

        assert EmailAddress.objects.get().verified
        assert not is_in(phone)
        assert sign_in(phone, "new@example.com", CHOSEN)

    def test_becomes_the_victims_by_a_reset_and_the_attacker_is_out(self, attacker, mailoutbox):
        victim = Client()

        reset(victim, mailoutbox, VICTIM, CHOSEN)

        assert not is_in(attacker)
        assert not sign_in(attacker, VICTIM, ATTACKERS)
        assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [(VICTIM, True, True)]
        assert reset(attacker, mailoutbox, "attacker@example.com", ATTACKERS) is None
        assert sign_in(victim, VICTIM, CHOSEN)

    def test_is_not_taken_over_without_a_word(self, attacker, mailoutbox):
        page = reset(Client(), mailoutbox, VICTIM, CHOSEN)

        asked, _changed, told = mailoutbox
        assert "what is in the account is somebody else's" in asked.body
        assert "if you did not open this account yourself" in told.body.lower()
        assert "attacker@example.com" in told.body
        assert f"{VICTIM} is confirmed now." in page.text

    def test_lets_the_victim_sign_up_by_their_mailbox(self, attacker, mailoutbox):
        """It is not said on the page that there is an account, only by mail, where they confirm or reset."""
        sign_up(Client(), VICTIM, CHOSEN)

        [mail] = mailoutbox
        assert mail.to == [VICTIM]
        assert not sign_in(Client(), VICTIM, CHOSEN)

    def test_is_confirmed_by_no_reset_where_another_account_has_confirmed_the_address_meanwhile(
        self, attacker, mailoutbox
    ):
        Client().post("/accounts/password/reset/", {"email": VICTIM})
        elsewhere = User.objects.create_user("elsewhere", "elsewhere@example.com", OWNERS)
        EmailAddress.objects.create(user=elsewhere, email=VICTIM, primary=True, verified=True)

        victim = Client()
        victim.get(link_in(mailoutbox[0]))
        there = re.sub(r"-[^/]+/$", "-set-password/", link_in(mailoutbox[0]))
        answer = victim.post(there, {"password1": CHOSEN, "password2": CHOSEN})

        assert answer.status_code == 302
        assert EmailAddress.objects.get(email=VICTIM, verified=True).user == elsewhere

    def test_has_no_reset_by_an_address_that_waits_beside_it(self, attacker, mailoutbox):
        assert reset(Client(), mailoutbox, "attacker@example.com", ATTACKERS) is None


class TestAnotherPersonsAddressAddedToOnesOwnAccount:
    @pytest.fixture
    def attacker(self, mailoutbox) -> Client:
        user = make_account("attacker@example.com", ATTACKERS, confirmed=True)
        client = Client()
        client.force_login(user, backend=BACKEND)
        client.post("/accounts/email/", {"email": VICTIM, "action_add": ""})
        client.post("/accounts/reauthenticate/?next=/accounts/email/", {"password": ATTACKERS})
        assert EmailAddress.objects.filter(email=VICTIM, verified=False).exists()
        return client

    def test_lets_its_owner_sign_up(self, attacker, mailoutbox):
        owner = Client()
        sign_up(owner, VICTIM, OWNERS)

        confirm(owner, link_in(mailoutbox[-1]))

        assert is_in(owner)
        assert EmailAddress.objects.get(email=VICTIM, verified=True).user.email == VICTIM

    def test_is_not_confirmed_for_the_attacker_by_its_owner(self, attacker, mailoutbox):
        [link] = [link_in(mail) for mail in mailoutbox if mail.to == [VICTIM]]

        confirm(Client(), link)

        assert not EmailAddress.objects.filter(email=VICTIM, verified=True).exists()

    def test_leads_no_reset_of_its_owner_into_the_attackers_account(self, attacker, mailoutbox):
        assert reset(Client(), mailoutbox, VICTIM, OWNERS) is None

    def test_leads_its_owners_reset_into_their_own(self, attacker, mailoutbox):
        make_account(VICTIM, OWNERS, confirmed=True)

        reset(Client(), mailoutbox, VICTIM, CHOSEN)

        assert User.objects.get(email=VICTIM).check_password(CHOSEN)
        assert User.objects.get(email="attacker@example.com").check_password(ATTACKERS)


class TestAnOpenSession:
    """Someone sits down at a browser that was left signed in: they know no password."""

    @pytest.fixture
    def left_open(self) -> Client:
        self.owner = make_account("owner@example.com", OWNERS, confirmed=True)
        EmailAddress.objects.create(user=self.owner, email="second@example.com", verified=True)
        client = Client()
        client.force_login(self.owner, backend=BACKEND)
        return client

    @pytest.mark.parametrize(
        "sent",
        [
            {"action_add": "", "email": "attacker@example.com"},
            {"action_primary": "", "email": "second@example.com"},
            {"action_remove": "", "email": "second@example.com"},
        ],
        ids=["add", "make primary", "remove"],
    )
    def test_changes_no_address_without_the_password(self, left_open, mailoutbox, sent):
        before = list(EmailAddress.objects.order_by("pk").values_list("email", "primary"))

        asked = left_open.post("/accounts/email/", sent)
        left_open.post(asked.url, {"password": ATTACKERS})

        assert asked.url == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
        assert list(EmailAddress.objects.order_by("pk").values_list("email", "primary")) == before
        assert not mailoutbox

        left_open.post(asked.url, {"password": OWNERS})
        assert list(EmailAddress.objects.order_by("pk").values_list("email", "primary")) != before
        assert mailoutbox

    def test_changes_no_password_without_the_old_one(self, left_open):
        left_open.post("/accounts/password/change/", {"oldpassword": "", "password1": CHOSEN, "password2": CHOSEN})

        self.owner.refresh_from_db()
        assert self.owner.check_password(OWNERS)

    def test_gets_no_reset_sent_to_an_address_that_nobody_confirmed(self, left_open, mailoutbox):
        EmailAddress.objects.create(user=self.owner, email="attacker@example.com")

        assert reset(Client(), mailoutbox, "attacker@example.com", ATTACKERS) is None


class TestTheOwnerIsTold:
    @pytest.fixture
    def owner(self, settings) -> Client:
        settings.TIME_ZONE = "Europe/Berlin"
        self.account = make_account("owner@example.com", OWNERS, confirmed=True)
        EmailAddress.objects.create(user=self.account, email="second@example.com", verified=True)
        client = Client(headers={"User-Agent": FIREFOX})
        client.force_login(self.account, backend=BACKEND)
        return client

    def change(self, owner: Client, **sent: str) -> None:
        owner.post("/accounts/email/", sent)
        owner.post("/accounts/reauthenticate/?next=/accounts/email/", {"password": OWNERS})

    def told(self, mailbox: list[EmailMessage], subject: str) -> list[str]:
        mails = [mail for mail in mailbox if mail.subject == f"Course desk: {subject}"]
        for mail in mails:
            assert re.search(r"^When: \d+ \w{3} \d{4}, \d\d:\d\d CES?T$", mail.body, re.MULTILINE)
            assert "From: 127.0.0.1, Firefox on Linux" in mail.body.splitlines()
            assert "http://127.0.0.1:8000/accounts/password/reset/" in mail.body.splitlines()
        return [mail.to[0] for mail in mails]

    def test_when_an_address_is_added(self, owner, mailoutbox):
        self.change(owner, action_add="", email="third@example.com")

        assert self.told(mailoutbox, "An email address was added to your account") == ["owner@example.com"]

    def test_at_the_old_address_when_another_becomes_the_primary_one(self, owner, mailoutbox):
        self.change(owner, action_primary="", email="second@example.com")

        assert self.told(mailoutbox, "Your email address was changed") == ["owner@example.com"]

    def test_at_the_removed_address_as_well_when_one_is_removed(self, owner, mailoutbox):
        self.change(owner, action_remove="", email="second@example.com")

        told = self.told(mailoutbox, "An email address was removed from your account")
        assert told == ["owner@example.com", "second@example.com"]

    def test_when_the_password_is_changed(self, owner, mailoutbox):
        sent = {"oldpassword": OWNERS, "password1": CHOSEN, "password2": CHOSEN}
        owner.post("/accounts/password/change/", sent)

        assert self.told(mailoutbox, "Your password was changed") == ["owner@example.com"]

    def test_when_an_address_is_set_in_the_admin_site(self, owner, mailoutbox):
        head = Client(headers={"User-Agent": FIREFOX})
        head.force_login(User.objects.create_superuser("head", "head@example.com"), backend=BACKEND)
        sent = {"password1": CHOSEN, "password2": CHOSEN, "usable_password": "true"}

        head.post(f"/admin/auth/user/{self.account.pk}/password/", sent)

        assert User.objects.get(pk=self.account.pk).check_password(CHOSEN)
        assert self.told(mailoutbox, "Your password was changed") == ["owner@example.com"]

    def test_when_the_password_is_reset(self, owner, mailoutbox):
        reset(owner, mailoutbox, "owner@example.com", CHOSEN)

        assert self.told(mailoutbox, "Your password was reset") == ["owner@example.com"]
