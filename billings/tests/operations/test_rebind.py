"""Moving to another Stripe account: sandbox to test, test to live."""

import io

import pytest
from django.core.management import CommandError, call_command

from billings.models import StripeKey
from billings.sync.converge import Result
from billings.sync.sweep import sweep
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59


def use_second_account(sandbox, settings):
    sandbox.accept_key("sk_test_moved", account="acct_second")
    settings.STRIPE_SECRET_KEY = "sk_test_moved"


@pytest.fixture
def moved(sold, sandbox, settings):
    """The portal with a key of a second, empty account; the first one keeps what it has."""
    use_second_account(sandbox, settings)
    return sold


@pytest.mark.django_db(transaction=True)
class TestRebind:
    def test_everything_is_made_again_and_the_old_ids_are_kept(self, moved, sandbox, capsys):
        old = moved.product

        call_command("rebind", "--yes")
        while sweep():
            pass

        assert "1 courses were created in another account" in capsys.readouterr().out
        new = moved.product
        assert new.account != old.account
        assert new.observed_default_price not in ("", old.observed_default_price)
        assert new.observed_generation == new.generation
        (former,) = new.former.all()
        assert (former.account, former.stripe_id) == (old.account, old.stripe_id)
        assert [price["stripe_id"] for price in former.prices] == [old.observed_default_price]
        assert len(sandbox.products()) == 1, "the old account was touched"

    def test_without_it_nothing_is_sent_to_the_other_account(self, moved, sandbox):
        calls = len(sandbox.writes())
        moved.price(USD59)

        assert moved.converge() is Result.FAILED

        assert moved.product.trouble == "account"
        assert len(sandbox.writes()) == calls

    def test_without_it_a_new_course_is_not_made_in_the_other_account(self, moved, make_sold, sandbox):
        new = make_sold()

        assert new.converge() is Result.FAILED

        assert new.product.trouble == "account"
        assert len(sandbox.writes()) == 1

    def test_who_still_has_the_old_key_makes_nothing_there(self, moved, sandbox, settings):
        new_key, old = settings.STRIPE_SECRET_KEY, moved.product
        call_command("rebind", "--yes")

        settings.STRIPE_SECRET_KEY = "sk_test_sandbox_tests"
        assert moved.converge() is Result.FAILED
        assert moved.product.trouble == "account"

        settings.STRIPE_SECRET_KEY = new_key
        assert moved.converge() is Result.DONE
        assert moved.product.account != old.account

    def test_a_call_left_open_in_the_old_account_is_not_repeated_in_the_new(self, sold, sandbox, settings):
        sandbox.fault("reset", when="after", method="POST")
        sold.price(USD59)
        sold.converge()
        use_second_account(sandbox, settings)

        call_command("rebind", "--yes")
        while sweep():
            pass

        assert sold.product.observed_generation == sold.product.generation
        assert sold.product.prices.count() == 1

    def test_nothing_to_do_is_said_so(self, sold, sandbox, capsys):
        call_command("rebind")

        assert "Nothing to do" in capsys.readouterr().out
        assert_in_sync(sold, sandbox)

    def test_no_is_an_answer(self, moved, monkeypatch):
        monkeypatch.setattr("builtins.input", lambda question: "n")
        before = moved.product.account

        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("rebind")

        assert moved.product.account == before

    def test_nobody_there_to_answer_is_a_no(self, moved, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO())

        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("rebind")

    def test_a_silent_stripe_is_said_so(self, sold, sandbox, settings):
        StripeKey.objects.all().delete()
        sandbox.fault("reset", path="/v1/account")

        with pytest.raises(CommandError, match="whose key"):
            call_command("rebind")
