"""The query of a list in its URL."""

import pytest

from web.list_query import Matching, Table

TABLE = Table(
    "courses:teacher_courses",
    filters={"status": ("draft", "published"), "after": Matching("[0-9]{1,3}")},
    sorts=("title", "price"),
    default_sort="-price",
)


def test_it_is_read_from_an_address():
    query = TABLE.query({"q": " swiss  bread ", "status": "draft", "after": "12", "sort": "-title", "page": "3"})

    assert (query.q, query.filters["status"], query.filters["after"]) == ("swiss bread", "draft", "12")
    assert (query.sort, query.sorted_by, query.is_descending, query.page) == ("-title", "title", True, 3)


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "lost"},
        {"status": ""},
        {"after": "1234"},
        {"after": "1\n"},
        {"sort": "owner"},
        {"sort": "--title"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "٣"},
        {"page": "9" * 40},
        {"q": " \0 "},
        {"color": "blue"},
    ],
)
def test_what_the_list_does_not_know_is_ignored(asked):
    assert TABLE.query(asked) == TABLE.query()
    assert not TABLE.query(asked).is_filtered


def test_its_address_asks_for_exactly_this():
    query = TABLE.query({"q": "a&b", "status": "draft", "sort": "title", "page": "2"})

    assert query.url == "/courses/?q=a%26b&status=draft&sort=title&page=2"
    assert TABLE.query({"q": "a&b", "status": "draft", "sort": "title", "page": "2"}) == query


def test_the_whole_list_has_the_plain_address():
    assert TABLE.query({"sort": "-price", "page": "1"}).url == "/courses/"


def test_another_filter_begins_with_the_first_page():
    query = TABLE.query({"q": "bread", "status": "draft", "page": "7"})

    assert query.but(status="published").url == "/courses/?q=bread&status=published"
    assert query.but(status="").url == "/courses/?q=bread"
    assert query.but(page=8).url == "/courses/?q=bread&status=draft&page=8"


def test_a_filter_that_it_does_not_have_is_a_mistake_of_the_code():
    with pytest.raises(KeyError):
        TABLE.query().but(colour="blue")
