"""Both commands name every disagreement with Stripe and its cause, and exit with 1."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from billings.management.commands import converge as converge_command
from billings.models import BillingPrice, BillingProduct
from billings.operations.agreement import disagreements
from billings.stripe_api import gateway
from billings.sync import lease
from billings.tests.support.drifting import ask_for_a_read, edit, read
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59, Sold
from tools.testing.sandbox import Sandbox

REFUSAL = {"status": 400, "message": "We do not take this.", "param": "currency"}


def pending(sold: Sold, sandbox: Sandbox) -> None:
    """Another process is at it, and does not end."""
    sold.price(USD59)
    lease.take(sold.row.pk, seconds=3600)


def retrying(sold: Sold, sandbox: Sandbox) -> None:
    sandbox.fault("503", method="POST", times=None)
    sold.price(USD59)
    sold.converge()


def rejected(sold: Sold, sandbox: Sandbox) -> None:
    sandbox.fault("refuse", method="POST", times=None, error=REFUSAL)
    sold.price(USD59)
    sold.converge()


def without_a_key(sold: Sold, sandbox: Sandbox) -> None:
    sandbox.fault("401", method="POST", times=None)
    sold.price(USD59)
    sold.converge()


def drifted(sold: Sold, sandbox: Sandbox) -> None:
    edit(sandbox, sold, name="Oil")
    read(sold)


def waiting_for_a_read(sold: Sold, sandbox: Sandbox) -> None:
    ask_for_a_read(sold)
    lease.take(sold.row.pk, seconds=3600)


STATES = [
    (pending, "pending", "pending", "Stripe is being told"),
    (retrying, "retrying", "failing", "Stripe has trouble of its own."),
    (rejected, "attention", "rejected", "We do not take this."),
    (without_a_key, "attention", "key", "STRIPE_SECRET_KEY"),
    (waiting_for_a_read, "pending", "read", "still to be read"),
]

type Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch) -> Run:
    monkeypatch.setattr(converge_command, "LEASE_WAIT_SECONDS", 0)
    monkeypatch.setattr(gateway, "PAUSES", [0.0])

    def run(*arguments: str) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command(*arguments, stdout=out)
        except SystemExit as end:
            return int(end.code or 0), out.getvalue()
        return 0, out.getvalue()

    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["converge", "reconcile"])
class TestBothCommands:
    @pytest.mark.parametrize(("put", "state", "cause", "words"), STATES, ids=lambda part: getattr(part, "__name__", ""))
    def test_name_the_course_and_the_cause_and_end_with_1(self, sold, sandbox, run, command, put, state, cause, words):
        put(sold, sandbox)

        code, said = run(command)
        _, report = run(command, "--json")

        assert code == 1
        assert (str(sold.course.id) in said, "Stripe agrees" in said) == (True, False)
        assert words in said
        found: dict[str, Any] = json.loads(report)
        assert found["agrees"] is False
        (one,) = found["unfinished"]
        assert (one["course_id"], one["state"], one["cause"]) == (str(sold.course.id), state, cause)

    def test_name_what_was_changed_in_stripe_and_end_with_1(self, sold, sandbox, run, command):
        drifted(sold, sandbox)

        code, said = run(command)

        assert code == 1
        assert str(sold.course.id) in said
        assert "The title was changed in Stripe to “Oil”." in said

    @pytest.mark.parametrize(
        "columns",
        [
            {"desired_unit_amount": 5900},
            {"desired_name": "Oil"},
            {"desired_status": "draft"},
            {"desired_currency": "eur"},
        ],
        ids=str,
    )
    def test_do_not_believe_a_row_that_says_it_is_done(self, sold, sandbox, run, command, columns):
        """Whatever made it so: what is desired is compared with what Stripe holds."""
        BillingProduct.objects.filter(pk=sold.row.pk).update(**columns)

        code, said = run(command)

        assert code == 1
        assert f"{sold.course.id}" in said
        assert "Stripe does not hold what is desired here." in said

    def test_are_content_where_stripe_holds_all_that_is_desired(self, sold, sandbox, run, make_sold, command):
        make_sold(price=None).converge()
        make_sold(published=False).converge()
        archived = make_sold()
        archived.converge()
        archived.listing(status="archived")
        archived.converge()
        once_priced = make_sold()
        once_priced.converge()
        once_priced.price(None)
        once_priced.converge()

        assert run(command)[0] == 0
        assert json.loads(run(command, "--json")[1])["agrees"] is True


@pytest.mark.django_db(transaction=True)
class TestRepair:
    def test_plans_again_what_says_it_is_done(self, sold, sandbox, run):
        BillingProduct.objects.filter(pk=sold.row.pk).update(desired_unit_amount=5900)

        assert run("reconcile", "--repair")[0] == 0

        assert_in_sync(sold, sandbox)


class TestDisagreements:
    def test_are_found_in_few_queries(self, make_sold, sandbox, django_assert_max_num_queries):
        for _ in range(6):
            make_sold()

        with django_assert_max_num_queries(5):
            assert len(list(disagreements(BillingProduct.objects.all()))) == 6

    @pytest.mark.parametrize(
        "columns", [{"supported": False}, {"currency_options": {"eur": {"unit_amount": 100}}}], ids=str
    )
    def test_include_a_price_that_a_course_cannot_express(self, sold, sandbox, columns):
        BillingPrice.objects.update(**columns)

        (found,) = disagreements(BillingProduct.objects.all())

        assert found.state == "differs"
