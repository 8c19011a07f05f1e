"""GET /courses/: own courses, searched, filtered, sorted and paged."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.utils import timezone

from billings.models import BillingProduct, Drift, Rejection, StripeRequest
from billings.money import PriceSpec
from billings.sync import excluded
from courses.cards import Card
from courses.last_list import COOKIE
from courses.models import Course
from courses.tests.support.people import HTMX, JSON, form_of


def titles(person, query: str = "") -> list[str]:
    answer = person.get("teacher_courses", query=query, headers=JSON)
    return [course["title"] for course in answer.json()["results"]]


@pytest.fixture
def three(make_course):
    """Oldest first: a free one, a dear one, a cheap one."""
    made = [
        make_course(title="Bread", summary="Sourdough."),
        make_course(title="apples", price=PriceSpec(9900, "usd")),
        make_course(title="Cheese", subject="Dairy", price=PriceSpec(500, "usd")),
    ]
    for age, course in zip((3, 2, 1), made, strict=True):
        Course.objects.filter(pk=course.pk).update(updated_at=timezone.now() - timedelta(days=age))
    return made


def _has_drift_and_rejection(product: BillingProduct) -> None:
    Drift.objects.create(product=product, field="name", local_value="a", remote_value="b")
    request = StripeRequest.objects.create(
        product=product, key=str(product.pk), step="x", path="/", params={}, livemode=False, generation=1,
        resolved_at=timezone.now(), outcome="rejected",
    )  # fmt: skip
    Rejection.objects.create(product=product, field="price", request=request)
    excluded.look_again([product.pk])


@pytest.fixture
def many(make_course):
    for number in range(50):
        make_course(title=f"Course {number:02}")


class TestList:
    def test_shows_each_course_with_its_price(self, teacher, three):
        page = teacher.get("teacher_courses")

        assert page.status_code == 200
        assert "Bread" in page.text
        assert "$99.00" in page.text

    def test_another_teachers_courses_are_not_listed(self, other_teacher, staff, three):
        assert titles(other_teacher) == []
        assert titles(staff) == []

    def test_invites_to_the_first_course(self, teacher):
        assert "Create your first course" in teacher.get("teacher_courses").text

    def test_says_when_nothing_matches(self, teacher, three):
        page = teacher.get("teacher_courses", query="?q=zebra")

        assert "Nothing matches" in page.text
        assert "Create your first course" not in page.text

    def test_htmx_gets_the_results_alone(self, teacher, three):
        page = teacher.get("teacher_courses", query="?q=bread", headers={**HTMX, "HX-Target": "results"})

        assert "<html" not in page.text
        assert "Bread" in page.text
        assert "HX-Request" in page.headers["Vary"]
        assert "Accept" in page.headers["Vary"]

    def test_back_to_a_search_gets_the_whole_page(self, teacher, three):
        page = teacher.get("teacher_courses", headers={**HTMX, "HX-History-Restore-Request": "true"})

        assert "<html" in page.text

    def test_an_anonymous_user_signs_in_first_and_comes_back(self, anonymous):
        answer = anonymous.get("teacher_courses", query="?q=bread")

        assert answer.headers["Location"] == "/accounts/login/?next=/courses/%3Fq%3Dbread"

    def test_asks_the_same_of_the_database_however_long_it_is(self, teacher, make_course, django_assert_num_queries):
        for more in (1, 30):
            for _course in range(more):
                make_course(price=PriceSpec(4900, "usd"))
            with django_assert_num_queries(6):
                teacher.get("teacher_courses")
            with django_assert_num_queries(4):
                teacher.get("teacher_courses", headers=JSON)

    def test_asks_twice_more_for_what_is_drifted_and_rejected_however_much_it_is(
        self, teacher, make_course, django_assert_num_queries
    ):
        make_course(title="Nothing is wrong with this one")
        for more in (1, 5):
            for _course in range(more):
                _has_drift_and_rejection(make_course(price=PriceSpec(4900, "usd")).billing)
            with django_assert_num_queries(8):
                assert teacher.get("teacher_courses").text.count("Needs attention") > more
            with django_assert_num_queries(6):
                teacher.get("teacher_courses", headers=JSON)


class TestSearch:
    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("bread", ["Bread"]),
            ("SOURDOUGH", ["Bread"]),
            ("dairy", ["Cheese"]),
            ("bread+sour", ["Bread"]),
            ("bread+dairy", []),
            ("%25", []),
            ("%00", ["Cheese", "apples", "Bread"]),
            ("+++", ["Cheese", "apples", "Bread"]),
        ],
    )
    def test_every_word_must_stand_somewhere(self, teacher, three, q, found):
        assert titles(teacher, f"?q={q}") == found

    @pytest.mark.parametrize(("q", "found"), [("$99", ["apples"]), ("usd 5.00", ["Cheese"]), ("99", []), ("€99", [])])
    def test_an_amount_with_its_currency_finds_prices(self, teacher, three, q, found):
        assert titles(teacher, f"?{urlencode({'q': q})}") == found

    @pytest.mark.parametrize(
        ("title", "q"),
        [
            ("ЭТИКА и право", "этика"),
            ("Élan vital für Anfänger", "élan"),
            ("Élan vital für Anfänger", "anfanger fur"),
            ("naïve café", "cafe\u0301"),
            ("Straße und Gasse", "strasse"),
            ("Die Gasse", "GAẞE"),
            ("100% cotton", "100%"),
            ("snake_case", "e_c"),
            (r"back\slash", r"k\s"),
        ],
    )
    def test_finds_regardless_of_case_and_marks(self, teacher, make_course, title, q):
        make_course(title=title)
        make_course(title="Snake case costs 1000")

        assert titles(teacher, f"?{urlencode({'q': q})}") == [title]

    def test_finds_what_the_title_became(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, title="Öl"))

        assert titles(teacher, "?q=ol") == ["Öl"]
        assert titles(teacher, "?q=watercolour") == []

    def test_what_was_sought_stays_in_the_box(self, teacher, three):
        assert 'value="&lt;b&gt;"' in teacher.get("teacher_courses", query="?q=<b>").text


class TestFilter:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?status=draft", ["Cheese", "apples", "Bread"]),
            ("?status=published", []),
            ("?status=nonsense", ["Cheese", "apples", "Bread"]),
            ("?billing=free", ["Bread"]),
            ("?billing=pending", ["apples"]),
            ("?billing=in_sync", ["Cheese"]),
            ("?billing=nonsense", ["Cheese", "apples", "Bread"]),
            ("?billing=free&status=draft&q=bread", ["Bread"]),
        ],
    )
    def test_each_finds_the_courses_it_names(self, teacher, three, query, found):
        cheese = three[2].billing
        BillingProduct.objects.filter(pk=cheese.pk).update(observed_generation=cheese.generation)

        assert titles(teacher, query) == found

    def test_links_say_how_many_they_lead_to(self, teacher, three):
        listing = teacher.get("teacher_courses", query="?billing=free").context["listing"]

        assert {choice.value: choice.count for choice in listing.statuses} == {
            "": 1,
            "draft": 1,
            "published": 0,
            "archived": 0,
        }
        assert {choice.value: choice.count for choice in listing.billings if choice.count} == {
            "": 3,
            "free": 1,
            "pending": 2,
        }
        assert [choice.value for choice in listing.billings if choice.chosen] == ["free"]

    def test_links_keep_the_rest_of_the_search(self, teacher, three):
        listing = teacher.get("teacher_courses", query="?q=e&sort=title&status=draft&page=1").context["listing"]

        free = next(choice for choice in listing.billings if choice.value == "free")
        assert free.url == "/courses/?q=e&status=draft&billing=free&sort=title"


class TestSort:
    @pytest.mark.parametrize(
        ("sort", "found"),
        [
            ("", ["Cheese", "apples", "Bread"]),
            ("-updated", ["Cheese", "apples", "Bread"]),
            ("updated", ["Bread", "apples", "Cheese"]),
            ("title", ["apples", "Bread", "Cheese"]),
            ("-title", ["Cheese", "Bread", "apples"]),
            ("price", ["Bread", "Cheese", "apples"]),
            ("-price", ["apples", "Cheese", "Bread"]),
            ("status", ["Cheese", "apples", "Bread"]),
            ("-status", ["Bread", "apples", "Cheese"]),
            ("nonsense", ["Cheese", "apples", "Bread"]),
            ("--title", ["Cheese", "apples", "Bread"]),
        ],
    )
    def test_each_order_is_that_of_its_column(self, teacher, three, sort, found):
        teacher.post("publish", three[2])
        teacher.post("publish", three[0])
        teacher.post("archive", three[0])
        for age, course in zip((3, 2, 1), three, strict=True):
            Course.objects.filter(pk=course.pk).update(updated_at=timezone.now() - timedelta(days=age))

        assert titles(teacher, f"?sort={sort}") == found

    def test_by_title_is_by_the_alphabet_and_not_by_code_points(self, teacher, make_course):
        for title in ("Zebra", "Änderungen", "école", "Teil 10", "Teil 9", "ångström", "Яблоко"):
            make_course(title=title)

        in_order = ["Änderungen", "ångström", "école", "Teil 9", "Teil 10", "Zebra", "Яблоко"]
        assert titles(teacher, "?sort=title") == in_order
        assert titles(teacher, "?sort=-title") == in_order[::-1]


class TestPages:
    def test_lead_from_one_to_the_next_without_a_gap(self, teacher, many):
        first = teacher.get("teacher_courses", query="?sort=title", headers=JSON).json()

        assert first["count"] == 50
        assert len(first["results"]) == 24
        second = teacher.client.get(first["next"], headers=JSON).json()
        third = teacher.client.get(second["next"], headers=JSON).json()
        assert [course["title"] for page in (first, second, third) for course in page["results"]] == [
            f"Course {number:02}" for number in range(50)
        ]
        assert third["next"] is None

    @pytest.mark.parametrize(("asked", "number"), [("9", 3), ("0", 1), ("-1", 1), ("x", 1), ("", 1), ("2", 2)])
    def test_a_page_that_is_not_there(self, teacher, many, asked, number):
        listing = teacher.get("teacher_courses", query=f"?page={asked}").context["listing"]

        assert listing.page.number == number

    def test_links_to_both_sides(self, teacher, many):
        page = teacher.get("teacher_courses", query="?q=Course&page=2")

        assert "/courses/?q=Course&amp;page=3" in page.text
        assert 'rel="prev" href="/courses/?q=Course"' in page.text


class TestByApiClient:
    def test_lists_each_course_as_its_editor_gives_it(self, teacher, draft):
        body = teacher.get("teacher_courses", headers=JSON).json()

        assert body.keys() == {"results", "count", "next"}
        assert body["results"] == [teacher.get("edit", draft, headers=JSON).json()]

    def test_a_browser_gets_the_page(self, teacher, draft):
        accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

        assert "<html" in teacher.get("teacher_courses", headers=accept).text

    def test_an_anonymous_user_is_told(self, anonymous):
        assert anonymous.get("teacher_courses", headers=JSON).status_code == 401


class TestTheRow:
    """Each fact stands there once."""

    def row_of(self, teacher, title: str) -> str:
        text = teacher.get("teacher_courses").text
        rows = [part.partition("</tr>")[0] for part in text.split('<tr class="course-row"')[1:]]
        (row,) = [row for row in rows if title in row]
        return row

    def test_says_a_price_once_and_whether_it_is_on_sale_once(self, teacher, published_course):
        BillingProduct.objects.update(observed_generation=F("generation"))
        row = self.row_of(teacher, published_course.title)

        assert row.count("$49.00") == 1
        assert row.count("On sale") == 1
        assert "Published" not in row

    def test_of_a_free_draft_says_that_it_is_free_once(self, teacher, make_course):
        row = self.row_of(teacher, make_course(title="Bread").title)

        assert row.count("Free") == 1
        assert row.count("Draft") == 1

    def test_says_in_which_language_and_direction_a_title_is_written(self, teacher, make_course):
        course = make_course(title="الخط العربي", language="ar")

        assert f'lang="ar" dir="auto">{course.title}</a>' in self.row_of(teacher, course.title)

    def test_has_initials_and_a_colour_of_its_own_where_there_is_no_picture(self, teacher, make_course):
        course = make_course(title="Bread at home")
        row = self.row_of(teacher, course.title)

        assert f'class="cover-thumb cover-tone-{course.id.int % 8}" aria-hidden="true">BA</span>' in row
        assert row == self.row_of(teacher, course.title)

    @pytest.mark.parametrize(
        ("title", "initials"),
        [("書道入門", "書"), ("¿Qué?", "Q"), ("Guitar", "G"), ("!!!", ""), ("one two three", "OT")],
    )
    def test_takes_initials_of_any_script(self, make_course, title, initials):
        assert Card.of(make_course(title=title), staff=False).initials == initials


class TestTheTotal:
    def test_of_one_page_counts_the_courses(self, teacher, three):
        assert "3 courses" in teacher.get("teacher_courses").text

    def test_of_several_pages_says_which_are_shown(self, teacher, many):
        assert "25–48 of 50 courses" in teacher.get("teacher_courses", query="?page=2").text

    def test_of_a_search_is_announced(self, teacher, three):
        text = teacher.get("teacher_courses", query="?q=e", headers=HTMX).text

        assert re.search(r'<div hx-swap-oob="innerHTML:#total">\s*3 courses found', text)
        assert 'id="total" role="status"' in teacher.get("teacher_courses").text

    def test_says_how_prices_are_sorted(self, teacher, three):
        assert "sorted by currency, then price" in teacher.get("teacher_courses", query="?sort=-price").text
        assert "sorted by currency" not in teacher.get("teacher_courses", query="?sort=title").text


class TestAnEmptyList:
    def test_has_one_button_and_nothing_to_search_or_sort(self, teacher):
        text = teacher.get("teacher_courses").text

        assert text.count('href="/courses/new/"') == 1
        for needless in ('role="search"', "Sort by", 'class="filters"', "0 courses"):
            assert needless not in text


class TestTheHeadings:
    @pytest.mark.parametrize(
        ("query", "url", "order"),
        [
            ("", "?sort=title", 'aria-sort="descending"> <a href="/courses/?sort=updated">Changed'),
            ("?sort=title", "?sort=-title", 'aria-sort="ascending"> <a href="/courses/?sort=-title">Course'),
            ("?sort=-price", "?sort=price", 'aria-sort="descending"> <a href="/courses/?sort=price">Price'),
        ],
    )
    def test_sort_and_sort_the_other_way_round(self, teacher, three, query, url, order):
        text = " ".join(teacher.get("teacher_courses", query=query).text.split())

        assert f'<a href="/courses/{url}">' in text
        assert order in text


class TestTheWayBack:
    def back_link(self, person, course) -> str:
        text = person.get("edit", course).text
        return text.partition('class="back-link" href="')[2].partition('"')[0]

    def test_leads_to_the_search_and_page_one_came_from(self, teacher, many):
        course = Course.objects.first()
        teacher.get("teacher_courses", query="?q=course&status=draft&sort=title&page=2")

        assert self.back_link(teacher, course) == "/courses/?q=course&amp;status=draft&amp;sort=title&amp;page=2"

    def test_outlives_a_save(self, teacher, three):
        teacher.get("teacher_courses", query="?q=bread")
        teacher.post("edit", three[0], {"title": "Rye bread"})

        assert self.back_link(teacher, three[0]) == "/courses/?q=bread"

    def test_leads_to_the_whole_list_once_that_was_shown(self, teacher, three):
        teacher.get("teacher_courses", query="?q=bread")
        teacher.get("teacher_courses")

        assert self.back_link(teacher, three[0]) == "/courses/"

    @pytest.mark.parametrize(
        "cookie", ["", "x", "999.q=bread", "{user}.page=%00&q=bread", "{user}.next=//evil.example"]
    )
    def test_takes_nothing_else_from_a_cookie(self, teacher, three, cookie):
        teacher.client.cookies[COOKIE] = cookie.format(user=three[0].owner_id)

        assert self.back_link(teacher, three[0]) in {"/courses/", "/courses/?q=bread"}
