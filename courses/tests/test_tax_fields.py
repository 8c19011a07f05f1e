"""Fields that billing keeps and teachers write: in the form and its JSON exactly while TAX_FIELDS is on."""

import json
from typing import Any

import pytest

from billings.models import BillingProduct
from billings.product_fields import TAX_BEHAVIOR, TAX_CODE
from billings.sync.converge import Result, converge
from billings.sync.events import request_reads
from courses import lifecycle
from courses.content import Content
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, form_of

TAXED = {"tax_code": "txcd_10000000", "tax_behavior": "inclusive"}


@pytest.fixture
def on(settings):
    settings.TAX_FIELDS = True


def fresh(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


def tax(course: Course) -> tuple[str, str]:
    billing = fresh(course).billing
    return billing.desired_tax_code, billing.desired_tax_behavior


def as_json(person, course: Course) -> dict[str, Any]:
    return person.get("edit", course, headers=JSON).json()


class TestOff:
    def test_nothing_of_it_is_in_the_form_or_the_json(self, teacher, draft):
        page = teacher.get("edit", draft).text

        assert "tax" not in page.lower().replace("syntax", "")
        assert not TAXED.keys() & as_json(teacher, draft).keys()

    def test_what_is_sent_is_ignored_like_any_unknown_field(self, teacher, draft):
        answer = teacher.post("edit", draft, form_of(draft, title="Oil", **TAXED))

        assert answer.status_code == 303
        assert fresh(draft).title == "Oil"
        assert tax(draft) == ("", "unspecified")


@pytest.mark.usefixtures("on")
class TestOn:
    def test_both_are_in_the_form_with_their_words(self, teacher, draft):
        page = teacher.get("edit", draft).text

        for entry in (TAX_CODE, TAX_BEHAVIOR):
            assert f'name="{entry.field}"' in page
            assert f'id="id_{entry.field}_helptext"' in page
        assert "Included in the price</option>" in page

    def test_both_are_saved_at_once_for_stripe_to_see(self, teacher, draft):
        generation = fresh(draft).billing.generation

        answer = teacher.post("edit", draft, form_of(draft, **TAXED))

        assert answer.status_code == 303
        assert tax(draft) == ("txcd_10000000", "inclusive")
        assert fresh(draft).billing.generation == generation + 1

    def test_an_absent_one_stays_and_an_empty_one_is_emptied(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, **TAXED))

        teacher.post("edit", draft, form_of(draft, title="Oil", tax_code=""))

        assert tax(draft) == ("", "inclusive")

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("tax_code", "txcd_1", "txcd_ and eight digits"),
            ("tax_code", "10000000", "txcd_ and eight digits"),
            ("tax_code", "txcd_100000000", "txcd_ and eight digits"),
            ("tax_behavior", "sometimes", "not one of the available choices"),
        ],
    )
    def test_what_cannot_be_is_said_beside_its_field(self, teacher, draft, name, value, words):
        answer = teacher.post("edit", draft, form_of(draft, **{name: value}))

        assert answer.status_code == 422
        error = answer.text.partition(f'id="id_{name}_error"')[2].partition("</div>")[0]
        assert words in error
        assert tax(draft) == ("", "unspecified")

    def test_json_has_them_and_takes_them(self, teacher, draft):
        course = as_json(teacher, draft)
        assert (course["tax_code"], course["tax_behavior"]) == ("", "unspecified")

        body = json.dumps({"version": course["version"], **TAXED})
        answer = teacher.client.post(course["url"], body, content_type="application/json", headers=JSON)

        assert TAXED.items() <= answer.json().items()
        body = json.dumps({"version": answer.json()["version"], "tax_code": "nonsense"})
        answer = teacher.client.post(course["url"], body, content_type="application/json", headers=JSON)
        assert answer.json()["errors"] == {"tax_code": ["A tax code is txcd_ and eight digits, such as txcd_10000000."]}

    def test_a_new_course_begins_with_the_defaults(self, teacher, settings):
        settings.DEFAULT_TAX_CODE, settings.DEFAULT_TAX_BEHAVIOR = "txcd_20060000", "exclusive"

        page = teacher.client.get("/courses/new/").text
        answer = teacher.client.post("/courses/", {"title": "Oil", "price": "49"}, headers=JSON)

        assert 'value="txcd_20060000"' in page
        assert answer.json()["tax_code"] == "txcd_20060000"
        assert answer.json()["tax_behavior"] == "exclusive"

    def test_a_copy_is_taxed_as_its_original(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, **TAXED))

        copy = lifecycle.duplicate(draft.pk, actor=teacher.user).course

        assert tax(copy) == tuple(TAXED.values())

    def test_the_plan_says_that_another_choice_makes_a_new_price(self, teacher, published_course, sandbox, settings):
        teacher.post("edit", published_course, form_of(published_course, **TAXED))
        assert converge(published_course.billing.pk) is Result.DONE

        form = form_of(fresh(published_course), tax_behavior="exclusive")
        words = teacher.post("plan", published_course, form, headers=HTMX).text

        assert "Tax on the price becomes “Added to the price”." in words
        assert "a new one of $49.00 takes its place" in words

    def test_two_people_who_chose_differently_see_both(self, teacher, draft):
        form = form_of(draft)
        teacher.post("edit", draft, form_of(draft, tax_behavior="exclusive", tax_code="txcd_20060000"))

        answer = teacher.post("edit", draft, form | TAXED)

        assert answer.status_code == 409
        assert "Tax on the price" in answer.text
        assert "Included in the price" in answer.text
        assert "Added to the price" in answer.text
        assert tax(draft) == ("txcd_20060000", "exclusive")
        answer = teacher.post("edit", draft, form | TAXED, headers=JSON)
        assert answer.json()["conflicts"]["tax_code"] == {"yours": "txcd_10000000", "theirs": "txcd_20060000"}

    def test_what_came_in_from_elsewhere_stays_and_is_said(self, teacher, draft):
        form = form_of(draft, title="Oil")
        teacher.post("edit", draft, form_of(draft, **TAXED))

        page = teacher.post("edit", draft, form, follow=True)

        assert "Tax code: changed elsewhere" in page.text
        assert tax(draft) == tuple(TAXED.values())

    def test_what_stripe_rejects_is_said_beside_its_field(self, teacher, draft, sandbox):
        sandbox.settings(unknown_tax_codes=["txcd_99999998"])
        teacher.post("edit", draft, form_of(draft, tax_code="txcd_99999998"))
        assert converge(draft.billing.pk) is Result.DONE

        page = teacher.get("edit", draft).text

        error = page.partition('id="id_tax_code_error"')[2].partition("</div>")[0]
        assert "Stripe rejected this: No such tax code: &#x27;txcd_99999998&#x27;." in error


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on")
class TestDrift:
    @pytest.mark.parametrize("decision", ["restore", "accept"])
    def test_staff_decide_about_it_as_about_any_other(
        self, teacher, staff, published_course, sandbox, settings, decision
    ):
        settings.STRIPE_INLINE_BUDGET_SECONDS = 4
        teacher.post("edit", published_course, form_of(published_course, **TAXED))
        product = BillingProduct.objects.get(course=published_course)
        assert converge(product.pk) is Result.DONE
        sandbox.dashboard(f"products/{product.stripe_id}", tax_code="txcd_20060000")
        request_reads([product.pk])
        assert converge(product.pk) is Result.DONE
        page = staff.get("prices", published_course).text
        assert "The tax code was changed in Stripe to txcd_20060000." in page
        drift = product.drifts.get(closed_at=None)
        (shown,) = (part.partition('"')[0] for part in page.split('name="shown" value="')[1:2])

        staff.client.post(f"/courses/{published_course.pk}/drift/{drift.pk}/{decision}/", {"shown": shown})

        left = {"restore": "txcd_10000000", "accept": "txcd_20060000"}[decision]
        assert tax(published_course) == (left, "inclusive")
        assert sandbox.products()[0]["tax_code"] == left
        assert Content.of(fresh(published_course)).selling[TAX_CODE.field] == left
