"""An unusual change of price is saved only once it is confirmed."""

import re

import pytest

from billings import pricing
from billings.money import PriceSpec
from courses import lifecycle
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, form_of

QUESTION = "$490.00 is 10 times the present price, $49.00."


def price_of(course: Course) -> PriceSpec | None:
    return Course.objects.select_related("billing").get(pk=course.pk).billing.price


def button(text: str) -> str:
    """What the page's yes carries."""
    found = re.search(r'name="confirm"\s+value="([^"]+)"', text)
    assert found, "the page does not ask"
    return found[1].replace("&gt;", ">")


@pytest.mark.parametrize("headers", [{}, HTMX])
class TestOnThePage:
    def test_nothing_is_saved_and_the_question_stands_beside_the_price(self, teacher, published_course, headers):
        sent = form_of(published_course, price="490", title="Oil")

        answer = teacher.post("edit", published_course, sent, headers=headers)

        assert answer.status_code == 422
        assert QUESTION in answer.text
        assert "Yes, change it to $490.00" in answer.text
        assert 'value="490"' in answer.text
        assert price_of(published_course) == PriceSpec(4900, "usd")
        assert Course.objects.get().title == "Watercolour"

    def test_the_yes_saves_it(self, teacher, published_course, headers):
        sent = form_of(published_course, price="490")
        yes = button(teacher.post("edit", published_course, sent, headers=headers).text)

        answer = teacher.post("edit", published_course, {**sent, "confirm": yes}, headers=headers)

        assert answer.status_code == (200 if headers else 303)
        assert price_of(published_course) == PriceSpec(49000, "usd")

    def test_a_yes_to_one_price_is_none_to_another(self, teacher, published_course, headers):
        yes = button(teacher.post("edit", published_course, form_of(published_course, price="490")).text)

        answer = teacher.post(
            "edit", published_course, form_of(published_course, price="4900", confirm=yes), headers=headers
        )

        assert answer.status_code == 422
        assert "$4,900.00 is 100 times the present price, $49.00." in answer.text
        assert price_of(published_course) == PriceSpec(4900, "usd")


class TestByJson:
    def change(self, teacher, course, **fields):
        version = form_of(course)["version"]
        return teacher.post(
            "edit", course, {"version": version, **fields}, content_type="application/json", headers=JSON
        )

    def test_the_question_is_among_the_errors(self, teacher, draft):
        answer = self.change(teacher, draft, price="490")

        assert answer.status_code == 422
        assert answer.json()["errors"]["price"] == [QUESTION]
        assert answer.json()["errors"]["confirm"] == ["Confirm the change, or correct the price."]
        assert price_of(draft) == PriceSpec(4900, "usd")

    @pytest.mark.parametrize("confirm", [True, "true"])
    def test_a_plain_yes_will_do(self, teacher, draft, confirm):
        assert self.change(teacher, draft, price="490", confirm=confirm).status_code == 200
        assert price_of(draft) == PriceSpec(49000, "usd")

    @pytest.mark.parametrize("confirm", [False, None, "", "false"])
    def test_a_no_is_no_yes(self, teacher, draft, confirm):
        assert self.change(teacher, draft, price="490", confirm=confirm).status_code == 422

    def test_what_may_not_be_text_is_told(self, teacher, draft):
        assert self.change(teacher, draft, price="490", confirm=[True]).status_code == 422

    def test_the_currency_alone_is_asked_about(self, teacher, draft):
        answer = self.change(teacher, draft, currency="eur")

        assert answer.json()["errors"]["price"] == ["€49.00 is in another currency than the present price, $49.00."]

    def test_a_yes_alone_saves_nothing_and_harms_nothing(self, teacher, draft):
        answer = teacher.post("edit", draft, {"confirm": True}, content_type="application/json", headers=JSON)

        assert answer.status_code == 200


class TestWithAButton:
    @pytest.mark.parametrize("name", ["publish", "unpublish", "archive", "retry"])
    def test_every_button_asks_before_it_saves_such_a_price(self, teacher, draft, name):
        answer = teacher.post(name, draft, form_of(draft, price="490"))

        assert answer.status_code == 422
        assert QUESTION in answer.text
        assert f'formaction="/courses/{draft.pk}/{name}/' in answer.text
        assert Course.objects.get().status == "draft"
        assert price_of(draft) == PriceSpec(4900, "usd")

    def test_the_yes_does_what_the_button_was_for(self, teacher, draft):
        sent = form_of(draft, price="490")
        yes = button(teacher.post("publish", draft, sent).text)

        teacher.post("publish", draft, {**sent, "confirm": yes})

        assert Course.objects.get().status == "published"
        assert price_of(draft) == PriceSpec(49000, "usd")

    def test_a_priced_draft_is_not_published_for_nothing_unasked(self, teacher, draft):
        answer = teacher.post("publish", draft, form_of(draft, price=""))

        assert "This course costs $49.00 now; it would be free." in answer.text

    def test_a_free_draft_is_published_with_its_first_price(self, teacher, free_course):
        assert teacher.post("publish", free_course, form_of(free_course, price="49")).status_code == 303


class TestFree:
    @pytest.mark.parametrize("price", ["", "0"])
    def test_a_published_course_does_not_become_free_unasked(self, teacher, published_course, price):
        answer = teacher.post("edit", published_course, form_of(published_course, price=price))

        assert answer.status_code == 422
        assert "Yes, make it free" in answer.text
        assert price_of(published_course) == PriceSpec(4900, "usd")

    def test_a_free_published_course_does_not_cost_something_unasked(self, teacher, free_course):
        teacher.post("publish", free_course)

        assert teacher.post("edit", free_course, form_of(free_course, price="49")).status_code == 422

    def test_a_draft_may(self, teacher, draft):
        assert teacher.post("edit", draft, form_of(draft, price="")).status_code == 303
        assert teacher.post("edit", draft, form_of(draft, price="49")).status_code == 303


def test_the_price_that_counts_is_the_one_in_the_database_when_it_is_saved(teacher, draft, monkeypatch):
    """The course was read before it was locked; in between, its price became the one that the form was made from."""

    def set_price(amount: int) -> None:
        pricing.set_price(Course.objects.get(pk=draft.pk).billing, PriceSpec(amount, "usd"), actor=None)

    set_price(500)
    made_from_five_dollars = form_of(draft, price="59")
    set_price(4900)
    locked = lifecycle._locked

    def changed_just_before(course_id):
        set_price(500)
        return locked(course_id)

    monkeypatch.setattr(lifecycle, "_locked", changed_just_before)

    answer = teacher.post("edit", draft, made_from_five_dollars)

    assert answer.status_code == 422
    assert "$59.00 is 12 times the present price, $5.00." in answer.text


class TestPlanLine:
    def test_says_that_it_will_ask_and_offers_the_yes(self, teacher, published_course):
        answer = teacher.post("plan", published_course, form_of(published_course, price="490"), headers=HTMX)

        assert "You will be asked to confirm this price." in answer.text

    def test_the_question_stands_beside_the_price_as_it_is_typed(self, teacher, published_course):
        headers = {**HTMX, "HX-Trigger-Name": "price"}
        answer = teacher.post("plan", published_course, form_of(published_course, price="490"), headers=headers)

        assert QUESTION in answer.text
        assert button(answer.text)

    def test_the_question_stands_beside_the_price_on_the_page_without_javascript(self, teacher, published_course):
        answer = teacher.post("plan", published_course, form_of(published_course, price="490"))

        assert answer.text.count(QUESTION) == 1
        assert button(answer.text)

    def test_and_goes_with_another_price(self, teacher, published_course):
        headers = {**HTMX, "HX-Trigger-Name": "price"}
        answer = teacher.post("plan", published_course, form_of(published_course, price="59"), headers=headers)

        assert 'id="id_price_confirm" class="price-confirm" hx-swap-oob="true"' in answer.text
        assert "Yes, change it" not in answer.text
