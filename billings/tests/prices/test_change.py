"""A price change by staff: the form, the preview, the change itself, and permissions."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from billings import pricing
from billings.models import Drift, PriceChange
from billings.money import PriceSpec
from billings.prices import repricing
from billings.prices.unusual_changes import Unconfirmed
from billings.sync import excluded
from billings.tests.support.price_pages import HTMX, JSON, PRICES, address
from billings.tests.support.signed_in import signed_in
from billings.tests.support.sold import USD49, USD59, Sold

POST_ONLY = ["change_price", "plan_price", "retry_price"]


GET_ONLY = ["edit_price", "price_row"]


@pytest.fixture
def form(sold) -> dict[str, str]:
    """What the browser sends for the $49 course whose price staff change to $59."""
    return {
        "price": "59",
        "currency": "usd",
        "billing_interval": "one_time",
        "reason": "Autumn prices",
        "version": repricing.token(sold.product),
    }


@pytest.fixture
def _commits(monkeypatch, django_capture_on_commit_callbacks) -> None:
    """A test is one transaction; here what waits for the commit is done where the portal would commit."""
    change_price = repricing.change_price

    def committed(*args: Any, **how: Any) -> PriceChange | None:
        with django_capture_on_commit_callbacks(execute=True):
            return change_price(*args, **how)

    monkeypatch.setattr(repricing, "change_price", committed)


@pytest.fixture
def change(staff, sold, form, _commits) -> Callable[..., Any]:
    """Staff press Save, with some fields typed over."""

    def post(headers: dict[str, str] | None = None, query: str = "", **typed: str) -> Any:
        return staff.post(address("change_price", sold) + query, form | typed, headers=headers)

    return post


class TestChange:
    def test_changes_the_price_in_stripe_and_remembers_who_and_why(self, change, sold, manager, sandbox):
        change()

        [active] = sandbox.prices(active=True)
        assert (active["unit_amount"], active["currency"]) == (5900, "usd")
        assert [price["unit_amount"] for price in sandbox.prices(active=False)] == [4900]
        assert sandbox.products()[0]["default_price"] == active["id"]
        row = PriceChange.objects.first()
        assert (row.actor, row.reason, row.source) == (manager, "Autumn prices", PriceChange.Source.STAFF)
        assert (row.old, row.new) == (USD49, USD59)

    def test_without_scripts_leads_back_to_the_list_as_it_was(self, change, staff):
        answer = change(query="?q=water&sort=-price")

        assert answer.status_code == 303
        assert answer.url == "/billing/prices/?q=water&sort=-price"
        page = staff.get(answer.url).content.decode()
        assert "“Watercolour” is $59.00 now." in page
        assert "$59.00" in page

    def test_answers_htmx_with_the_row_in_its_new_state(self, change):
        answer = change(HTMX)

        text = answer.content.decode()
        assert answer.status_code == 200
        assert text.lstrip().startswith("<tr id=")
        assert "$59.00" in text
        assert "“Watercolour” is $59.00 now." in text
        assert "data-poll" not in text

    def test_while_stripe_has_not_answered_the_row_looks_again(self, staff, sold, form, settings):
        settings.STRIPE_INLINE_BUDGET_SECONDS = 0

        answer = staff.post(address("change_price", sold), form, headers=HTMX)

        text = answer.content.decode()
        assert "Saving…" in text
        assert text.count("data-watch>") == 1
        assert "watch" in answer["HX-Trigger"], "the page begins to ask"

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ({"price": "1.234,50", "currency": "eur"}, PriceSpec(123450, "eur")),
            ({"price": "¥500", "currency": "jpy"}, PriceSpec(500, "jpy")),
            ({"billing_interval": "month"}, PriceSpec(5900, "usd", "month")),
            ({"price": ""}, None),
            ({"price": "0"}, None),
        ],
    )
    def test_takes_what_people_type(self, change, sold, typed, expected):
        assert change(confirm="true", **typed).status_code == 303
        assert sold.product.price == expected

    def test_a_field_that_is_absent_stays_as_it_is(self, staff, sold, form):
        sold.price(PriceSpec(4900, "eur", "year"))

        staff.post(
            address("change_price", sold),
            {"price": "59", "reason": "Autumn", "version": repricing.token(sold.product)},
        )

        assert sold.product.price == PriceSpec(5900, "eur", "year")

    def test_the_price_it_already_has_changes_nothing_and_says_so(self, change, staff, sandbox):
        before = len(sandbox.calls())

        answer = change(price="49")

        assert "Nothing to change: “Watercolour” was $49.00 already." in staff.get(answer.url).content.decode()
        assert PriceChange.objects.count() == 1
        assert len(sandbox.calls()) == before

    def test_an_archived_course_gets_its_price_and_stays_off_sale(self, change, sold, sandbox):
        sold.listing(status="archived")

        change()

        assert [price["unit_amount"] for price in sandbox.prices(active=True)] == [5900]
        assert not sandbox.products()[0]["active"]

    def test_a_drifted_price_is_set_again(self, change, sold, sandbox):
        Drift.objects.create(product=sold.product, field="price", local_value="$49.00", remote_value="$39.00")
        excluded.look_again([sold.row.pk])

        change()

        assert not sold.product.drifts.filter(closed_at=None).exists()
        assert [price["unit_amount"] for price in sandbox.prices(active=True)] == [5900]

    @pytest.mark.parametrize("reason", ["", "   ", "\u200b \u200b"])
    def test_needs_a_reason(self, change, sold, reason):
        answer = change(reason=reason, price="61,50")

        assert answer.status_code == 422
        text = answer.content.decode()
        assert "Enter a reason." in text
        assert 'value="61,50"' in text
        assert sold.product.price == USD49

    def test_keeps_a_reason_of_300_characters_and_no_longer_one(self, change, sold):
        assert change(reason="x" * 301).status_code == 422
        assert sold.product.price == USD49
        assert change(reason="x" * 300).status_code == 303

    @pytest.mark.parametrize(
        ("typed", "message"),
        [
            ({"price": "0.10"}, "$0.50 is the smallest price that can be charged in US dollars."),
            ({"price": "99999999999"}, "is the largest price that can be charged"),
            ({"price": "cheap"}, "This is not an amount."),
            ({"price": "-5"}, "A price cannot be negative."),
            ({"price": "€59"}, "The amount says “€”"),
            ({"price": "5.5", "currency": "jpy"}, "has no decimals"),
            ({"currency": "doge"}, "doge is not one of the available choices."),
            ({"currency": ""}, "This field is required."),
            ({"billing_interval": "week"}, "week is not one of the available choices."),
        ],
    )
    @pytest.mark.parametrize("headers", [None, HTMX])
    def test_a_bad_price_is_told_beside_its_field_and_what_was_typed_stays(self, change, sold, typed, message, headers):
        answer = change(headers, reason="Because I said so", **typed)

        assert answer.status_code == 422
        text = answer.content.decode()
        assert message in text.replace("&#x27;", "'")
        assert "is-invalid" in text
        assert 'value="Because I said so"' in text
        assert f'value="{typed.get("price", "59")}"' in text
        assert sold.product.price == USD49

    def test_the_first_wrong_field_has_the_focus(self, change):
        text = change(HTMX, reason="").content.decode()

        assert text.count("autofocus") == 1
        assert "autofocus" in text[text.index('name="reason"') :].partition(">")[0]

    def test_what_was_typed_cannot_become_markup(self, change):
        assert b"<img" not in change(price="<img>", reason="<img>").content

    def test_a_price_changed_meanwhile_is_shown_beside_the_one_that_was_typed(self, change, sold, owner):
        pricing.set_price(sold.row, PriceSpec(7700, "usd"), actor=owner, reason="Mine")

        answer = change(HTMX, reason="Autumn prices")

        text = answer.content.decode()
        assert answer.status_code == 409
        for words in ("$77.00", "$59.00", "teacher@example.com", "Mine", "Replace $77.00 by $59.00", "Keep $77.00"):
            assert words in text
        assert 'value="Autumn prices"' in text
        assert 'value="59"' in text
        assert sold.product.price == PriceSpec(7700, "usd")

    def test_after_the_choice_it_is_saved(self, change, sold):
        sold.price(PriceSpec(7700, "usd"))
        version = change().context["form"]["version"].value()

        assert change(version=version).status_code == 303
        assert sold.product.price == USD59

    @pytest.mark.parametrize("version", ["", "nonsense", "a:b"])
    def test_without_a_readable_version_nothing_is_overwritten(self, change, sold, version):
        assert change(version=version).status_code == 409
        assert sold.product.price == USD49

    def test_the_version_of_another_course_is_none(self, change, course_for):
        assert change(version=repricing.token(course_for("Chess"))).status_code == 409

    def test_two_who_want_the_same_price_do_not_meet(self, change, sold):
        sold.price(USD59)

        assert change().status_code == 303

    def test_a_price_changed_and_changed_back_has_not_moved(self, change, sold):
        sold.price(PriceSpec(7700, "usd"))
        sold.price(USD49)

        assert change().status_code == 303

    @pytest.mark.parametrize(
        ("typed", "question"),
        [
            ({"price": "490"}, "$490.00 is 10 times the present price, $49.00."),
            ({"currency": "eur"}, "€59.00 is in another currency than the present price, $49.00."),
            ({"price": ""}, "This course costs $49.00 now; it would be free."),
        ],
    )
    def test_an_unusual_change_is_asked_about_first(self, change, sold, typed, question):
        answer = change(HTMX, **typed)

        text = answer.content.decode()
        assert answer.status_code == 422
        assert question in text
        assert sold.product.price == USD49
        yes = answer.context["form"].unusual_change.key
        assert change(confirm=yes, price="4900").status_code == 422, "a yes to another change"
        assert change(confirm=yes, **typed).status_code == 303
        assert sold.product.price != USD49

    def test_the_plan_offers_the_yes_before_it_is_asked_for(self, staff, sold, form):
        answer = staff.post(address("plan_price", sold), form | {"price": "490"}, headers=HTMX)

        text = answer.content.decode()
        assert "You will be asked to confirm this price." in text
        assert "Yes, change it to $490.00" in text

    def test_an_unusual_change_is_measured_by_the_price_that_is_there_when_it_is_saved(self, sold, manager):
        version = repricing.token(sold.product)
        how = {"version": version, "actor": manager, "reason": "Autumn"}
        stale = sold.product
        sold.price(PriceSpec(700, "usd"))
        version = repricing.token(sold.product)

        with pytest.raises(Unconfirmed) as asked:
            repricing.change_price(stale, USD59, **{**how, "version": version})

        assert asked.value.unusual_change.old == PriceSpec(700, "usd")

    @pytest.mark.usefixtures("_commits")
    def test_api_clients_say_yes_by_json(self, staff, sold, form):
        def post(**fields: Any) -> Any:
            sent = form | fields
            return staff.post(
                address("change_price", sold), json.dumps(sent), content_type="application/json", headers=JSON
            )

        rejected = post(price="490")
        assert rejected.status_code == 422
        assert rejected.json()["errors"]["price"] == ["$490.00 is 10 times the present price, $49.00."]

        saved = post(price="490", confirm=True)
        assert saved.status_code == 200
        assert saved.json()["price"]["display"] == "$490.00"

        moved = post(price="500")
        assert moved.status_code == 409
        assert moved.json()["conflicts"]["price"]["theirs"]["unit_amount"] == 49000
        assert post(price="500", version=moved.json()["version"]).status_code == 200

    @pytest.mark.parametrize(("body", "code"), [("{", 400), ("[]", 400), ('{"reason": []}', 422)])
    def test_api_clients_are_told_what_cannot_be_read(self, staff, sold, body, code):
        answer = staff.post(address("change_price", sold), body, content_type="application/json", headers=JSON)

        assert answer.status_code == code
        assert answer.json()["errors"]

    def test_an_unknown_course_is_not_found(self, staff, form):
        assert staff.post(f"{PRICES}{uuid4()}/", form).status_code == 404
        assert staff.post(f"{PRICES}not-a-uuid/", form).status_code == 404

    def test_a_form_of_another_site_is_rejected(self, manager, sold, form):
        client = Client(enforce_csrf_checks=True)
        client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")

        assert client.post(address("change_price", sold), form).status_code == 403
        assert sold.product.price == USD49

    def test_a_teacher_is_rejected_even_at_an_own_course(self, teacher, sold, form):
        assert teacher.post(address("change_price", sold), form).status_code == 403
        assert sold.product.price == USD49

    def test_an_anonymous_user_comes_back_to_the_list(self, anonymous, sold, form):
        answer = anonymous.post(
            address("change_price", sold), form, headers={"Referer": "http://testserver/billing/prices/?q=water"}
        )

        assert answer.url == "/accounts/login/?next=/billing/prices/%3Fq%3Dwater"
        assert sold.product.price == USD49

    @pytest.mark.parametrize("referer", ["", "https://elsewhere.example/billing/prices/"])
    def test_an_anonymous_user_from_elsewhere_does_not_go_back_there(self, anonymous, sold, form, referer):
        answer = anonymous.post(address("change_price", sold), form, headers={"Referer": referer})

        assert answer.url == "/accounts/login/?next=/billing/prices/"


class TestPlan:
    def plan(self, staff: Client, sold: Sold, form: dict[str, str], **typed: str) -> Any:
        return staff.post(address("plan_price", sold), form | typed, headers=HTMX)

    def test_says_what_saving_would_do_and_what_was_understood(self, staff, sold, form, sandbox):
        before = len(sandbox.calls())

        text = self.plan(staff, sold, form, price="1.234,50", reason="").content.decode()

        assert "New price $1,234.50 replaces $49.00." in text
        note = text[text.index(f'id="price-{sold.course.pk}-price_note"') :].partition("</div>")[0]
        assert note.endswith('hx-swap-oob="true">Buyers pay $1,234.50 once.')
        assert sold.product.price == USD49
        assert len(sandbox.calls()) == before

    def test_without_scripts_it_is_the_page_with_the_line(self, staff, sold, form):
        answer = staff.post(address("plan_price", sold) + "?q=water", form | {"reason": ""})

        text = answer.content.decode()
        assert answer.status_code == 200
        assert "New price $59.00 replaces $49.00." in text
        assert 'value="59"' in text
        assert "Enter a reason." not in text
        assert 'href="/billing/prices/?q=water"' in text

    def test_a_bad_price_is_told_beside_its_field(self, staff, sold, form):
        text = self.plan(staff, sold, form, price="0.10").content.decode()

        assert "$0.50 is the smallest price" in text
        assert "This cannot be saved yet" in text
        assert staff.post(address("plan_price", sold), form | {"price": "0.10"}).status_code == 422

    def test_says_that_an_archived_course_stays_out_of_reach(self, staff, sold, form):
        sold.listing(status="archived")

        assert "nobody can buy it before it is restored" in self.plan(staff, sold, form).content.decode()

    def test_says_that_the_price_has_moved(self, staff, sold, form):
        sold.price(PriceSpec(7700, "usd"))

        assert "was changed elsewhere while you were writing" in self.plan(staff, sold, form).content.decode()

    def test_says_that_nothing_changes(self, staff, sold, form):
        assert "Nothing changes in Stripe." in self.plan(staff, sold, form, price="49").content.decode()

    def test_says_that_a_free_course_is_not_sold(self, staff, course_for):
        product = course_for("Notes", None)
        url = reverse("billings:plan_price", args=[product.course_id])

        assert b"Free: nothing is sold in Stripe." in staff.post(url, {"price": ""}, headers=HTMX).content

    def test_says_what_else_was_changed_in_stripe_and_stays(self, staff, sold, form):
        Drift.objects.create(product=sold.product, field="name", local_value="Watercolour", remote_value="Other")
        excluded.look_again([sold.row.pk])

        text = self.plan(staff, sold, form).content.decode()
        assert "left as it is there until staff decide: the title." in text


class TestEdit:
    def test_opens_in_the_row(self, staff, sold):
        text = staff.get(address("edit_price", sold) + "?q=water", headers=HTMX).content.decode()

        assert text.lstrip().startswith(f'<tr id="row-{sold.row.course_id}" class="prices-edit" data-escape>')
        assert 'value="49.00"' in text
        assert 'inputmode="decimal"' in text
        assert f'hx-post="{address("change_price", sold)}?q=water"' in text
        assert "data-cancel" in text
        assert "maxlength" not in text

    def test_without_scripts_it_is_a_page_of_its_own(self, staff, sold):
        text = staff.get(address("edit_price", sold) + "?q=water").content.decode()

        assert "<h1" in text
        assert 'action="/billing/prices/' in text
        assert 'href="/billing/prices/?q=water"' in text

    def test_of_a_free_course_the_amount_is_empty(self, staff, course_for):
        product = course_for("Notes", None)

        form = staff.get(reverse("billings:edit_price", args=[product.course_id])).context["form"]
        assert form["price"].value() == ""


class TestRow:
    def test_is_put_back_where_nothing_was_changed_after_all(self, staff, sold):
        text = staff.get(address("price_row", sold) + "?q=water", headers=HTMX).content.decode()

        assert text.lstrip().startswith("<tr id=")
        assert "$49.00" in text
        assert f'href="{address("edit_price", sold)}?q=water"' in text
        assert "autofocus" in text

    def test_is_no_page(self, staff, sold):
        assert staff.get(address("price_row", sold) + "?q=water").url == "/billing/prices/?q=water"


class TestWhoMayNot:
    """What holds for every address of a price alike."""

    @pytest.mark.parametrize("page", POST_ONLY + GET_ONLY)
    def test_a_teacher_is_rejected(self, teacher, sold, page):
        send = teacher.post if page in POST_ONLY else teacher.get

        assert send(address(page, sold)).status_code == 403

    @pytest.mark.parametrize("page", POST_ONLY + GET_ONLY)
    def test_an_anonymous_user_is_sent_to_sign_in(self, anonymous, sold, page):
        send = anonymous.post if page in POST_ONLY else anonymous.get

        assert send(address(page, sold)).url.startswith("/accounts/login/?next=/billing/prices/")
        assert send(address(page, sold), headers=JSON).status_code == 401
        assert send(address(page, sold), headers=HTMX)["X-Sign-In"].startswith("/accounts/login/")

    @pytest.mark.parametrize("page", POST_ONLY)
    def test_a_link_leads_to_the_form(self, staff, sold, page):
        answer = staff.get(address(page, sold))

        assert (answer.status_code, answer.url) == (302, address("edit_price", sold))
        assert staff.get(address(page, sold), headers=JSON).status_code == 405
        assert staff.put(address(page, sold)).status_code == 405

    @pytest.mark.parametrize("page", GET_ONLY)
    def test_a_form_cannot_be_sent_where_there_is_none(self, staff, sold, page):
        assert staff.post(address(page, sold)).status_code == 405

    @pytest.mark.parametrize("page", POST_ONLY + GET_ONLY)
    def test_an_unknown_course_is_not_found(self, staff, page):
        send = staff.post if page in POST_ONLY else staff.get

        assert send(reverse(f"billings:{page}", args=[uuid4()])).status_code == 404

    @pytest.mark.parametrize("tail", ["", "edit/", "plan/", "row/", "status/"])
    def test_an_address_without_an_id_is_none(self, staff, tail):
        assert staff.get(f"{PRICES}not-a-uuid/{tail}").status_code == 404

    def test_a_superuser_may(self, db):
        client = signed_in(User.objects.create_superuser("admin", "admin@example.com"))

        assert client.get(PRICES).status_code == 200
