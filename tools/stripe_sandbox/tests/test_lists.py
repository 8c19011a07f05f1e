"""Lists, cursors and what they filter by."""

import pytest
from stripe import InvalidRequestError

USD = {"currency": "usd", "unit_amount": 4900}


@pytest.fixture
def five(client):
    for number in range(5):
        client.v1.products.create({"id": f"course_{number}", "name": f"Course {number}", "active": number != 2})


def names(found):
    return [one.id[-1] for one in found.data]


def test_pages_begin_with_the_newest(client, five):
    first = client.v1.products.list({"limit": 2})
    second = client.v1.products.list({"limit": 2, "starting_after": "course_3"})
    last = client.v1.products.list({"limit": 2, "starting_after": "course_1"})

    assert [names(page) for page in (first, second, last)] == [["4", "3"], ["2", "1"], ["0"]]
    assert [page.has_more for page in (first, second, last)] == [True, True, False]


def test_going_backwards_keeps_the_order(client, five):
    page = client.v1.products.list({"limit": 2, "ending_before": "course_1"})

    assert (names(page), page.has_more) == (["3", "2"], True)
    assert not client.v1.products.list({"ending_before": "course_3"}).has_more


def test_the_librarys_own_paging_sees_each_once(client, five):
    found = client.v1.products.list({"limit": 2}).auto_paging_iter()

    assert [one.id[-1] for one in found] == ["4", "3", "2", "1", "0"]


def test_products_are_found_by_what_they_are(client, five):
    assert names(client.v1.products.list({"active": False})) == ["2"]
    assert names(client.v1.products.list({"ids": ["course_4", "course_1"]})) == ["4", "1"]
    newest = client.v1.products.retrieve("course_4").created
    assert not client.v1.products.list({"created": {"gt": newest}}).data
    assert len(client.v1.products.list({"created": {"lte": newest}}).data) == 5


def test_prices_hold_the_active_ones_unless_asked(client, five):
    active = client.v1.prices.create({**USD, "product": "course_1"})
    old = client.v1.prices.create({**USD, "product": "course_1", "active": False, "recurring": {"interval": "year"}})

    assert [one.id for one in client.v1.prices.list({"product": "course_1"}).data] == [active.id]
    assert [one.id for one in client.v1.prices.list({"active": False}).data] == [old.id]
    assert not client.v1.prices.list({"active": False, "recurring": {"interval": "month"}}).data
    assert [one.id for one in client.v1.prices.list({"active": False, "type": "recurring"}).data] == [old.id]
    assert not client.v1.prices.list({"product": "course_2"}).data


def test_prices_are_found_by_currency_and_by_meter(client, five):
    for meter in ("mtr_1", "mtr_2"):
        recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
        client.v1.prices.create({**USD, "product": "course_1", "nickname": meter, "recurring": recurring})

    assert len(client.v1.prices.list({"currency": "USD"}).data) == 2
    assert not client.v1.prices.list({"currency": "EUR"}).data
    found = client.v1.prices.list({"recurring": {"meter": "mtr_2"}}).data
    assert [one.nickname for one in found] == ["mtr_2"]
    assert not client.v1.prices.list({"recurring": {"meter": "mtr_3", "interval": "month"}}).data


def test_objects_inside_a_list_are_expanded(client, five):
    client.v1.products.create({"id": "course_5", "name": "A", "default_price_data": USD})

    found = client.v1.products.list({"limit": 1, "expand": ["data.default_price"]}).data[0]

    assert found.default_price.unit_amount == 4900


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"starting_after": "nobody"}, "starting_after"),
        ({"starting_after": "course_1", "ending_before": "course_3"}, None),
        ({"starting_after": "nobody", "ending_before": "course_3"}, "starting_after"),
        ({"ids": ["course_1"], "starting_after": "course_2"}, "ids"),
    ],
)
def test_a_list_rejects_what_it_does_not_know(client, five, params, param):
    with pytest.raises(InvalidRequestError) as rejected:
        client.v1.products.list(params)

    assert (rejected.value.http_status, rejected.value.param) == (400, param)


def test_a_list_of_prices_rejects_what_it_does_not_know(client):
    for params in ({"product": "nobody"}, {"lookup_keys": [str(number) for number in range(11)]}):
        with pytest.raises(InvalidRequestError):
            client.v1.prices.list(params)
