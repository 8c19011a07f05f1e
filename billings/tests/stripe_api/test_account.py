"""A key of another account or mode than the mirror's stops everything before anything is sent."""

import pytest

from billings.models import StripeKey, Trouble
from billings.status import describe, state_of
from billings.sync.converge import Result
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59

OTHER_KEY, LIVE_KEY, NEW_KEY = "sk_test_of_another_school", "sk_live_of_this_school", "sk_test_rolled"


@pytest.fixture
def account(sold) -> str:
    """Whose key the tests begin with."""
    return sold.product.account


@pytest.fixture(params=["another account", "live instead of test"])
def foreign_key(request, sandbox, account, settings):
    """Puts a key into the settings that the mirror does not belong to."""

    def put() -> None:
        if request.param == "another account":
            sandbox.register_key(OTHER_KEY, account="acct_another_school")
            settings.STRIPE_SECRET_KEY = OTHER_KEY
        else:
            sandbox.register_key(LIVE_KEY, account=account)
            settings.STRIPE_SECRET_KEY = LIVE_KEY

    return put


class TestAForeignKey:
    def test_stops_a_change_before_anything_is_sent(self, sold, sandbox, foreign_key):
        calls = len(sandbox.calls())
        foreign_key()

        sold.listing(name="Pastel")
        assert sold.converge() is Result.FAILED

        assert len(sandbox.calls()) == calls
        assert sold.product.trouble == Trouble.ACCOUNT
        assert not sold.product.requests.filter(resolved_at=None).exists()

    def test_stops_the_repeating_of_an_open_call(self, sold, sandbox, foreign_key):
        sandbox.fault("reset", method="POST")
        sold.price(USD59)
        sold.converge()
        calls = len(sandbox.calls())
        foreign_key()

        assert sold.converge() is Result.FAILED

        assert len(sandbox.calls()) == calls

    def test_stops_a_read(self, sold, sandbox, foreign_key):
        sandbox.fault("500", stored=True, method="POST")
        sold.price(USD59)
        sold.converge()
        sandbox.fault("reset", method="GET")
        sold.converge()
        calls = len(sandbox.calls())
        foreign_key()

        assert sold.converge() is Result.FAILED

        assert len(sandbox.calls()) == calls

    def test_is_said_in_one_clear_sentence(self, sold, foreign_key, account):
        foreign_key()
        sold.listing(name="Pastel")
        sold.converge()

        assert state_of(sold.product) == "attention"
        assert f"what is sold here was made in {account} (test)." in describe(sold.product, staff=True).sentence
        assert account not in describe(sold.product, staff=False).sentence

    def test_that_is_put_back_goes_on(self, sold, sandbox, foreign_key, settings):
        before = settings.STRIPE_SECRET_KEY
        foreign_key()
        sold.listing(name="Pastel")
        sold.converge()

        settings.STRIPE_SECRET_KEY = before
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_does_not_stop_what_has_nothing_in_stripe(self, make_sold, sandbox, foreign_key):
        foreign_key()
        free = make_sold(price=None)

        assert free.converge() is Result.DONE


class TestAKey:
    def test_is_asked_once_whose_it_is(self, make_sold, sandbox):
        for _ in range(3):
            assert make_sold().converge() is Result.DONE

        assert [call["path"] for call in sandbox.calls(account=True)].count("/v1/account") == 1

    def test_is_not_kept(self, sold, settings):
        key = StripeKey.objects.get()

        assert settings.STRIPE_SECRET_KEY not in f"{key.fingerprint} {key}"

    def test_rolled_in_the_same_account_goes_on(self, sold, sandbox, account, settings):
        sandbox.register_key(NEW_KEY, account=account)
        settings.STRIPE_SECRET_KEY = NEW_KEY

        sold.price(USD59)
        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)

    def test_that_stripe_does_not_know_sends_nothing_else(self, make_sold, sandbox):
        sold = make_sold()
        sandbox.fault("401")

        assert sold.converge() is Result.FAILED

        assert sandbox.calls() == []
        assert sold.product.trouble == Trouble.KEY
        assert sold.converge() is Result.DONE

    def test_without_an_answer_whose_it_is_is_asked_again(self, make_sold, sandbox):
        sold = make_sold()
        sandbox.fault("reset", path="/v1/account")

        assert sold.converge() is Result.FAILED
        assert sold.product.trouble == Trouble.UNREACHABLE
        assert sold.converge() is Result.DONE
