"""POST …/plan/ and …/preview/: previews before anything is saved."""

import re

import pytest
from allauth.account import app_settings

from billings.models import BillingPrice, BillingProduct, Drift
from billings.money import PriceSpec
from billings.sync import excluded
from courses.models import Course
from courses.tests.pictures import picture
from courses.tests.support.people import HTMX, form_of


def left(field: str) -> dict[str, str]:
    """htmx tells which field was left."""
    return {**HTMX, "HX-Target": "plan", "HX-Trigger-Name": field}


def in_stripe(course: Course) -> Course:
    """As if Stripe had been told of the course as it is."""
    billing = BillingProduct.objects.get(course=course)
    BillingPrice.objects.create(
        product=billing,
        stripe_id="price_1",
        unit_amount=billing.desired_unit_amount,
        currency=billing.desired_currency,
        active=True,
        stripe_created=1,
    )
    BillingProduct.objects.filter(pk=billing.pk).update(
        exists=True,
        observed_name=billing.desired_name,
        observed_description=billing.desired_description,
        observed_active=billing.desired.active,
        observed_default_price="price_1",
        observed_generation=billing.generation,
    )
    return course


class TestPlanOfANewCourse:
    def test_says_what_would_happen_and_makes_nothing(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread", "price": "49"}, headers=left("price"))

        assert answer.status_code == 200
        assert "The price is $49.00. The course is not on sale yet." in answer.text
        assert not Course.objects.exists()

    def test_says_that_a_free_course_sells_nothing(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread"}, headers=left("title"))

        assert "Free: nothing is sold in Stripe." in answer.text

    def test_is_a_whole_page_without_javascript(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread", "price": "49"})

        assert answer.status_code == 200
        assert "<html" in answer.text
        assert "The price is $49.00." in answer.text
        assert 'value="Bread"' in answer.text

    def test_tells_of_a_bad_field_without_javascript(self, teacher):
        answer = teacher.post("plan_new", data={"title": "", "price": "49"})

        assert answer.status_code == 422
        assert "cannot be saved yet" in answer.text

    def test_takes_a_picture_along(self, teacher, settings):
        settings.SITE_IS_PUBLIC = True

        answer = teacher.post("plan_new", data={"title": "Bread", "price": "49", "cover": picture()})

        assert "The price is $49.00." in answer.text


class TestInlineValidation:
    def test_the_field_that_was_left_is_validated(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread", "price": "0.10"}, headers=left("price"))

        assert answer.status_code == 200
        assert "cannot be saved yet" in answer.text
        assert 'id="id_price_error"' in answer.text
        assert "$0.50 is the smallest price" in answer.text

    def test_the_others_are_left_in_peace(self, teacher):
        answer = teacher.post("plan_new", data={"title": "", "price": "49"}, headers=left("price"))

        assert "id_title_error" not in answer.text
        assert "required" not in answer.text

    def test_what_a_price_is_taken_for_is_said(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread", "price": "1,234.00"}, headers=left("price"))

        assert 'id="id_price_note"' in answer.text
        assert "Buyers pay $1,234.00 once." in answer.text

    def test_another_currency_validates_the_price_again(self, teacher):
        data = {"title": "Bread", "price": "49.50", "currency": "jpy"}

        answer = teacher.post("plan_new", data=data, headers=left("currency"))

        assert "has no decimals" in answer.text

    def test_a_field_that_is_good_again_loses_its_message(self, teacher):
        answer = teacher.post("plan_new", data={"title": "Bread"}, headers=left("title"))

        assert re.search(r'<div id="id_title_error" class="invalid-feedback" hx-swap-oob="true">\s*</div>', answer.text)

    def test_tells_of_no_field_that_was_not_left(self, teacher):
        assert "invalid-feedback" not in teacher.post("plan_new", data={"title": "Bread"}, headers=HTMX).text
        assert "invalid-feedback" not in teacher.post("plan_new", data={"title": "B"}, headers=left("<x>")).text


class TestPlanOfACourse:
    def plan(self, teacher, course, **changed) -> str:
        return teacher.post("plan", course, form_of(course, **changed), headers=left("price")).text

    def test_names_both_prices(self, teacher, published_course):
        words = self.plan(teacher, in_stripe(published_course), price="59")

        assert "New price $59.00 replaces $49.00." in words
        assert "People who already bought are not affected" in words

    def test_says_that_nothing_changes(self, teacher, published_course):
        assert "Nothing changes in Stripe." in self.plan(teacher, in_stripe(published_course))

    def test_only_what_stripe_never_sees(self, teacher, published_course):
        assert "Nothing changes in Stripe." in self.plan(teacher, in_stripe(published_course), subject="Oil")

    def test_nothing_is_saved(self, teacher, published_course):
        self.plan(teacher, published_course, title="Oil", price="59")

        course = Course.objects.select_related("billing").get()
        assert (course.title, course.billing.price) == ("Watercolour", PriceSpec(4900, "usd"))

    def test_a_picture_only_where_stripe_can_fetch_it(self, teacher, draft, settings):
        in_stripe(draft)
        assert "Picture" not in self.plan(teacher, draft, cover=picture())

        settings.SITE_IS_PUBLIC = True
        assert "Picture updated." in self.plan(teacher, draft, cover=picture())

    def test_a_conflict_is_foretold(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "price": "51"})

        assert "Saving shows both versions" in self.plan(teacher, draft, **{**shown, "price": "52"})

    def test_a_change_from_elsewhere_is_no_part_of_it(self, teacher, draft):
        in_stripe(draft)
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "price": "51"})

        words = self.plan(teacher, draft, **{**shown, "title": "Oil"})

        assert "$51.00" in words
        assert "Oil" in words

    def test_what_was_changed_in_stripe_stays_and_is_said(self, teacher, published_course):
        in_stripe(published_course)
        billing = BillingProduct.objects.get()
        Drift.objects.create(
            product=billing, field="price", local_value={"words": "$49.00"}, remote_value={"words": "$39.00"}
        )
        excluded.look_again(BillingProduct.objects.values("pk"))

        words = self.plan(teacher, published_course, title="Oil")

        assert "Oil" in words
        assert "left as it is there until staff decide: the price." in words

    def test_what_is_set_again_is_not_left(self, teacher, published_course):
        in_stripe(published_course)
        billing = BillingProduct.objects.get()
        Drift.objects.create(
            product=billing, field="price", local_value={"words": "$49.00"}, remote_value={"words": "$39.00"}
        )
        excluded.look_again(BillingProduct.objects.values("pk"))

        words = self.plan(teacher, published_course, price="59")

        assert "$59.00" in words
        assert "until staff decide" not in words

    def test_says_that_nothing_changes_where_no_field_came(self, teacher, draft):
        in_stripe(draft)

        assert "Nothing changes in Stripe." in teacher.post("plan", draft, headers=HTMX).text

    def test_json_that_cannot_be_read(self, teacher, draft):
        assert (
            teacher.client.post(f"/courses/{draft.id}/plan/", "{", content_type="application/json").status_code == 400
        )


class TestPreview:
    def test_shows_the_markdown_as_buyers_would_see_it(self, teacher):
        answer = teacher.post("preview_new", data={"description": "# Flour\n\n*Water*"}, headers=HTMX)

        assert "<h3>Flour</h3>" in answer.text
        assert "<em>Water</em>" in answer.text
        assert "<form" not in answer.text

    def test_is_a_whole_page_without_javascript_and_saves_nothing(self, teacher, draft):
        answer = teacher.post("preview", draft, form_of(draft, title="Typed", description="**Water**"))

        assert "<strong>Water</strong>" in answer.text
        assert 'value="Typed"' in answer.text
        assert Course.objects.get().title == "Watercolour"

    @pytest.mark.parametrize("length", [20_001, 60_000])
    def test_what_is_too_long_for_a_description_is_shown_as_typed(self, teacher, length):
        answer = teacher.post("preview_new", data={"description": "**a** " + "b" * length}, headers=HTMX)

        assert "<p>**a** bbb" in answer.text


class TestManyPreviews:
    @pytest.fixture(autouse=True)
    def twice_a_minute(self, settings):
        settings.ACCOUNT_RATE_LIMITS = {"preview": "2/m/user"}

    def press(self, person, **options):
        return person.post("preview_new", data={"description": "**Water**", "price": "49"}, **options)

    def test_are_rejected_in_words_beside_the_preview(self, teacher):
        assert [self.press(teacher, headers=HTMX).status_code for _ in range(2)] == [200, 200]

        answer = self.press(teacher, headers=HTMX)

        assert answer.status_code == 429
        assert "Wait a moment, then press Preview again." in answer.text
        assert "<strong>" not in answer.text

    def test_leave_the_plan_alone_and_nothing_that_was_typed_is_lost(self, teacher):
        pages = [self.press(teacher) for _ in range(3)]

        assert [page.status_code for page in pages] == [200, 200, 429]
        assert pages[2].context["plan"] == pages[0].context["plan"] != ""
        assert "**Water**" in pages[2].text

    def test_of_one_person_do_not_count_for_another(self, teacher, other_teacher):
        pressed = [self.press(person, headers=HTMX).status_code for person in (teacher, teacher, other_teacher)]

        assert pressed == [200, 200, 200]


def test_nobody_who_writes_meets_the_limit_of_previews():
    amount, seconds = app_settings.RATE_LIMITS["preview"].split("/")[:2]

    assert (int(amount), seconds) == (60, "m")
