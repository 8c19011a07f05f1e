"""A list polls all its pending rows in one request, and gets only those that have changed."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from billings.models import BillingProduct
from billings.prices import row_polling
from billings.tests.support.sold import USD59, Sold

HTMX = {"HX-Request": "true"}
LISTS = {"/courses/": "/courses/statuses/", "/billing/prices/": "/billing/prices/statuses/"}


@pytest.fixture
def client(owner) -> Client:
    """A teacher who is a price manager too, and so has both lists."""
    owner.groups.add(Group.objects.get(name="Price managers"))
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def marks(text: str) -> list[str]:
    """What the rows of a page say of themselves."""
    return re.findall(r'name="row" value="([^"]+)" data-watch', text)


def begun(seconds: float) -> None:
    BillingProduct.objects.update(behind_since=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.django_db
@pytest.mark.parametrize(("page", "statuses"), LISTS.items())
class TestBothLists:
    def test_ask_once_for_all_rows_that_are_under_way(self, client, make_sold, sandbox, page, statuses):
        for _ in range(5):
            make_sold()
        make_sold(price=None)

        text = client.get(page).content.decode()

        assert len(marks(text)) == 5
        assert text.count("hx-get=") - text.count('/edit/" hx-get') <= 2, "the search, and one for all rows"
        assert f'hx-get="{statuses}" hx-include="[data-watch]"' in text

    def test_ask_for_nothing_where_all_is_in_sync(self, client, sold, page, statuses):
        text = client.get(page).content.decode()

        assert "load delay:" not in text
        assert marks(text) == []

    def test_are_sent_no_row_that_stands_as_it_did(self, client, make_sold, sandbox, page, statuses):
        make_sold()
        begun(0)
        rows = marks(client.get(page).content.decode())

        text = client.get(statuses, {"row": rows}, headers=HTMX).content.decode()

        assert "load delay:1s" in text
        assert "hx-swap-oob" not in text
        assert len(text) < 600

    def test_are_sent_the_rows_that_have_changed_and_one_announcement(self, client, make_sold, sandbox, page, statuses):
        courses = [make_sold() for _ in range(3)]
        rows = marks(client.get(page).content.decode())
        for sold in courses[:2]:
            sold.converge()

        text = client.get(statuses, {"row": rows}, headers=HTMX).content.decode()

        assert text.count("chip-in_sync") == 2
        assert "chip-pending" not in text
        assert text.count("2 courses: On sale.") == 1
        assert "load delay:" in text, "the third one is still under way"

    def test_end_the_asking_when_the_last_row_is_in_sync(self, client, make_sold, sandbox, page, statuses):
        sold = make_sold()
        rows = marks(client.get(page).content.decode())
        sold.converge()

        text = client.get(statuses, {"row": rows}, headers=HTMX).content.decode()

        assert "load delay:" not in text
        assert "“Watercolour”: On sale." in text
        assert marks(text) == []

    def test_are_asked_more_and_more_seldom(self, client, make_sold, sandbox, page, statuses):
        make_sold()
        rows = marks(client.get(page).content.decode())
        paces = []
        for seconds in (0, 20, 60, 300, 3600):
            begun(seconds)
            text = client.get(statuses, {"row": rows}, headers=HTMX).content.decode()
            paces += re.findall(r"load delay:(\d+)s", text)

        assert paces == ["1", "2", "5", "15", "30"]

    def test_take_few_queries_however_many_rows_there_are(
        self, client, make_sold, sandbox, page, statuses, django_assert_max_num_queries
    ):
        courses = [make_sold() for _ in range(24)]
        rows = marks(client.get(page).content.decode())
        for sold in courses:
            sold.price(USD59)
        sandbox.fault("401", method="POST", times=None)
        for sold in courses[:12]:
            sold.converge()

        with django_assert_max_num_queries(10):
            client.get(statuses, {"row": rows}, headers=HTMX)

    def test_are_no_page_of_their_own(self, client, page, statuses):
        assert client.get(statuses).url == page

    def test_ignore_what_is_no_mark(self, client, sold, page, statuses):
        answer = client.get(
            statuses, {"row": ["", "x", "0" * 32 + ".1234567", f"{sold.course.id.hex}.!!!!!!!!"]}, headers=HTMX
        )

        assert answer.status_code == 200
        assert b"chip" not in answer.content


@pytest.mark.django_db
class TestWhoIsTold:
    def test_a_teacher_learns_nothing_of_another_teachers_course(self, make_sold, sandbox):
        sold = make_sold()
        other = Client()
        other.force_login(User.objects.create_user("other"), backend="django.contrib.auth.backends.ModelBackend")
        mark = f"{sold.course.id.hex}.00000000"

        text = other.get("/courses/statuses/", {"row": [mark]}, headers=HTMX).content.decode()

        assert "chip" not in text
        assert other.get("/billing/prices/statuses/", {"row": [mark]}, headers=HTMX).status_code == 403


class TestTheMark:
    def test_is_another_one_when_a_try_has_failed_again(self, client, sold: Sold, sandbox):
        sandbox.fault("reset", method="POST", times=None)
        sold.price(USD59)
        sold.converge()
        first = marks(client.get("/billing/prices/").content.decode())
        sold.converge()

        assert marks(client.get("/billing/prices/").content.decode()) != first

    def test_fits_into_an_address_for_a_whole_page(self, client, make_sold, sandbox):
        make_sold()
        (mark,) = marks(client.get("/billing/prices/").content.decode())

        assert len(f"{row_polling.PARAM}={mark}&") * 50 < 3_000, "gunicorn takes 4,094 characters"
