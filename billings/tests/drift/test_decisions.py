"""Staff decide on drift: restore our value or accept Stripe's, after a read, and only for what was shown."""

import pytest

from billings.drift import decisions
from billings.drift.decisions import Inexpressible, MovedOn, Undecidable
from billings.product_fields import Field
from billings.status import is_older_than_stripe
from billings.sync.events import request_reads
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.restored import older_afterwards
from billings.tests.support.sold import USD59


@pytest.fixture
def staff(django_user_model):
    return django_user_model.objects.create_user("staff", "staff@example.com")


@pytest.fixture
def drifted(sold, sandbox):
    """Someone edits in the Dashboard, and a read finds it."""

    def edit(path: str, **body):
        sandbox.dashboard(
            path.format(product=sold.product.stripe_id, price=sold.product.observed_default_price), **body
        )
        request_reads([sold.row.pk])
        sold.converge()
        return sold.product.drifts.get(closed_at=None)

    return edit


def adopt(sold):
    """What courses does: the course takes the value and copies it here."""
    columns = {Field.NAME: "name", Field.DESCRIPTION: "description"}

    def change(field: Field, value: object) -> None:
        if field is Field.ACTIVE:
            sold.listing(status="published" if value else "draft")
        else:
            sold.listing(**{columns[field]: value})

    return change


EDITS = [
    ("products/{product}", {"name": "Renamed by hand"}),
    ("products/{product}", {"description": "By hand"}),
    ("products/{product}", {"active": False}),
]


@pytest.mark.django_db(transaction=True)
class TestRestore:
    @pytest.mark.parametrize(("path", "body"), EDITS)
    def test_stripe_holds_ours_again(self, sold, sandbox, drifted, staff, path, body):
        drift = drifted(path, **body)

        decisions.restore_local_value(drift, shown=drift.remote_value, actor=staff)

        assert_in_sync(sold, sandbox)
        drift.refresh_from_db()
        assert (drift.decision, drift.decided_by) == ("restored", staff)

    def test_a_second_price_made_by_hand_is_archived(self, sold, sandbox, drifted, staff):
        drift = drifted("prices", product=sold.product.stripe_id, unit_amount=3900, currency="usd")
        assert drift.field == "price"

        decisions.restore_local_value(drift, shown=drift.remote_value, actor=staff)

        assert_in_sync(sold, sandbox)

    def test_a_deleted_product_is_made_again(self, sold, sandbox, drifted, staff):
        drift = drifted("products/{product}/delete")
        assert drift.field == "product"

        decisions.restore_local_value(drift, shown=drift.remote_value, actor=staff)

        assert_in_sync(sold, sandbox)
        assert sold.product.exists


@pytest.mark.django_db(transaction=True)
class TestAccept:
    @pytest.mark.parametrize(("path", "body"), EDITS)
    def test_ours_becomes_what_stripe_holds(self, sold, sandbox, drifted, staff, path, body):
        drift = drifted(path, **body)
        calls = len(sandbox.writes())

        decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))

        assert_in_sync(sold, sandbox)
        drift.refresh_from_db()
        assert (drift.decision, drift.decided_by) == ("accepted", staff)
        assert len(sandbox.writes()) == calls

    def test_a_price_is_taken_over_and_remembered(self, sold, sandbox, drifted, staff):
        made = sandbox.dashboard("prices", product=sold.product.stripe_id, unit_amount=3900, currency="usd")
        drift = drifted("products/{product}", default_price=made["id"])

        decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))

        assert_in_sync(sold, sandbox)
        assert str(sold.product.price) == "$39.00"
        change = sold.product.price_changes.first()
        assert (change.actor, change.source, str(change.new)) == (staff, "stripe", "$39.00")

    def test_a_deleted_product_leaves_a_free_course(self, sold, sandbox, drifted, staff):
        drift = drifted("products/{product}/delete")

        decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))

        assert sold.product.price is None
        assert_in_sync(sold, sandbox)

    def test_what_a_course_cannot_say_is_rejected(self, sold, sandbox, drifted, staff):
        recurring = {"interval": "week", "interval_count": 2}
        made = sandbox.dashboard(
            "prices", product=sold.product.stripe_id, unit_amount=3900, currency="usd", recurring=recurring
        )
        drift = drifted("products/{product}", default_price=made["id"])

        with pytest.raises(Inexpressible):
            decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))

        drift.refresh_from_db()
        assert drift.closed_at is None

    def test_a_picture_is_rejected(self, sold, drifted, staff):
        drift = drifted("products/{product}", images=["https://elsewhere.example/a.png"])

        with pytest.raises(Inexpressible):
            decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))


@pytest.mark.django_db(transaction=True)
class TestReadFirst:
    def test_a_value_that_changed_since_is_not_decided_on(self, sold, sandbox, drifted, staff):
        drift = drifted("products/{product}", name="Renamed by hand")
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="Renamed once more")

        for decide in (
            decisions.restore_local_value,
            lambda *a, **k: decisions.accept_stripes_value(*a, **k, adopt=adopt(sold)),
        ):
            with pytest.raises(MovedOn):
                decide(drift, shown="Renamed by hand", actor=staff)

        drift.refresh_from_db()
        assert (drift.remote_value, drift.closed_at) == ("Renamed once more", None)

    def test_what_is_accepted_of_a_newer_stripe_is_no_cause_of_a_later_drift(self, sold, sandbox, drifted, staff):
        """After restoring a backup."""
        with older_afterwards():
            sold.price(USD59)
            sold.converge()
        request_reads([sold.row.pk])
        sold.converge()
        drift = sold.product.drifts.get(closed_at=None)
        assert is_older_than_stripe(sold.product)

        decisions.accept_stripes_value(drift, shown=drift.remote_value, actor=staff, adopt=adopt(sold))
        drifted("products/{product}", name="Renamed by hand")

        assert not is_older_than_stripe(sold.product)

    def test_a_drift_that_went_away_is_not_decided_on(self, sold, sandbox, drifted, staff):
        drift = drifted("products/{product}", name="Renamed by hand")
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="Watercolour")

        with pytest.raises(MovedOn):
            decisions.restore_local_value(drift, shown="Renamed by hand", actor=staff)

    def test_nothing_is_decided_while_stripe_cannot_be_read(self, sold, sandbox, drifted, staff):
        drift = drifted("products/{product}", name="Renamed by hand")
        sandbox.fault("reset", method="GET")

        with pytest.raises(Undecidable, match="could not be read"):
            decisions.restore_local_value(drift, shown="Renamed by hand", actor=staff)

        drift.refresh_from_db()
        assert drift.closed_at is None
