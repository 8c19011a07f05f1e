"""Which link of a page says that one is there."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template


def written(tag: str, view_name: str | None) -> str:
    match = view_name and SimpleNamespace(view_name=view_name, namespace=view_name.rpartition(":")[0])
    request = SimpleNamespace(resolver_match=match)
    return Template(f"{{% current {tag} %}}").render(Context({"request": request}))


@pytest.mark.parametrize(
    ("tag", "view_name", "attribute"),
    [
        ('"courses:list"', "courses:list", 'aria-current="page"'),
        ('"courses:list"', "courses:edit", ""),
        ('"courses:list" within="courses"', "courses:edit", 'aria-current="true"'),
        ('"courses:list" within="courses"', "billings:sync", ""),
        ('"billings:prices" within="billings" but="billings:sync"', "billings:sync", ""),
        ('"password" "first_password"', "first_password", 'aria-current="page"'),
        ('within="email password"', "password", 'aria-current="true"'),
        ('"courses:list" within="courses"', None, ""),
    ],
)
def test_a_link_says_whether_it_leads_here(tag, view_name, attribute):
    assert written(tag, view_name) == attribute


def test_a_page_without_a_request_links_to_nowhere_in_particular():
    assert Template('{% current "courses:list" %}').render(Context()) == ""
