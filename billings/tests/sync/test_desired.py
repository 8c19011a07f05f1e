"""Saving: the desired state, the attempt right after the commit, and the task as a safety net."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from billings import pricing
from billings.models import Drift
from billings.plan import Desired
from billings.product_fields import Field
from billings.stored_steps import kind_of
from billings.stripe_api.requests import request_for
from billings.sync import desired, lease
from billings.sync.converge import Result
from billings.tests.support.drifting import edit, edit_price, read
from billings.tests.support.due import forget_the_lease
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.rejecting import reject
from billings.tests.support.sold import USD49, USD59, Sold
from billings.tests.support.wanted import but

BUDGET = 20.0


def tasks() -> int:
    return DBTaskResult.objects.count()


@pytest.fixture
def save(settings, django_capture_on_commit_callbacks):
    """What a view does: everything in one transaction, and when that has committed what was left for then."""
    settings.STRIPE_INLINE_BUDGET_SECONDS = BUDGET

    def save(sold: Sold, price=USD49, *, inline: bool = True, **listing: str) -> None:
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            sold.listing(**listing)
            pricing.set_price(sold.row, price, actor=None)
            desired.converge_after_commit(sold.row, inline=inline)

    return save


class TestAnUpdate:
    @pytest.fixture
    def update(self, make_sold, django_assert_num_queries):
        """With as many statements as allowed, in a transaction like every save."""
        row = make_sold().row

        def update(statements: int, **values: Any) -> desired.Update:
            with transaction.atomic(), django_assert_num_queries(statements):
                return desired.update(row, **values)

        return row, update

    def test_of_everything_takes_one_lock_one_generation_and_one_write(self, update):
        row, update = update
        generation, texts = row.generation, {Field.NAME: "Oil", Field.DESCRIPTION: ""}

        done = update(2, texts=texts, status="draft", price=USD59)

        assert done.changed == {Field.NAME, Field.DESCRIPTION, Field.ACTIVE, Field.PRICE}
        assert (row.generation, row.desired_name, row.desired_status, row.price) == (
            generation + 1,
            "Oil",
            "draft",
            USD59,
        )
        row.refresh_from_db()
        assert (row.generation, row.desired_name, row.desired_status, row.price) == (
            generation + 1,
            "Oil",
            "draft",
            USD59,
        )

    def test_without_a_difference_writes_nothing(self, update):
        row, update = update
        changed_at = row.price_changed_at

        done = update(1, texts={Field.NAME: row.desired_name}, status=row.desired_status, price=row.price)

        assert (done.changed, row.price_changed_at) == (frozenset(), changed_at)

    def test_that_stripe_does_not_see_raises_no_generation(self, make_sold):
        row = make_sold(price=None).row
        generation = row.generation

        with transaction.atomic():
            assert desired.update(row, status="draft").changed == frozenset()

        row.refresh_from_db()
        assert (row.desired_status, row.generation) == ("draft", generation)

    def test_knows_a_course_that_becomes_free_from_one_whose_price_stays(self, update):
        row, update = update
        with transaction.atomic():
            desired.update(row, texts={Field.NAME: "Oil"})
            assert row.price == USD49
            desired.update(row, price=None)

        row.refresh_from_db()
        assert (row.price, row.desired_currency) == (None, "usd")


class TestASave:
    def test_reaches_stripe_before_the_next_page(self, make_sold, sandbox, save):
        sold = make_sold()

        save(sold, USD59)

        assert_in_sync(sold, sandbox)

    def test_without_a_change_that_stripe_sees_asks_nothing(self, sold, sandbox, save):
        before = sold.product

        save(sold)

        assert len(sandbox.calls()) == 1
        assert tasks() == 0
        assert sold.product.generation == before.generation

    def test_enqueues_its_safety_net_for_when_the_attempt_should_be_over(self, sold, sandbox, save):
        save(sold, USD59)

        task = DBTaskResult.objects.get()
        assert task.args_kwargs["args"] == [str(sold.row.pk)]
        assert task.run_after >= timezone.now() - timedelta(seconds=BUDGET)

    def test_that_is_undone_leaves_no_task_and_no_generation(self, sold, sandbox):
        generation = sold.product.generation

        with suppress(ZeroDivisionError), transaction.atomic():
            sold.price(USD59)
            desired.converge_after_commit(sold.row)
            assert tasks() == 1
            raise ZeroDivisionError

        assert tasks() == 0
        assert sold.product.generation == generation

    def test_asks_stripe_nothing_before_its_commit(self, sold, sandbox, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as after_the_commit:
            sold.price(USD59)
            desired.converge_after_commit(sold.row)

        assert len(sandbox.calls()) == 1
        assert len(after_the_commit) == 1

    @pytest.mark.parametrize("how", ["no budget", "not inline"])
    def test_with_no_time_for_it_is_the_workers(self, sold, sandbox, save, settings, how):
        if how == "no budget":
            settings.STRIPE_INLINE_BUDGET_SECONDS = 0

        save(sold, USD59, inline=how == "no budget")

        assert len(sandbox.calls()) == 1
        assert tasks() == 1
        assert sold.product.next_attempt_at <= timezone.now()

    def test_is_saved_though_stripe_is_away(self, sold, sandbox, save):
        sandbox.fault("reset")

        save(sold, USD59)

        assert sold.product.price == USD59
        assert sold.product.trouble == "unreachable"
        assert sold.converge() is Result.DONE
        assert_in_sync(sold, sandbox)

    def test_is_saved_while_another_process_is_at_it(self, sold, sandbox, save, settings):
        settings.STRIPE_INLINE_BUDGET_SECONDS = 0.1
        assert lease.take(sold.row.pk, seconds=60)

        save(sold, USD59)

        assert len(sandbox.calls()) == 1
        assert tasks() == 1
        forget_the_lease(sold)
        assert sold.converge() is Result.DONE


PASTEL = {"name": "Pastel", "description": "For everyone", "image": "https://school.example/a.webp"}


def wanted(sold: Sold, **changes) -> Desired:
    return but(sold.product.desired, **changes)


def apply(sold: Sold, wanted: Desired) -> None:
    sold.listing(**wanted.texts, **wanted.terms, status="published" if wanted.published else "draft")
    sold.price(wanted.price)


def comparable(params: dict[str, Any]) -> dict[str, Any]:
    """But for what a preview cannot know: the generation, and the id of a price that is yet to be made."""
    return params | {name: ... for name in ("metadata", "default_price") if name in params}


def never(sold, sandbox):
    """Nothing happened before."""


def priced_in_the_dashboard(sold, sandbox):
    edit_price(sandbox, sold, 3900)
    read(sold)


def renamed_in_the_dashboard(sold, sandbox):
    edit(sandbox, sold, name="Oil", active=False)
    read(sold)


def deleted_in_the_dashboard(sold, sandbox):
    sandbox.dashboard(f"products/{sold.product.stripe_id}/delete")
    read(sold)


def rejected_as_a_whole(sold, sandbox):
    reject(sandbox)
    sold.listing(name="Gouache", description="Refused as well")
    sold.converge()


def rejected_and_drifted(sold, sandbox):
    rejected_as_a_whole(sold, sandbox)
    edit(sandbox, sold, description="For nobody")
    read(sold)


def priced_before(sold, sandbox):
    sold.price(USD59)
    sold.converge()
    sold.price(USD49)
    sold.converge()


class TestAPreview:
    """What is previewed is what runs."""

    @pytest.mark.parametrize(
        "before",
        [
            never,
            priced_in_the_dashboard,
            renamed_in_the_dashboard,
            deleted_in_the_dashboard,
            rejected_as_a_whole,
            rejected_and_drifted,
            priced_before,
        ],
    )
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"name": "Pastel"},
            {"price": USD59},
            {"price": None},
            {"published": False},
            {"price": USD59, "published": False, **PASTEL},
        ],
        ids=lambda changes: "+".join(changes) or "nothing",
    )
    def test_is_what_runs(self, sold, sandbox, before, changes):
        before(sold, sandbox)
        writes = len(sandbox.writes())
        steps = desired.preview(sold.product, wanted(sold, **changes))

        apply(sold, wanted(sold, **changes))
        assert sold.converge() is Result.DONE

        done = sold.product.requests.order_by("id").values_list("step", "params")[writes:]
        assert [(kind, comparable(params)) for kind, params in done] == [
            (kind_of(step), comparable(request_for(step, sold.product).params)) for step in steps
        ]

    def test_of_a_new_course_is_what_runs(self, make_sold, sandbox):
        sold = make_sold()

        (step,) = desired.preview(None, sold.product.desired)

        assert desired.preview(sold.product, sold.product.desired) == (step,)
        sold.converge()
        assert len(sandbox.writes()) == 1


class TestAPicture:
    def test_is_sold_with_from_the_first_call_on(self, make_sold, sandbox):
        sold = make_sold()
        sold.listing(**PASTEL)

        assert sold.converge() is Result.DONE

        (product,) = sandbox.products()
        assert product["images"] == [PASTEL["image"]]
        assert len(sandbox.writes()) == 1

    def test_that_is_taken_away_is_taken_away_in_stripe(self, make_sold, sandbox):
        sold = make_sold()
        sold.listing(**PASTEL)
        sold.converge()

        sold.listing(image="")
        assert sold.converge() is Result.DONE

        assert sandbox.products()[0]["images"] == []
        assert not sold.product.drifts.exists()


class TestWhatASaveSetsFree:
    @pytest.mark.parametrize(
        ("body", "listing", "field"),
        [
            ({"name": "Oil"}, {"name": "Pastel"}, Field.NAME),
            ({"description": "Oil"}, {"description": "For everyone"}, Field.DESCRIPTION),
            ({"images": ["https://school.example/b.webp"]}, {"image": PASTEL["image"]}, Field.IMAGE),
            ({"active": False}, {"status": "draft"}, Field.ACTIVE),
        ],
    )
    def test_is_the_drift_of_that_very_field(self, sold, sandbox, body, listing, field):
        edit(sandbox, sold, **body)
        read(sold)

        sold.listing(**listing)

        drift = Drift.objects.get()
        assert (drift.field, drift.decision) == (field, Drift.Decision.REPLACED)

    def test_is_no_deleted_product(self, sold, sandbox):
        deleted_in_the_dashboard(sold, sandbox)

        apply(sold, wanted(sold, **PASTEL, price=USD59, published=False))

        assert Drift.objects.get().closed_at is None


class TestRetry:
    def test_forgets_the_waiting_time(self, sold, sandbox, settings, django_capture_on_commit_callbacks):
        settings.STRIPE_INLINE_BUDGET_SECONDS = BUDGET
        sandbox.fault("reset")
        sold.price(USD59)
        sold.converge()

        with django_capture_on_commit_callbacks(execute=True):
            desired.retry(sold.product)

        assert_in_sync(sold, sandbox)

    def test_of_what_agrees_asks_nothing(self, sold, sandbox, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            desired.retry(sold.product)

        assert len(sandbox.calls()) == 1
        assert tasks() == 0
