"""`manage.py reconcile` compares the whole catalogue with the real sandbox."""

import json

import pytest
import stripe
from django.core.management import CommandError, call_command

from billings.models import StripeKey
from billings.money import PriceSpec
from billings.operations import reconcile
from billings.stripe_api import gateway
from billings.sync.converge import Result
from billings.tests.support.in_sync import Only, assert_in_sync
from billings.tests.support.interruptions import at_call
from billings.tests.support.sold import USD59


def run(capsys, *options: str) -> tuple[int, str]:
    try:
        call_command("reconcile", *options)
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr().out
    return 0, capsys.readouterr().out


@pytest.fixture
def catalogue(make_sold, sandbox):
    """Three courses in sync, one of them with an archived price too."""
    courses = [make_sold(price=PriceSpec(amount, "usd")) for amount in (1900, 2900, 3900)]
    for sold in courses:
        assert sold.converge() is Result.DONE
    courses[0].price(USD59)
    assert courses[0].converge() is Result.DONE
    return courses


@pytest.mark.django_db(transaction=True)
class TestReconcile:
    def test_nothing_is_found_where_stripe_agrees(self, catalogue, sandbox, capsys):
        calls = len(sandbox.calls())

        code, said = run(capsys)

        assert (code, said.splitlines()[-1]) == (0, "Stripe agrees.")
        assert len(sandbox.calls()) == calls + 3

    @pytest.mark.parametrize(
        ("path", "body", "field"),
        [
            ("products/{product}", {"name": "By hand"}, "name"),
            ("products/{product}", {"description": "By hand"}, "description"),
            ("products/{product}", {"active": False}, "active"),
            ("products/{product}/delete", {}, "product"),
            ("products/{product}/price", {"unit_amount": 100, "currency": "usd"}, "price"),
            ("prices", {"product": "{product}", "unit_amount": 100, "currency": "usd"}, "price"),
        ],
    )
    def test_every_kind_of_edit_is_found_and_repaired(self, catalogue, sandbox, capsys, path, body, field):
        sold = catalogue[1]
        product = sold.product.stripe_id
        body = {key: value.format(product=product) if isinstance(value, str) else value for key, value in body.items()}
        sandbox.dashboard(path.format(product=product), **body)

        code, said = run(capsys, "--json")
        assert code == 1
        (drift,) = json.loads(said)["drift"]
        assert (drift["course_id"], drift["field"]) == (str(sold.course.id), field)

        assert run(capsys, "--repair")[0] == 0
        assert_in_sync_among(catalogue, sandbox)
        assert run(capsys)[0] == 0

    def test_an_archived_price_made_active_again_is_found(self, catalogue, sandbox, capsys):
        archived = sandbox.prices(active=False)[0]
        sandbox.dashboard(f"prices/{archived['id']}/activate")

        code, said = run(capsys)

        assert code == 1
        assert "Another price was added in Stripe, beside $59.00: $19.00." in said

    def test_orphans_are_named_and_anonymous_users_counted(self, catalogue, sandbox, capsys):
        sandbox.dashboard("products", name="A mug")
        sandbox.dashboard("products", id="course_lost", name="Lost", metadata={"course_id": "somewhere"})

        code, said = run(capsys)

        assert code == 1
        assert "course_lost: names course somewhere" in said
        assert "Products that have nothing to do with courses: 1." in said

    def test_a_course_that_is_on_its_way_is_no_drift(self, catalogue, sandbox, capsys):
        sandbox.fault("reset", when="after", method="POST")
        catalogue[2].price(USD59)
        catalogue[2].converge()

        code, said = run(capsys, "--json")

        assert json.loads(said)["drift"] == []
        assert code == 0

    def test_a_key_of_another_account_is_rejected_before_anything_is_read(self, catalogue, sandbox):
        StripeKey.objects.update(account="acct_other")
        calls = len(sandbox.calls())

        with pytest.raises(CommandError, match="acct_other"):
            call_command("reconcile")

        assert len(sandbox.calls()) == calls

    def test_a_silent_stripe_is_said_so(self, catalogue, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAUSES", [0.0])
        sandbox.fault("reset", method="GET", times=None)

        with pytest.raises(CommandError, match="could not be read"):
            call_command("reconcile")

    @pytest.mark.parametrize("kind", ["503", "429", "reset"])
    def test_a_page_that_fails_does_not_throw_away_the_others(self, catalogue, sandbox, capsys, monkeypatch, kind):
        monkeypatch.setattr(gateway, "PAUSES", [0.0])
        sandbox.fault(kind, method="GET", path="^/v1/prices$")

        code, said = run(capsys)

        assert (code, said.splitlines()[-1]) == (0, "Stripe agrees.")

    def test_a_product_deleted_between_two_pages_hides_no_other(self, catalogue, sandbox, monkeypatch):
        client = stripe.StripeClient("sk_test_sandbox_tests", base_addresses={"api": sandbox.url})
        client.v1.products.create({"name": "Orphan", "id": "orphan", "metadata": {"course_id": "x"}})
        for name in ("old", "new"):
            client.v1.products.create({"name": name, "id": name})
        monkeypatch.setattr(gateway, "PAGE", 2)
        at_call(monkeypatch, 1, after=lambda: client.v1.products.delete("old"))

        assert reconcile.compare().orphans == {"orphan": "x"}

    def test_a_list_with_no_place_to_go_on_from_is_not_taken_for_its_end(self, catalogue, sandbox, monkeypatch):
        client = stripe.StripeClient("sk_test_sandbox_tests", base_addresses={"api": sandbox.url})
        client.v1.products.create({"name": "new", "id": "new"})
        monkeypatch.setattr(gateway, "PAGE", 1)
        at_call(monkeypatch, 1, after=lambda: client.v1.products.delete("new"))

        with pytest.raises(gateway.ReadFailed, match="changed while it was read"):
            reconcile.compare()

    def test_a_repair_that_did_not_get_through_is_not_taken_for_done(self, catalogue, sandbox, capsys):
        sandbox.dashboard(f"products/{catalogue[0].product.stripe_id}", name="By hand")
        assert run(capsys)[0] == 1
        sandbox.fault("503", method="POST", times=None)

        code, said = run(capsys, "--repair")

        assert code == 1
        assert "not finished" in said
        assert "Stripe agrees" not in said

    def test_a_repair_that_stripe_rejects_is_not_taken_for_done(self, catalogue, sandbox, capsys):
        sandbox.dashboard(f"products/{catalogue[0].product.stripe_id}", name="By hand")
        rejection = {"status": 402, "code": "card_declined", "message": "No."}
        sandbox.fault("refuse", method="POST", times=None, error=rejection)

        code, said = run(capsys, "--repair")

        assert code == 1
        assert "Stripe rejected this" in said

    def test_memory_holds_one_page_at_a_time(self, catalogue, sandbox, monkeypatch):
        monkeypatch.setattr("billings.stripe_api.gateway.PAGE", 2)
        calls = len(sandbox.calls())

        assert reconcile.compare().suspects == set()

        # 3 products, 3 active prices, 1 archived, two on a page.
        assert len(sandbox.calls()) == calls + 2 + 2 + 1


def assert_in_sync_among(catalogue, sandbox):
    """Each by itself: a sandbox of one course's objects."""
    for sold in catalogue:
        assert_in_sync(sold, Only(sandbox, sold.product.stripe_id))
