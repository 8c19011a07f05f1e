"""The state of a course is the same in Python and in the column that the database computes."""

from itertools import product as combinations

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.utils import timezone

from billings.models import TROUBLE_FOR_PEOPLE, Availability, BillingProduct, Trouble
from billings.product_fields import Field
from billings.status import PREFETCH, STATES, state_of
from billings.sync import excluded
from billings.tests.support.billing_rows import reject


class TestTheState:
    """In this order: attention, drift, retrying, pending, archived, free, in_sync."""

    def rows(self, owner: User) -> dict[BillingProduct, str]:
        """Every combination of what is tested, with the state that it should have."""
        courses = apps.get_model("courses", "Course").objects
        rows = {}
        for trouble, rejected, drifted, ahead, status, priced in combinations(
            Trouble.values, (True, False), ("open", "closed", ""), (True, False), Availability.values, (True, False)
        ):
            product = BillingProduct.objects.create(
                course=courses.create(owner=owner, title="Watercolour"),
                desired_name="Watercolour",
                desired_status=status,
                desired_unit_amount=4900 if priced else None,
                generation=2,
                observed_generation=1 if ahead else 2,
                trouble=trouble,
            )
            if rejected:
                reject(product)
            if drifted:
                product.drifts.create(
                    field=Field.NAME,
                    local_value="",
                    remote_value="",
                    closed_at=timezone.now() if drifted == "closed" else None,
                )
            tested = [
                ("attention", trouble in TROUBLE_FOR_PEOPLE or rejected),
                ("drift", drifted == "open"),
                ("retrying", trouble != Trouble.NONE),
                ("pending", ahead),
                ("archived", status == Availability.ARCHIVED),
                ("free", not priced),
                ("in_sync", True),
            ]
            rows[product] = next(state for state, holds in tested if holds)
        return rows

    @pytest.mark.slow
    def test_is_the_same_in_python_and_in_the_database_for_every_combination(self, owner):
        expected = self.rows(owner)

        excluded.look_again(BillingProduct.objects.values("pk"))
        rows = BillingProduct.objects.prefetch_related(*PREFETCH)

        assert {row: row.state for row in rows} == expected
        assert {row: state_of(row) for row in rows} == expected
        assert set(expected.values()) == set(STATES)
