"""Prices typed by teachers are parsed in their browser's locale: correctly, or with a question, never silently
wrong."""

import json
import re

import pytest
from babel import localedata
from django.urls import reverse

from billings.money import CURRENCIES, PriceSpec
from billings.money.conventions import conventions
from billings.prices import number_locale
from courses.forms import CourseForm
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, form_of

PLANNED = {"HX-Request": "true", "HX-Target": "plan", "HX-Trigger-Name": "price"}


def reader(tag: str, **more: str) -> dict[str, str]:
    return {"Accept-Language": tag, **more}


def buttons(html: str) -> list[tuple[str, str]]:
    """The readings that are offered: what a press sends, and what it says."""
    found = re.findall(r'<button[^>]* name="price_reading"\s+value="([^"]*)"[^>]*>([^<]*)</button>', html)
    return [(text, words.strip()) for text, words in found]


class TestCreate:
    @pytest.mark.parametrize(
        ("tag", "typed", "currency", "amount"),
        [
            ("de-DE,de;q=0.9,en;q=0.5", "2.000", "eur", 200000),
            ("de-DE", "49,50", "eur", 4950),
            ("pt-BR", "R$ 10.000", "brl", 1000000),
            ("id-ID,id;q=0.9", "Rp 49.000", "idr", 4900000),
            ("en-US", "2,000", "usd", 200000),
            ("ar-TN", "49,500", "tnd", 49500),
            ("fr-CA", "49,00 $ CA", "cad", 4900),
        ],
    )
    def test_reads_the_price_as_the_browser_says_it_is_written(self, teacher, tag, typed, currency, amount):
        data = {"title": "Bread", "price": typed, "currency": currency}

        answer = teacher.post("teacher_courses", data=data, headers=reader(tag))

        assert answer.status_code == 302 or answer.status_code == 303
        assert Course.objects.get().billing.price == PriceSpec(amount, currency)

    def test_asks_which_of_two_amounts_is_meant_and_saves_nothing(self, teacher):
        data = {"title": "Bread", "price": "49.000", "currency": "usd"}

        answer = teacher.post("teacher_courses", data=data, headers=reader("en-US"))

        assert answer.status_code == 422
        assert "Did you mean $49,000.00 or $49.00?" in answer.text
        assert buttons(answer.text) == [("49000.00", "$49,000.00"), ("49.00", "$49.00")]
        assert 'value="49.000"' in answer.text
        assert not Course.objects.exists()

    def test_asks_whoever_does_not_say_how_numbers_are_written(self, teacher):
        answer = teacher.post("teacher_courses", data={"title": "Bread", "price": "2,000", "currency": "usd"})

        assert answer.status_code == 422
        assert [words for _, words in buttons(answer.text)] == ["$2,000.00", "$2.00"]

    @pytest.mark.parametrize("number", [0, 1])
    @pytest.mark.parametrize(("tag", "typed"), [("en-US", "49.000"), ("de-DE", "49,000"), ("fr-CH", "49,000")])
    def test_takes_the_press_of_a_button_for_the_amount_it_says(self, teacher, number, tag, typed):
        data = {"title": "Bread", "price": typed, "currency": "usd"}
        offered = buttons(teacher.post("teacher_courses", data=data, headers=reader(tag)).text)

        teacher.post("teacher_courses", data=data | {"price_reading": offered[number][0]}, headers=reader(tag))

        assert Course.objects.get().billing.price == PriceSpec([4900000, 4900][number], "usd")

    def test_keeps_the_picked_amount_where_something_else_is_wrong(self, teacher):
        data = {"title": "", "price": "49.000", "currency": "usd", "price_reading": "49000.00"}

        answer = teacher.post("teacher_courses", data=data, headers=reader("en-US"))

        assert answer.status_code == 422
        assert 'value="49000.00"' in answer.text
        assert not buttons(answer.text)

    def test_the_buttons_go_where_the_form_was_going(self, teacher, draft):
        data = form_of(draft, price="49.000")

        answer = teacher.post("publish", draft, data, headers=reader("en-US"))

        assert answer.status_code == 422
        assert f'formaction="{reverse("courses:publish", args=[draft.pk])}"' in answer.text
        assert teacher.post("publish", draft, data | {"price_reading": "49.00"}).status_code == 303
        draft.refresh_from_db()
        assert draft.status == "published"

    def test_takes_a_currency_in_capital_letters(self, teacher):
        teacher.post("teacher_courses", data={"title": "Bread", "price": "49", "currency": "EUR"})

        assert Course.objects.get().billing.price == PriceSpec(4900, "eur")

    def test_keeps_a_currency_in_capital_letters_selected(self, teacher):
        answer = teacher.post("teacher_courses", data={"title": "", "price": "49", "currency": "EUR"})

        assert '<option value="eur" selected>' in answer.text

    def test_the_answer_depends_on_the_browsers_language(self, teacher):
        assert "Accept-Language" in teacher.get("new").headers["Vary"]


class TestPlan:
    def ask(self, teacher, tag, typed, currency="usd"):
        data = {"title": "Bread", "price": typed, "currency": currency}
        return teacher.post("plan_new", data=data, headers=reader(tag, **PLANNED))

    def test_asks_beside_the_field(self, teacher):
        answer = self.ask(teacher, "en-US", "49.000")

        assert answer.status_code == 200
        assert "Did you mean $49,000.00 or $49.00?" in answer.text
        assert len(buttons(answer.text)) == 2
        assert 'role="group" aria-labelledby="id_price_error"' in answer.text
        assert "formaction" not in answer.text

    def test_takes_the_question_away_when_it_is_answered(self, teacher):
        answer = self.ask(teacher, "en-US", "49000.00")

        assert "Buyers pay $49,000.00 once." in answer.text
        assert re.search(r'<div id="id_price_readings" class="price-readings"\s+hx-swap-oob="true">', answer.text)
        assert not buttons(answer.text)

    def test_reads_in_the_browsers_locale(self, teacher):
        assert "€2,000.00." in self.ask(teacher, "de-DE", "2.000", "eur").text

    def test_offers_what_a_second_point_may_have_meant(self, teacher):
        answer = self.ask(teacher, "en-US", "1.234", "eur")

        assert "at most 2 decimals. Did you mean €1,234.00?" in answer.text
        assert buttons(answer.text) == [("1234.00", "€1,234.00")]

    def test_words_of_the_page_are_read_wherever_they_are_pasted(self, teacher):
        for tag in ("de-DE", "fr-FR", "es", "ar-EG", "en-ZA", "hi-IN", "pt-PT", "id-ID"):
            assert "Buyers pay $1,234.00 once." in self.ask(teacher, tag, "$1,234.00").text

    def test_without_javascript_the_page_asks_and_the_buttons_lead_back_to_the_plan(self, teacher):
        data = {"title": "Bread", "price": "49.000", "currency": "usd"}

        answer = teacher.post("plan_new", data=data, headers=reader("en-US"))

        assert answer.status_code == 422
        assert f'formaction="{reverse("courses:plan_new")}"' in answer.text
        assert (
            "The price is $49.00. The course is not on sale yet."
            in teacher.post("plan_new", data=data | {"price_reading": "49.00"}, headers=reader("en-US")).text
        )


class TestEdit:
    @pytest.mark.parametrize("price", [PriceSpec(4900, "usd"), PriceSpec(49500, "kwd"), PriceSpec(120000000, "eur")])
    @pytest.mark.parametrize("tag", ["de-DE", "fr-CH", "de-CH", "en-IN", "ar-EG", "fa-IR", "es", "en-ZA", "und", "*"])
    @pytest.mark.slow
    def test_a_form_sent_back_as_it_was_shown_changes_nothing(self, teacher, make_course, price, tag):
        course = make_course(price=price)
        shown = teacher.get("edit", course, headers=reader(tag)).text
        [typed] = re.findall(r'name="price" value="([^"]*)"', shown)

        answer = teacher.post("edit", course, form_of(course, price=typed), headers=reader(tag))

        assert answer.status_code == 303
        course.billing.refresh_from_db()
        assert course.billing.price == price
        assert course.billing.price_changes.count() == 1

    def test_a_form_sent_back_as_it_was_shown_changes_nothing_in_any_way_of_writing_there_is(self, make_course):
        course = make_course(price=PriceSpec(4900, "usd"))
        ways = {conventions(locale): locale for locale in localedata.locale_identifiers()}
        for code in ("usd", "jpy", "kwd", "isk", "idr"):
            currency = CURRENCIES[code]
            for units in (490, 1234, 49000, 1200000):
                course.billing.desired_unit_amount = units * 10**currency.decimals + (0 if currency.whole else 50)
                course.billing.desired_currency = code
                for locale in ("und", *ways.values()):
                    with number_locale.override(locale):
                        shown = CourseForm.showing(course)
                        form = CourseForm.sent(shown.initial, {}, course=course)
                        assert form.is_valid(), (locale, shown.initial["price"], form.errors)
                        assert form.price_spec == course.billing.price, (locale, shown.initial["price"])

    def test_a_conflict_keeps_what_was_typed_in_the_readers_way(self, teacher, draft):
        data = form_of(draft, price="2.000", currency="usd", confirm="true")
        teacher.post("edit", draft, form_of(draft, price="59"), headers=reader("de-DE"))

        page = teacher.post("edit", draft, data, headers=reader("de-DE"))

        assert page.status_code == 409
        assert "$2,000.00" in page.text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
        again = hidden | {"keep_price": "yours", "confirm": "true"}
        assert teacher.post("edit", draft, again, headers=reader("de-DE")).status_code == 303
        draft.billing.refresh_from_db()
        assert draft.billing.price == PriceSpec(200000, "usd")

    def test_htmx_is_asked_in_place(self, teacher, draft):
        answer = teacher.post("edit", draft, form_of(draft, price="49.000"), headers=reader("en-US", **HTMX))

        assert answer.status_code == 422
        assert len(buttons(answer.text)) == 2
        assert "<html" not in answer.text


class TestByApiClient:
    def create(self, teacher, **body):
        return teacher.post(
            "teacher_courses",
            data=json.dumps({"title": "Bread", **body}),
            content_type="application/json",
            headers=reader("de-DE", **JSON),
        )

    @pytest.mark.parametrize(
        ("price", "currency", "amount"),
        [
            ("1234.5", "USD", 123450),
            ("2000", "EUR", 200000),
            ("49.500", "kwd", 49500),
            ("49.500", "KWD", 49500),
            ("1,234.50", "usd", 123450),
            (49.5, "usd", 4950),
            ("49.00", "usd", 4900),
            ("49000", "jpy", 49000),
        ],
    )
    def test_numbers_are_the_same_whatever_language_is_accepted(self, teacher, price, currency, amount):
        assert self.create(teacher, price=price, currency=currency).status_code == 201
        assert Course.objects.get().billing.price == PriceSpec(amount, currency.lower())

    @pytest.mark.parametrize(
        ("price", "currency", "readings"),
        [
            ("49.000", "usd", ["49000.00", "49.00"]),
            ("49,000", "usd", ["49000.00", "49.00"]),
            ("49,500", "kwd", ["49500.000", "49.500"]),
            ("1.234", "usd", ["1234.00"]),
        ],
    )
    def test_two_readings_are_told_in_the_answer_and_nothing_is_saved(self, teacher, price, currency, readings):
        answer = self.create(teacher, price=price, currency=currency)

        assert answer.status_code == 422
        assert answer.json()["readings"] == {"price": readings}
        assert "Did you mean" in answer.json()["errors"]["price"][0]
        assert not Course.objects.exists()

    def test_the_point_of_a_number_that_is_no_text_is_certain(self, teacher):
        answer = teacher.post(
            "teacher_courses",
            data='{"title": "Bread", "price": 49.000, "currency": "usd"}',
            content_type="application/json",
            headers=JSON,
        )

        assert answer.json()["price"]["amount"] == "49.00"

    def test_each_reading_can_be_sent_as_it_was_told(self, teacher):
        for reading in self.create(teacher, price="49,500", currency="kwd").json()["readings"]["price"]:
            assert self.create(teacher, price=reading, currency="kwd").json()["price"]["amount"] == reading

    def test_other_mistakes_tell_no_readings(self, teacher):
        assert "readings" not in self.create(teacher, price="abc").json()
