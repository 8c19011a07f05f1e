"""The staff's list of prices: content, search, filters, sorting, pages."""

import json
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from billings.models import BillingPrice, Drift, Rejection, StripeRequest, Trouble
from billings.money import PriceSpec
from billings.sync import excluded
from billings.tests.support.price_pages import HTMX, JSON, PRICES, titles


class TestList:
    def test_shows_every_course_with_its_price_and_how_it_stands(self, staff, sold):
        page = staff.get(PRICES)

        text = page.content.decode()
        assert page.status_code == 200
        for words in ("Watercolour", "teacher@example.com", "$49.00", "One-time", "On sale", "1 course"):
            assert words in text
        assert f"/courses/{sold.course.pk}/" in text

    def test_says_the_same_to_api_clients(self, staff, sold):
        answer = staff.get(PRICES, headers=JSON).json()

        assert (answer["count"], answer["next"]) == (1, None)
        [row] = answer["results"]
        assert row["id"] == str(sold.course.pk)
        assert (row["title"], row["teacher"]) == ("Watercolour", "teacher@example.com")
        assert row["price"]["unit_amount"] == 4900
        assert row["billing"]["state"] == "in_sync"
        assert row["url"] == f"/courses/{sold.course.pk}/prices/"
        assert row["price_changed_at"] == sold.product.price_changed_at.isoformat()

    def test_of_a_free_course_there_is_no_price_and_no_change(self, staff, course_for):
        course_for("Notes", None)

        [row] = staff.get(PRICES, headers=JSON).json()["results"]
        assert row["price"] is None
        assert row["price_changed_at"] is None
        assert "never" in staff.get(PRICES).content.decode()

    def test_the_interval_has_its_own_column(self, staff, course_for):
        course_for("Club", PriceSpec(900, "usd", "month"))
        course_for("School", PriceSpec(9000, "usd", "year"))

        text = staff.get(PRICES).content.decode()
        assert "Monthly" in text
        assert "Yearly" in text

    def test_says_why_where_a_person_must_look(self, staff, course_for):
        course_for("Watercolour", trouble=Trouble.KEY)

        assert "Put a valid STRIPE_SECRET_KEY into the settings." in staff.get(PRICES).content.decode()

    def test_a_title_is_text_and_not_markup(self, staff, course_for):
        course_for("<script>alert(1)</script>")

        assert b"<script>alert" not in staff.get(PRICES).content

    def test_invites_where_there_are_no_courses(self, staff):
        assert "No courses yet" in staff.get(PRICES).content.decode()

    def test_offers_to_clear_the_filters_where_nothing_matches(self, staff, course_for):
        course_for("Watercolour")

        text = staff.get(f"{PRICES}?q=oboe").content.decode()
        assert "Nothing matches" in text
        assert "0 courses found" in text

    def test_costs_six_queries_however_many_courses(self, staff, course_for, django_assert_num_queries):
        for number in range(12):
            course_for(f"Course {number}")

        with django_assert_num_queries(6):
            staff.get(PRICES)
        with django_assert_num_queries(6):
            staff.get(PRICES, headers=JSON)

    @pytest.mark.parametrize("count", [1, 12])
    def test_costs_two_more_however_many_are_drifted_and_rejected(
        self, staff, course_for, django_assert_num_queries, count
    ):
        course_for("Nothing is wrong with this one")
        for number in range(count):
            product = course_for(f"Course {number}")
            Drift.objects.create(product=product, field="name", local_value="a", remote_value="b")
            request = StripeRequest.objects.create(
                product=product, key=str(number), step="x", path="/", params={}, livemode=False, generation=1,
                resolved_at=timezone.now(), outcome="rejected",
            )  # fmt: skip
            Rejection.objects.create(product=product, field="price", request=request)
            excluded.look_again([product.pk])

        with django_assert_num_queries(8):
            assert staff.get(PRICES).content.count(b"Needs attention") > count
        with django_assert_num_queries(8):
            staff.get(PRICES, headers=JSON)

    def test_a_teacher_is_rejected(self, teacher):
        assert teacher.get(PRICES).status_code == 403
        assert teacher.get(PRICES, headers=HTMX).status_code == 403

    def test_a_teachers_api_client_is_forbidden_in_json(self, teacher):
        answer = teacher.get(PRICES, headers=JSON)

        assert answer.status_code == 403
        assert answer.json()["errors"]["__all__"]

    def test_an_anonymous_user_signs_in_and_comes_back(self, anonymous):
        answer = anonymous.get(f"{PRICES}?q=water&sort=-price")

        assert answer.status_code == 302
        assert answer.url == "/accounts/login/?next=/billing/prices/%3Fq%3Dwater%26sort%3D-price"

    def test_an_anonymous_users_htmx_is_told_where_to_sign_in(self, anonymous):
        answer = anonymous.get(PRICES, headers=HTMX)

        assert answer["X-Sign-In"] == "/accounts/login/?next=/billing/prices/%3Fq%3Dwater"

    def test_an_anonymous_api_client_is_told(self, anonymous):
        assert anonymous.get(PRICES, headers=JSON).status_code == 401

    def test_it_is_only_looked_at(self, staff):
        assert staff.post(PRICES).status_code == 405


class TestSearch:
    @pytest.mark.parametrize("q", ["water", "WATER colour", "anna@", "course_abc", "price_abc", "PRICE_ABC anna"])
    def test_finds_title_teacher_and_stripe_id(self, staff, course_for, q):
        found = course_for("Water colour", stripe_id="course_abc")
        BillingPrice.objects.create(product=found, stripe_id="price_abc", currency="usd", active=True, stripe_created=1)
        course_for("Chess", teacher="bob@example.com")

        assert titles(staff, f"?q={q}") == ["Water colour"]

    @pytest.mark.parametrize(("title", "q"), [("Café crème", "CAFÉ"), ("ЭТИКА", "этика"), ("Straße", "strasse")])
    def test_finds_regardless_of_case_and_marks(self, staff, course_for, title, q):
        course_for(title)
        course_for("Chess")

        assert titles(staff, f"?{urlencode({'q': q})}") == [title]

    @pytest.mark.parametrize("q", ["49", "course", "abc", "4a", "%", "_"])
    def test_a_number_or_a_piece_of_one_matches_no_id(self, staff, course_for, q):
        found = course_for("Water colour", stripe_id="course_49abc_4a")
        BillingPrice.objects.create(product=found, stripe_id="price_49", currency="usd", active=True, stripe_created=1)

        assert titles(staff, f"?{urlencode({'q': q})}") == []

    @pytest.mark.parametrize(
        ("q", "expected"),
        [
            ("$49", ["Dollars"]),
            ("$49.00", ["Dollars"]),
            ("49 usd", ["Dollars"]),
            ("USD 49", ["Dollars"]),
            ("49 $", ["Dollars"]),
            ("$49 dollars", ["Dollars"]),
            ("water $49", []),
            ("€49", ["Euros"]),
            ("49€", ["Euros"]),
            ("49,00 eur", ["Euros"]),
            ("¥490", ["Yen"]),
            ("€1,234.50", ["Much"]),
            ("€50", []),
            ("49", ["Class of 49"]),
            ("$49 class", []),
        ],
    )
    def test_an_amount_with_its_currency_finds_prices(self, staff, course_for, q, expected):
        course_for("Dollars", PriceSpec(4900, "usd"))
        course_for("Euros", PriceSpec(4900, "eur"))
        course_for("Yen", PriceSpec(490, "jpy"))
        course_for("Much", PriceSpec(123450, "eur"))
        course_for("Class of 49", None)

        assert titles(staff, f"?{urlencode({'q': q})}") == expected

    def test_an_amount_in_a_title_is_found_as_well(self, staff, course_for):
        course_for("Living on $49 a day", None)

        assert titles(staff, "?q=%2449") == ["Living on $49 a day"]

    def test_every_word_must_be_there(self, staff, course_for):
        course_for("Water colour")

        assert titles(staff, "?q=water+chess") == []

    def test_a_character_that_no_database_takes_is_no_error(self, staff, course_for):
        course_for("Water colour")

        assert titles(staff, "?q=water%00") == ["Water colour"]

    def test_htmx_gets_the_results_alone_and_the_address_that_asks_for_them(self, staff, course_for):
        course_for("Water colour")

        answer = staff.get(f"{PRICES}?q=+water++&status=&sort=title", headers=HTMX)

        text = answer.content.decode()
        assert answer["HX-Replace-Url"] == "/billing/prices/?q=water"
        assert text.lstrip().startswith('<div id="results">')
        assert "1 course found" in text

    def test_going_back_gets_the_whole_page(self, staff, course_for):
        course_for("Water colour")

        answer = staff.get(PRICES, headers=HTMX | {"HX-History-Restore-Request": "true"})

        assert b"<html" in answer.content


class TestFilters:
    @pytest.fixture
    def courses(self, course_for) -> None:
        course_for("Draft", PriceSpec(1000, "eur"))
        course_for("Free", None)
        course_for("Gone", PriceSpec(2000, "usd"), status="archived")
        course_for("Late", PriceSpec(3000, "usd"), status="published", observed_generation=0)
        course_for("Sold", PriceSpec(500, "eur"), status="published")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("status=draft", ["Draft", "Free"]),
            ("status=archived", ["Gone"]),
            ("billing=free", ["Free"]),
            ("billing=pending", ["Late"]),
            ("billing=in_sync", ["Draft", "Sold"]),
            ("currency=eur", ["Draft", "Sold"]),
            ("currency=usd", ["Gone", "Late"]),
            ("currency=usd&status=published", ["Late"]),
            ("status=nonsense&billing=nonsense&currency=xxx", ["Draft", "Free", "Gone", "Late", "Sold"]),
        ],
    )
    def test_each_narrows_the_list_and_nonsense_does_not(self, staff, courses, query, expected):
        assert titles(staff, f"?{query}") == expected

    def test_the_states_are_links_that_say_how_many_they_lead_to(self, staff, courses):
        states = staff.get(f"{PRICES}?currency=eur&billing=in_sync").context["listing"].states

        assert [(link.label, link.count, link.chosen) for link in states] == [
            ("All", 2, False),
            ("Up to date", 2, True),
        ]
        assert titles(staff, states[0].url.removeprefix(PRICES)) == ["Draft", "Sold"]

    def test_the_currencies_in_use_can_be_chosen(self, staff, courses):
        assert staff.get(PRICES).context["currencies"] == ["eur", "usd"]


class TestSort:
    @pytest.fixture
    def courses(self, course_for) -> None:
        now = timezone.now()
        course_for("b", PriceSpec(200, "usd"), teacher="y@example.com", price_changed_at=now)
        course_for("A", None, teacher="x@example.com")
        course_for("c", PriceSpec(900, "eur"), teacher="z@example.com", price_changed_at=now - timezone.timedelta(1))

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("title", "Abc"),
            ("-title", "cbA"),
            ("teacher", "Abc"),
            ("-teacher", "cbA"),
            ("price", "Acb"),
            ("-price", "bcA"),
            ("changed", "Acb"),
            ("-changed", "bcA"),
            ("nonsense", "Abc"),
            ("--price", "Abc"),
        ],
    )
    def test_each_column_sorts_both_ways(self, staff, courses, sort, expected):
        assert "".join(titles(staff, f"?sort={sort}")) == expected

    def test_the_heading_in_force_says_so_and_turns_round(self, staff, courses):
        text = staff.get(f"{PRICES}?q=e&sort=price").content.decode()

        assert text.count("aria-sort") == 1
        assert 'aria-sort="ascending"' in text
        assert "/billing/prices/?q=e&amp;sort=-price" in text


class TestPages:
    @pytest.fixture
    def courses(self, course_for) -> None:
        for number in range(27):
            course_for(f"Course {number:02}", None)

    def test_as_many_at_a_time_as_a_teacher_sees_with_the_address_of_the_next(self, staff, courses):
        first = staff.get(f"{PRICES}?q=course", headers=JSON).json()

        assert first["count"] == 27
        assert len(first["results"]) == 24
        assert first["next"] == "/billing/prices/?q=course&page=2"
        assert titles(staff, "?q=course&page=2") == ["Course 24", "Course 25", "Course 26"]

    def test_the_page_leads_on_and_back(self, staff, courses):
        assert 'rel="next" href="/billing/prices/?page=2"' in staff.get(PRICES).content.decode()
        assert 'rel="prev" href="/billing/prices/"' in staff.get(f"{PRICES}?page=2").content.decode()

    @pytest.mark.parametrize(
        ("page", "first"), [("99", 24), ("0", 0), ("-1", 0), ("x", 0), ("1e3", 0), ("9" * 5000, 0), ("²", 0)]
    )
    def test_past_the_end_is_the_last_page_and_nonsense_the_first(self, staff, courses, page, first):
        assert titles(staff, f"?page={page}")[0] == f"Course {first:02}"


def test_the_answer_differs_by_what_was_asked_for(staff):
    varies = {name.strip() for name in staff.get(PRICES)["Vary"].split(",")}

    assert {"Accept", "HX-Request"} <= varies
    assert json.loads(staff.get(PRICES, headers=JSON).content)["count"] == 0
