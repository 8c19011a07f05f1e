"""GET /courses/: own courses, searched, filtered, sorted and paged."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billings.models import BillingProduct
from billings.money import PriceSpec
from courses.models import Course
from courses.tests.conftest import HTMX, JSON


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


@pytest.fixture
def many(make_course):
    for number in range(50):
        make_course(title=f"Course {number:02}")


class TestList:
    def test_it_works(self, teacher, three):
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

    def test_a_stranger_signs_in_first_and_comes_back(self, stranger):
        answer = stranger.get("teacher_courses", query="?q=bread")

        assert answer.headers["Location"] == "/accounts/login/?next=/courses/%3Fq%3Dbread"

    def test_asks_the_same_of_the_database_however_long_it_is(
        self, teacher, make_course, django_assert_max_num_queries, django_assert_num_queries
    ):
        make_course(price=PriceSpec(4900, "usd"))
        with django_assert_max_num_queries(10) as one:
            teacher.get("teacher_courses")
        for _more in range(30):
            make_course(price=PriceSpec(4900, "usd"))

        with django_assert_num_queries(len(one)):
            teacher.get("teacher_courses")


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
    def test_it_works(self, teacher, three, query, found):
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
            ("status", ["apples", "Cheese", "Bread"]),
            ("-status", ["Bread", "Cheese", "apples"]),
            ("nonsense", ["Cheese", "apples", "Bread"]),
            ("--title", ["Cheese", "apples", "Bread"]),
        ],
    )
    def test_it_works(self, teacher, three, sort, found):
        teacher.post("publish", three[2])
        teacher.post("publish", three[0])
        teacher.post("archive", three[0])
        for age, course in zip((3, 2, 1), three, strict=True):
            Course.objects.filter(pk=course.pk).update(updated_at=timezone.now() - timedelta(days=age))

        assert titles(teacher, f"?sort={sort}") == found


class TestPages:
    def test_it_works(self, teacher, many):
        first = teacher.get("teacher_courses", query="?sort=title", headers=JSON).json()

        assert first["count"] == 50
        assert len(first["results"]) == 24
        second = teacher.client.get(first["next"], headers=JSON).json()
        third = teacher.client.get(second["next"], headers=JSON).json()
        assert [course["title"] for page in (first, second, third) for course in page["results"]] == [
            f"Course {number:02}" for number in range(50)
        ]
        assert third["next"] is None

    @pytest.mark.parametrize(("asked", "number"), [("9", 3), ("0", 3), ("-1", 3), ("x", 1), ("", 1), ("2", 2)])
    def test_a_page_that_is_not_there(self, teacher, many, asked, number):
        listing = teacher.get("teacher_courses", query=f"?page={asked}").context["listing"]

        assert listing.page.number == number

    def test_links_to_both_sides(self, teacher, many):
        page = teacher.get("teacher_courses", query="?q=Course&page=2")

        assert "/courses/?q=Course&amp;page=3" in page.text
        assert "/courses/?q=Course&amp;page=1" in page.text


class TestByProgram:
    def test_it_works(self, teacher, draft):
        body = teacher.get("teacher_courses", headers=JSON).json()

        assert body.keys() == {"results", "count", "next"}
        assert body["results"] == [teacher.get("edit", draft, headers=JSON).json()]

    def test_a_browser_gets_the_page(self, teacher, draft):
        accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

        assert "<html" in teacher.get("teacher_courses", headers=accept).text

    def test_a_stranger_is_told(self, stranger):
        assert stranger.get("teacher_courses", headers=JSON).status_code == 401
