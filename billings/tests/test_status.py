"""One state, one label, one sentence; the same order in Python and in the database."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from billings.models import (
    TROUBLE_FOR_PEOPLE,
    BillingPrice,
    BillingProduct,
    Trouble,
)
from billings.money import PriceSpec
from billings.price_descriptions import describe_prices, facts_of
from billings.product_fields import Field
from billings.status import (
    POLL_SECONDS,
    PREFETCH,
    SLOW_POLL_SECONDS,
    UNLISTED,
    as_json,
    describe,
    prefetch_listed,
    price_as_json,
    state_of,
    with_default_price,
)
from billings.sync import excluded
from billings.tests.support.billing_rows import drift, put, reject
from billings.tests.support.sold import USD59, Sold


def facts(row: BillingProduct) -> dict[str, Any]:
    """Everything that a page of staff can say of it."""
    status = describe(row, staff=True)
    words = [status.label, status.sentence, status.product_line, status.price_line, status.still, status.stripe_url]
    return {"words": words, "drifts": status.drifts, "json": as_json(row)}


@pytest.fixture
def course(make_sold) -> Sold:
    """A published course for $49.00 in sync, of which only our database knows."""
    sold = make_sold()
    BillingPrice.objects.create(
        product=sold.row, stripe_id="price_1", unit_amount=4900, currency="usd", active=True, stripe_created=1
    )
    put(
        sold,
        observed_generation=sold.product.generation,
        exists=True,
        stripe_id="course_1",
        observed_active=True,
        observed_default_price="price_1",
        confirmed_at=timezone.now() - timedelta(minutes=2),
    )
    return sold


class TestTheState:
    def test_can_be_asked_of_courses_too(self, course):
        assert apps.get_model("courses", "Course").objects.filter(billing__state="in_sync").exists()

    def test_with_all_its_words_costs_no_query_in_a_list(self, course, make_sold, django_assert_num_queries):
        make_sold()
        reject(course.product)
        drift(course.product, Field.NAME)
        with django_assert_num_queries(1 + len(PREFETCH)):
            rows = list(BillingProduct.objects.prefetch_related(*PREFETCH))
            for row in rows:
                describe(row, staff=True)
                as_json(row)

    @pytest.mark.parametrize("billing", ["", "billing"])
    def test_is_told_of_a_row_in_a_list_as_of_one_alone(self, course, make_sold, billing, django_assert_num_queries):
        make_sold()
        put(course, observed_active=False)
        drift(course.product, Field.ACTIVE, remote_value=False)
        reject(course.product)
        excluded.look_again([course.product.pk])
        alone = {row.pk: facts(row) for row in BillingProduct.objects.prefetch_related(*PREFETCH)}

        courses = apps.get_model("courses", "Course").objects.select_related("billing")
        listed = with_default_price(courses if billing else BillingProduct.objects.all(), billing).defer(
            *(f"{billing}__{name}".removeprefix("__") for name in UNLISTED)
        )
        with django_assert_num_queries(3):
            rows = list(listed)
            prefetch_listed(rows, billing)
            told = {row.pk: facts(row) for row in (getattr(row, billing, row) for row in rows)}

        assert told == alone
        assert any(row["json"]["price"] for row in told.values())


class TestTheWords:
    def test_say_that_a_free_course_is_not_sold(self, make_sold):
        free = make_sold(price=None)
        status = describe(put(free, observed_generation=free.product.generation), staff=False)

        assert (status.label, status.sentence) == (
            "Free",
            "Nothing is sold in Stripe. Set a price to sell this course.",
        )
        assert (status.product_line, status.price_line, status.poll_seconds) == ("", "", None)

    def test_say_that_stripe_is_being_told(self, make_sold):
        status = describe(make_sold().product, staff=False)

        assert (status.label, status.sentence) == (
            "Saving…",
            "Saved here. Stripe is being told; this page will say when.",
        )
        assert status.poll_seconds == POLL_SECONDS

    @pytest.mark.parametrize(
        ("availability", "label", "short_label", "sentence"),
        [
            ("published", "On sale at $49.00", "On sale", "Live in Stripe, checked"),
            ("draft", "Ready at $49.00", "Ready", "Set up in Stripe, and not on sale yet; checked"),
        ],
    )
    def test_say_since_when_stripe_agrees(self, course, availability, label, short_label, sentence):
        status = describe(put(course, desired_status=availability), staff=False)

        assert (status.label, status.sentence) == (label, f"{sentence} 2\xa0minutes ago.")
        assert (status.poll_seconds, status.can_retry) == (None, False)

        assert status.short_label == short_label

    @pytest.mark.parametrize(
        ("availability", "sentence"),
        [("published", "Live in Stripe."), ("draft", "Set up in Stripe, and not on sale yet.")],
    )
    def test_name_no_time_where_stripe_never_said_one(self, course, availability, sentence):
        product = put(course, confirmed_at=None, desired_status=availability)

        assert describe(product, staff=False).sentence == sentence

    def test_say_just_now_for_a_moment_ago(self, course):
        product = put(course, confirmed_at=timezone.now())

        assert describe(product, staff=False).sentence == "Live in Stripe, checked just now."

    @pytest.mark.parametrize(("availability", "short_label"), [("published", "Published"), ("draft", "Draft")])
    def test_of_a_free_course_in_a_table_do_not_repeat_its_price(self, make_sold, availability, short_label):
        free = make_sold(price=None)
        product = put(free, observed_generation=free.product.generation, desired_status=availability)

        assert describe(product, staff=False).short_label == short_label

    def test_say_who_keeps_an_archived_course(self, course):
        status = describe(put(course, desired_status="archived"), staff=False)

        assert (status.label, status.sentence) == (
            "Not for sale",
            "Archived. People who bought it keep it; subscribers go on paying until they cancel.",
        )

    @pytest.mark.parametrize(
        ("trouble", "why"),
        [
            (Trouble.UNREACHABLE, "Stripe could not be reached."),
            (Trouble.SLOW, "Stripe did not answer."),
            (Trouble.FAILING, "Stripe has trouble of its own."),
            (Trouble.BUSY, "Stripe is still busy with the call before."),
            (Trouble.RATE_LIMITED, "Stripe asked us to slow down."),
        ],
    )
    def test_say_why_stripe_is_waited_for_and_for_how_long(self, course, trouble, why):
        # A little more than 40 s, for what this test itself takes.
        next_attempt_at = timezone.now() + timedelta(seconds=40.4)
        product = put(course, trouble=trouble, generation=9, next_attempt_at=next_attempt_at)

        status = describe(product, staff=False)

        assert status.label == "Waiting for Stripe"
        assert status.sentence == f"{why} Your change is safe. Next try in 40 s."
        assert (status.poll_seconds, status.can_retry) == (SLOW_POLL_SECONDS, True)

    @pytest.mark.parametrize(
        ("next_attempt_at", "when"),
        [(None, "Next try shortly."), (timezone.now(), "Next try shortly.")],
    )
    def test_say_that_a_try_that_is_due_comes_now(self, course, next_attempt_at, when):
        product = put(course, trouble=Trouble.SLOW, next_attempt_at=next_attempt_at)

        assert describe(product, staff=False).sentence == f"Stripe did not answer. Your change is safe. {when}"


OURS = facts_of("price_1", PriceSpec(4900, "usd"), {})
SECOND = OURS | {"id": "price_2"}
USD39 = facts_of("price_3", PriceSpec(3900, "usd"), {})
CHOSEN = "an amount in JPY that buyers choose"
YEN = facts_of("price_4", PriceSpec(4900, "jpy"), {})


def also(price: dict[str, Any], **options: Any) -> dict[str, Any]:
    return price | {"also": options}


def sells(default: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """What Stripe holds, as a drift keeps it."""
    prices = [default, *others]
    active = [price["id"] for price in prices]
    return {"default": default["id"], "active": active, "words": describe_prices(prices), "prices": prices}


class TestTheWordsOfADrift:
    @pytest.mark.parametrize(
        ("field", "remote_value", "sentence"),
        [
            (
                Field.PRICE,
                sells(USD39),
                "The price was changed in Stripe to $39.00.",
            ),
            (
                Field.PRICE,
                {"default": "price_2", "active": ["price_2"], "words": "$39.00"},  # from before an upgrade
                "The price was changed in Stripe to $39.00.",
            ),
            (
                Field.PRICE,
                sells(OURS, USD39),
                "Another price was added in Stripe, beside $49.00: $39.00.",
            ),
            (Field.PRICE, sells(OURS, SECOND), "A second price of $49.00 was added in Stripe."),
            (
                Field.PRICE,
                sells(YEN, OURS),
                "Stripe now sells it at ¥4,900; $49.00 is still active beside it.",
            ),
            (
                Field.PRICE,
                sells(YEN, OURS, USD39),
                "Stripe now sells it at ¥4,900; $49.00 and $39.00 are still active beside it.",
            ),
            (
                Field.PRICE,
                sells(SECOND, OURS),
                "Stripe now sells it by a second price of $49.00; the first one is still active.",
            ),
            (
                Field.PRICE,
                sells(also(OURS, eur={"unit_amount": 100})),
                "Stripe now also sells it at €1.00.",
            ),
            (
                Field.PRICE,
                sells(also(OURS, eur={"unit_amount": 100}, jpy={"custom_unit_amount": {"minimum": 1}}, gbp={})),
                f"Stripe now also sells it at €1.00, {CHOSEN} and an amount in GBP that only Stripe can show.",
            ),
            (
                Field.PRICE,
                sells(also(USD39, eur={"unit_amount": 100}), OURS),
                "Stripe now sells it at $39.00; $49.00 is still active beside it. Stripe now also sells it at €1.00.",
            ),
            (
                Field.PRICE,
                sells(OURS, also(USD39, eur={"unit_amount": 100})),
                "Another price was added in Stripe, beside $49.00: $39.00 (also €1.00).",
            ),
            (
                Field.PRICE,
                {"default": "", "active": ["price_1"], "words": "$49.00"},
                "$49.00 was made a price in Stripe that is not sold by default.",
            ),
            (Field.PRICE, {"default": "", "active": [], "words": "—"}, "The price was removed in Stripe."),
            (Field.PRODUCT, "", "The product was deleted in Stripe."),
            (Field.ACTIVE, True, "It was put on sale in Stripe."),
            (Field.ACTIVE, False, "It was taken off sale in Stripe."),
            (Field.NAME, "Oil", "The title was changed in Stripe to “Oil”."),
            (Field.DESCRIPTION, "Oil", "The summary was changed in Stripe."),
            (Field.IMAGE, "https://school.example/", "The picture was changed in Stripe."),
        ],
    )
    def test_name_the_field_and_who_decides(self, course, field, remote_value, sentence):
        drift(course.product, field, remote_value=remote_value)

        status = describe(course.product, staff=False)

        assert (status.label, status.sentence) == ("Changed in Stripe", f"{sentence} Your school's price team decides.")
        assert status.poll_seconds is None

    def test_name_every_field(self, course):
        drift(course.product, Field.NAME, remote_value="Oil")
        drift(course.product, Field.ACTIVE, remote_value=False)

        sentence = describe(course.product, staff=True).sentence

        assert "“Oil”. It was taken off sale in Stripe. Choose below what stays." in sentence

    def test_come_before_a_failure_and_behind_what_a_person_must_mend(self, course):
        drift(course.product, Field.NAME)

        assert state_of(put(course, trouble=Trouble.SLOW)) == "drift"
        assert state_of(put(course, trouble=Trouble.KEY)) == "attention"

    def test_let_the_page_look_again_while_something_else_is_under_way(self, course):
        drift(course.product, Field.NAME)

        assert describe(put(course, generation=9), staff=False).poll_seconds == SLOW_POLL_SECONDS


class TestTheWordsThatAskForAttention:
    @pytest.mark.parametrize("trouble", TROUBLE_FOR_PEOPLE)
    def test_tell_a_teacher_that_it_is_not_theirs(self, course, trouble):
        product = put(course, trouble=trouble, trouble_message="The key is of acct_1.", generation=9)

        status = describe(product, staff=False)

        assert status.label == "Needs attention"
        assert "There is nothing for you to do" in status.sentence
        assert "acct_1" not in status.sentence
        assert not status.can_retry
        assert status.poll_seconds is None

    @pytest.mark.parametrize(
        ("trouble", "words"),
        [
            (Trouble.KEY, ["does not accept the key", "tried every two minutes", "STRIPE_SECRET_KEY"]),
            (Trouble.PERMISSION, ["may not do this", "tried every two minutes", "write access to Products and Prices"]),
            (Trouble.ACCOUNT, ["The key is of acct_1.", "Nothing is sent there.", "Put back the key"]),
        ],
    )
    def test_tell_staff_what_happened_what_we_do_and_what_to_do(self, course, trouble, words):
        product = put(course, trouble=trouble, trouble_message="The key is of acct_1.")

        status = describe(product, staff=True)

        positions = [status.sentence.index(word) for word in words]
        assert positions == sorted(positions)
        assert status.can_retry

    @pytest.mark.parametrize(
        ("message", "said"),
        [
            ("Your account cannot make charges in chf.", "Your account cannot make charges in chf."),
            ("Invalid string. See https://stripe.com/docs/api for more", "Invalid string."),
            ("No!", "No!"),
            ("", "no reason given."),
        ],
    )
    def test_say_what_stripe_rejected_and_why(self, course, message, said):
        reject(course.product, message)

        status = describe(course.product, staff=False)

        assert status.sentence.startswith(f"Stripe rejected this: {said} Everything else is up to date.")
        assert status.can_retry


class TestTheLines:
    def test_are_left_out_for_a_teacher_whose_course_is_sold_as_it_should_be(self, course):
        status = describe(course.product, staff=False)

        assert (status.product_line, status.price_line) == ("", "")

    def test_are_left_out_for_a_teacher_whose_course_is_not_on_sale_in_stripe(self, course):
        course.price(USD59)
        status = describe(put(course, observed_active=False), staff=False)

        assert (status.product_line, status.price_line) == ("", "")

    def test_do_not_give_a_free_course_the_price_that_it_had(self, course):
        course.price(None)
        status = describe(put(course, observed_active=False, exists=True), staff=True)

        assert (status.product_line, status.price_line) == ("Product: not on sale (course_1)", "")

    def test_give_staff_the_ids(self, course):
        status = describe(put(course, observed_active=False), staff=True)

        assert (status.product_line, status.price_line) == (
            "Product: not on sale (course_1)",
            "Price: $49.00 (price_1)",
        )

    def test_go_by_what_stripe_holds_and_not_by_what_is_desired(self, course):
        course.price(USD59)

        assert describe(course.product, staff=True).price_line == "Price: $49.00 (price_1)"
        assert describe(course.product, staff=False).product_line == "Stripe sells it at $49.00 at the moment."

    def test_do_without_words_for_a_price_that_a_course_cannot_express(self, course):
        course.product.prices.update(supported=False)

        assert describe(course.product, staff=True).price_line == "Price: a price that only Stripe can show (price_1)"

    def test_are_empty_for_a_product_that_is_gone(self, course):
        status = describe(put(course, exists=False), staff=True)

        assert (status.product_line, status.price_line) == ("", "")


class TestTheJson:
    def test_has_the_state_the_product_and_the_price(self, course):
        generation = course.product.generation

        assert as_json(course.product) == {
            "state": "in_sync",
            "generation": generation,
            "observed_generation": generation,
            "product": {"stripe_id": "course_1", "active": True},
            "price": {
                "stripe_id": "price_1",
                "unit_amount": 4900,
                "currency": "usd",
                "interval": None,
                "active": True,
            },
            "error": None,
        }

    def test_is_without_ids_before_stripe_knows_anything(self, make_sold):
        said = as_json(make_sold().product)

        assert (said["product"], said["price"], said["error"]) == (None, None, None)

    @pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.SLOW])
    def test_says_what_a_teacher_would_read(self, course, trouble):
        product = put(course, trouble=trouble, next_attempt_at=None)

        assert as_json(product)["error"] == describe(product, staff=False).sentence

    def test_of_a_price_can_be_sent_back(self):
        assert price_as_json(PriceSpec(4900, "usd", "month")) == {
            "amount": "49.00",
            "currency": "usd",
            "billing_interval": "month",
            "unit_amount": 4900,
            "display": str(PriceSpec(4900, "usd", "month")),
        }
        assert price_as_json(None) is None
