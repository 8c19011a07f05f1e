"""Prices typed by staff are parsed in their browser's locale: correctly, or with a question, never silently wrong."""

import json
import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from billings.money import PriceSpec
from billings.prices import repricing

NBSP = "\N{NO-BREAK SPACE}"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/billing/prices/"}


@pytest.fixture(autouse=True)
def _no_stripe(settings):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 0


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_user("staff", "staff@example.com")
    user.groups.add(Group.objects.get(name="Price managers"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def send(staff, sold):
    """Staff send the form of a course's price, from a browser with this language."""

    def post(page: str, typed: str, tag: str, **more: str):
        headers = {"Accept-Language": tag} | more.pop("headers", {})
        form = {
            "price": typed,
            "currency": "usd",
            "billing_interval": "one_time",
            "reason": "Autumn",
            "confirm": "true",
            "version": repricing.token(sold.product),
        }
        return staff.post(reverse(f"billings:{page}", args=[sold.course.pk]), form | more, headers=headers)

    return post


def buttons(html: str) -> list[tuple[str, str]]:
    found = re.findall(r'<button[^>]* name="price_reading"\s+value="([^"]*)"[^>]*>([^<]*)</button>', html)
    return [(text, words.strip()) for text, words in found]


@pytest.mark.parametrize(
    ("tag", "typed", "currency", "amount"),
    [
        ("id-ID", "Rp 175.000", "idr", 17500000),
        ("de-DE", "2.000", "eur", 200000),
        ("de-DE", "49,50", "EUR", 4950),
        ("en-US", "2,000", "usd", 200000),
    ],
)
def test_a_price_is_read_as_the_browser_says_it_is_written(send, sold, tag, typed, currency, amount):
    assert send("change_price", typed, tag, currency=currency).status_code == 303
    assert sold.product.price == PriceSpec(amount, currency.lower())


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_two_readings_are_asked_about_and_nothing_is_saved(send, sold, headers):
    answer = send("change_price", "175.000", "en-US", currency="idr", headers=headers)

    assert answer.status_code == 422
    assert [words for _, words in buttons(answer.text)] == [
        "IDR\N{NO-BREAK SPACE}175,000.00",
        "IDR\N{NO-BREAK SPACE}175.00",
    ]
    assert f'formaction="{reverse("billings:change_price", args=[sold.course.pk])}"' in answer.text
    assert sold.product.price == PriceSpec(4900, "usd")


@pytest.mark.parametrize("number", [0, 1])
def test_the_press_of_a_button_is_the_amount_it_says(send, sold, number):
    offered = buttons(send("change_price", "175.000", "en-US", currency="idr").text)

    send("change_price", "175.000", "en-US", currency="idr", price_reading=offered[number][0])

    assert sold.product.price == PriceSpec([17500000, 17500][number], "idr")


def test_the_question_comes_before_anything_is_sent(send):
    answer = send("plan_price", "49.000", "en-US", headers=HTMX)

    assert answer.status_code == 200
    assert "Did you mean $49,000.00 or $49.00?" in answer.text
    assert len(buttons(answer.text)) == 2
    assert "formaction" not in answer.text


def test_enter_in_a_field_presses_save_and_no_reading(send):
    text = send("change_price", "49.000", "en-US").text

    first = re.findall(r"<button[^>]*>", text[text.index('class="price-form"') :])[0]
    assert "price_reading" not in first


@pytest.mark.parametrize("tag", ["de-DE", "fr-CH", "ar-EG", "es", "*"])
@pytest.mark.parametrize("price", [PriceSpec(4900, "usd"), PriceSpec(49500, "kwd")])
def test_a_form_sent_back_as_it_was_shown_changes_nothing(staff, send, sold, price, tag):
    sold.price(price)
    page = staff.get(reverse("billings:edit_price", args=[sold.course.pk]), headers={"Accept-Language": tag}).text
    [shown] = re.findall(r'name="price" value="([^"]*)"', page)

    assert send("change_price", shown, tag, currency=price.currency).status_code == 303
    assert sold.product.price == price


class TestByApiClient:
    def change(self, staff, sold, **body: str):
        body = {"currency": "usd", "billing_interval": "one_time", "reason": "Autumn", "confirm": "true"} | body
        return staff.post(
            reverse("billings:change_price", args=[sold.course.pk]),
            json.dumps(body | {"version": repricing.token(sold.product)}),
            content_type="application/json",
            headers={"Accept": "application/json", "Accept-Language": "de-DE"},
        )

    def test_numbers_are_the_same_whatever_language_is_accepted(self, staff, sold):
        assert self.change(staff, sold, price="49.500", currency="KWD").status_code == 200
        assert sold.product.price == PriceSpec(49500, "kwd")

    def test_two_readings_are_told_in_the_answer_and_nothing_is_saved(self, staff, sold):
        answer = self.change(staff, sold, price="2.000")

        assert answer.status_code == 422
        assert answer.json()["errors"]["price"] == ["Did you mean $2,000.00 or $2.00?"]
        assert answer.json()["readings"] == {"price": ["2000.00", "2.00"]}
        assert sold.product.price == PriceSpec(4900, "usd")
