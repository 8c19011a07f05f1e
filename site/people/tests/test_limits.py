"""Guessing is slowed down, and nobody else: neither the account's owner nor others behind the same address."""

import pytest
from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.test import Client

pytestmark = pytest.mark.django_db
GUESSER = "203.0.113.66"
MOST_PER_ACCOUNT = 5
MOST_PER_ADDRESS = 100


def guess(sign_in, times, email="teacher@example.com", address=GUESSER, **extra):
    return [sign_in(email, "wrong", address=address, **extra).status_code for _ in range(times)]


def is_in(answer) -> bool:
    return answer.status_code == 302 and "sessionid" in answer.cookies


class TestGuessing:
    def test_a_guesser_waits_even_with_the_right_password(self, teacher, sign_in):
        assert guess(sign_in, MOST_PER_ACCOUNT) == [200] * MOST_PER_ACCOUNT

        answer = sign_in(address=GUESSER)

        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 300
        assert "There were too many tries. Wait a few minutes" in answer.text
        assert 'value="teacher@example.com"' in answer.text
        assert not is_in(answer)

    def test_is_slowed_down_from_many_addresses_as_well(self, teacher, sign_in):
        for number in range(MOST_PER_ACCOUNT):
            guess(sign_in, 1, address=f"203.0.113.{number}")

        assert sign_in(address="203.0.113.99").status_code == 429

    def test_no_host_header_and_no_spelling_gives_new_guesses(self, teacher, sign_in, settings):
        settings.ALLOWED_HOSTS = ["testserver", "localhost"]
        for number in range(MOST_PER_ACCOUNT):
            guess(sign_in, 1, email="Teacher@Example.com" if number % 2 else "teacher@example.com",
                  headers={"host": f"localhost:{8000 + number}"})  # fmt: skip

        assert sign_in(address=GUESSER, headers={"host": "localhost:9000"}).status_code == 429

    @pytest.mark.slow
    def test_no_forwarded_address_does(self, sign_in, settings):
        """With one proxy: what it did not write itself is not looked at."""
        settings.TRUSTED_PROXY_COUNT = 1
        seen = [
            guess(sign_in, 1, f"nobody{number}@example.com", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, {GUESSER}")
            for number in range(MOST_PER_ADDRESS + 1)
        ]

        assert seen[-1] == [429]
        assert seen[:-1] == [[200]] * MOST_PER_ADDRESS

    def test_an_account_that_is_not_there_is_answered_alike(self, teacher, sign_in):
        for email in ("teacher@example.com", "nobody@example.com"):
            assert guess(sign_in, MOST_PER_ACCOUNT + 1, email) == [200] * MOST_PER_ACCOUNT + [429]

    def test_an_api_client_is_told_in_json(self, teacher, sign_in):
        guess(sign_in, MOST_PER_ACCOUNT)

        answer = sign_in(headers={"accept": "application/json"})

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json() == {
            "errors": {"__all__": ["There were too many tries. Wait a few minutes, then try again."]}
        }


class TestTheOwner:
    def test_gets_in_where_they_were_in_before(self, teacher, sign_in):
        known = Client()
        assert is_in(sign_in(client=known))
        known.post("/accounts/logout/")
        guess(sign_in, MOST_PER_ACCOUNT + 1)

        assert is_in(sign_in(client=known))

    def test_a_known_browser_has_no_more_than_guesses_of_its_own(self, teacher, sign_in):
        known = Client()
        sign_in(client=known)
        known.post("/accounts/logout/")

        assert guess(sign_in, 11, client=known) == [200] * 10 + [429]
        assert is_in(sign_in(client=Client()))  # which count for nobody else

    def test_another_persons_browser_is_not_known(self, teacher, make_person, sign_in):
        make_person("other@example.com")
        theirs = Client()
        sign_in("other@example.com", client=theirs)
        theirs.post("/accounts/logout/")
        guess(sign_in, MOST_PER_ACCOUNT)

        assert sign_in(client=theirs).status_code == 429

    def test_a_forged_cookie_is_not_known(self, teacher, sign_in):
        guess(sign_in, MOST_PER_ACCOUNT)
        client = Client()
        client.cookies["device"] = "eyJpZCI6IngiLCJwZW9wbGUiOlsxXX0:1abcde:forged"

        assert sign_in(client=client).status_code == 429

    def test_a_browser_knows_all_who_share_it(self, teacher, make_person, sign_in):
        make_person("other@example.com")
        shared = Client()
        for email in ("teacher@example.com", "other@example.com"):
            sign_in(email, client=shared)
            shared.post("/accounts/logout/")
        guess(sign_in, MOST_PER_ACCOUNT)
        guess(sign_in, MOST_PER_ACCOUNT, "other@example.com")

        for email in ("teacher@example.com", "other@example.com"):
            assert is_in(sign_in(email, client=shared))
            shared.post("/accounts/logout/")

    def test_a_reset_opens_the_account_where_it_was_done(self, teacher, sign_in, mailoutbox):
        owner = Client()
        guess(sign_in, MOST_PER_ACCOUNT + 1)
        owner.post("/accounts/password/reset/", {"email": teacher.email})
        link = next(word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word)
        form = owner.get(link, follow=True).redirect_chain[-1][0]
        new = "twelve louder mornings"
        owner.post(form, {"password1": new, "password2": new})
        guess(sign_in, MOST_PER_ACCOUNT + 1)

        assert is_in(sign_in(password=new, client=owner))


@pytest.mark.slow
class TestOneAddress:
    def test_guessing_at_one_account_closes_no_other(self, make_person, sign_in):
        make_person("colleague@example.com")
        guess(sign_in, MOST_PER_ADDRESS + 20)

        assert is_in(sign_in("colleague@example.com", address=GUESSER))

    def test_guessing_at_many_accounts_closes_it_for_unknown_browsers_alone(self, teacher, make_person, sign_in):
        make_person("colleague@example.com")
        known = Client()
        sign_in("colleague@example.com", client=known)
        known.post("/accounts/logout/")
        for number in range(MOST_PER_ADDRESS):
            guess(sign_in, 1, f"nobody{number}@example.com")

        assert sign_in(address=GUESSER).status_code == 429
        assert is_in(sign_in("colleague@example.com", client=known, address=GUESSER))
        assert is_in(sign_in(address="198.51.100.1"))

    def test_eighty_right_ones_all_come_in(self, make_person, sign_in):
        for number in range(80):
            make_person(f"t{number}@example.com")

        assert all(is_in(sign_in(f"t{number}@example.com")) for number in range(80))

    def test_eighty_at_once_of_one_account_are_not_too_many(self, teacher, rf, sign_in):
        """Each of them as it is before its password was looked at."""
        adapter = get_adapter()
        for _ in range(80):
            adapter.pre_authenticate(rf.post("/accounts/login/"), email=teacher.email)

        assert is_in(sign_in())

    def test_eighty_addresses_behind_one_proxy_all_come_in(self, teacher, sign_in, settings):
        settings.TRUSTED_PROXY_COUNT = 1

        assert all(is_in(sign_in(HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")) for number in range(80))


class TestPages:
    """Limits on whole pages answer with a page of their own."""

    def test_it_says_so(self, client, settings):
        settings.ACCOUNT_RATE_LIMITS = {"signup": "1/m/ip"}
        client.post("/accounts/signup/")

        answer = client.post("/accounts/signup/")

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "60"
        assert "Too many tries" in answer.text
        answer = client.post("/accounts/signup/", headers={"accept": "application/json"})
        assert answer.status_code == 429
        assert "too many tries" in answer.json()["errors"]["__all__"][0]

    def test_nobody_is_sent_resets_without_end(self, teacher, client, mailoutbox):
        answers = [client.post("/accounts/password/reset/", {"email": teacher.email}) for _ in range(4)]

        assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
        assert 60 < int(answers[-1].headers["Retry-After"]) <= 300
        assert len(mailoutbox) == 3


def test_all_processes_count_together(settings):
    """Not in the memory of each."""
    assert "locmem" not in settings.CACHES["default"]["BACKEND"]


def test_two_at_once_cannot_both_be_the_first(db):
    assert cache.add("lock", 1, 10)
    assert not cache.add("lock", 1, 10)
