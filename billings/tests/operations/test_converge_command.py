"""`manage.py converge`: everything that is pending now, a line for what people should know, and an exit status."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billings.management.commands import converge as command
from billings.sync import lease
from billings.tests.support.drifting import ask_for_a_read, edit, read
from billings.tests.support.due import wait_until
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.rejecting import reject
from billings.tests.support.sold import USD59


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit code and the lines that were written."""
    out = StringIO()
    try:
        call_command("converge", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.mark.django_db
class TestTheCommand:
    def test_with_nothing_pending_is_content(self):
        assert run() == (0, ["0 of 0 have nothing left to do in Stripe."])

    def test_converges_what_is_pending(self, sold, sandbox):
        sold.price(USD59)

        assert run() == (0, ["1 of 1 have nothing left to do in Stripe."])

        assert_in_sync(sold, sandbox)

    def test_does_not_wait_for_the_backoff(self, sold, sandbox):
        sandbox.fault("reset", method="POST")
        sold.price(USD59)
        sold.converge()
        wait_until(sold, 3600)

        assert run()[0] == 0

        assert_in_sync(sold, sandbox)

    def test_leaves_alone_what_agrees(self, sold, sandbox, make_sold):
        make_sold().converge()
        calls = len(sandbox.calls())

        run()

        assert len(sandbox.calls()) == calls

    def test_of_all_takes_what_agrees_as_well(self, sold, make_sold):
        make_sold(price=None).converge()

        assert run("--all") == (0, ["2 of 2 have nothing left to do in Stripe."])

    def test_of_one_course_takes_only_that(self, sold, sandbox, make_sold):
        other = make_sold()

        assert run("--course", str(sold.course.id)) == (0, ["1 of 1 have nothing left to do in Stripe."])

        assert not other.product.exists

    def test_of_a_course_that_is_not_there_says_so(self):
        course = uuid.uuid4()

        with pytest.raises(CommandError, match=f"There is no course {course}"):
            run("--course", str(course))

    def test_lists_what_failed_with_the_reason_and_ends_with_1(self, sold, sandbox):
        sandbox.fault("reset", method="POST")
        sold.price(USD59)

        code, (line, sum_) = run()

        assert code == 1
        assert line.startswith(f"{sold.course.id} Watercolour: retrying. Stripe could not be reached.")
        assert sum_ == "0 of 1 have nothing left to do in Stripe."

    def test_goes_on_behind_what_failed(self, sandbox, make_sold):
        make_sold()
        second = make_sold()
        sandbox.fault("reset", method="POST")

        code, lines = run()

        assert (code, lines[-1]) == (1, "1 of 2 have nothing left to do in Stripe.")
        assert second.product.exists

    def test_lists_drift_that_it_found(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        ask_for_a_read(sold)

        code, (line, _) = run()

        assert code == 1
        assert line == f"{sold.course.id} Watercolour: drift. The title was changed in Stripe to “Oil”."

    def test_lists_drift_of_a_row_with_nothing_pending(self, sold, sandbox):
        edit(sandbox, sold, name="Oil")
        read(sold)

        code, (line, sum_) = run()

        assert (code, sum_) == (1, "0 of 0 have nothing left to do in Stripe.")
        assert "drift" in line

    def test_lists_what_stripe_rejected(self, sold, sandbox):
        reject(sandbox, param="name")
        sold.listing(name="Pastel")

        _, (line, _) = run()

        assert line.startswith(f"{sold.course.id} Pastel: attention. Stripe rejected this: We do not take this.")

    def test_of_one_course_lists_no_other(self, sold, sandbox, make_sold):
        edit(sandbox, sold, name="Oil")
        read(sold)

        free = make_sold(price=None).course.id
        assert run("--course", str(free)) == (0, ["1 of 1 have nothing left to do in Stripe."])


class TestAnothersLease:
    def test_is_waited_out(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr(command, "LEASE_POLL_SECONDS", 0.01)
        sold.price(USD59)
        lease.take(sold.row.pk, seconds=0.1)

        assert run() == (0, ["1 of 1 have nothing left to do in Stripe."])

    def test_that_never_ends_is_listed_and_ends_with_1(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr(command, "LEASE_WAIT_SECONDS", 0)
        sold.price(USD59)
        lease.take(sold.row.pk, seconds=3600)

        code, (line, sum_) = run()

        assert (code, sum_) == (1, "0 of 1 have nothing left to do in Stripe.")
        assert line.startswith(f"{sold.course.id} Watercolour: pending.")
