"""What staff's list is served from: the columns that it sorts, filters and searches by, and their indexes."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection

from billings.models import SEARCH, BillingProduct
from billings.money import PriceSpec
from billings.prices import listing as prices
from billings.prices.listing import PRICES, listing
from billings.product_fields import Field
from billings.sync import desired

KEPT = ("owner", "teacher", "sort_key", "search_title")


def titles(**asked: str) -> list[str]:
    return [row.desired_name for row in listing(PRICES.query(asked)).page]


@pytest.fixture
def three(make_sold):
    """Three courses of two teachers, of which one is free."""
    for name, price in (("Aquarell für Anfänger", PriceSpec(4900, "usd")), ("Straße und Stadt", None), ("ЭТИКА", None)):
        sold = make_sold()
        sold.listing(name=name)
        sold.price(price)
    return list(BillingProduct.objects.order_by("sort_key"))


class TestSearch:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("fur", ["Aquarell für Anfänger"]),
            ("strasse", ["Straße und Stadt"]),
            ("этика", ["ЭТИКА"]),
            ("stadt stra", ["Straße und Stadt"]),
            ("an", ["Aquarell für Anfänger"]),
            ("ss", ["Straße und Stadt"]),
            ('"', []),
            ("stadt OR fur", []),
            ("sta*", []),
        ],
    )
    def test_finds_what_was_meant(self, three, asked, found):
        assert sorted(titles(q=asked)) == found

    @pytest.mark.parametrize("asked", ["fur", "stra", "an", "$49"])
    def test_finds_the_same_where_so_many_match_that_it_reads_on(self, three, asked, monkeypatch):
        found = titles(q=asked)
        monkeypatch.setattr(prices, "MANY", 0)

        assert titles(q=asked) == found != []

    def test_follows_a_title(self, three):
        desired.update(three[0], texts={Field.NAME: "Ölmalerei"})

        assert titles(q="olmalerei") == ["Ölmalerei"]
        assert titles(q="fur") == []

    def test_forgets_what_is_deleted(self, three):
        three[0].price_changes.all().delete()
        three[0].delete()

        assert titles(q="fur") == []

    def test_follows_a_teachers_address(self, three, owner):
        owner.email = "Änne@example.org"
        owner.save(update_fields=["email"])

        assert len(titles(q="anne@example.org")) == 3

    def test_other_saves_of_a_teacher_write_no_course(self, three, owner, django_assert_num_queries):
        with django_assert_num_queries(1):
            owner.save(update_fields=["last_login"])

    def test_follows_a_course_to_another_teacher(self, three):
        other = User.objects.create_user("other", "zoe@example.com")
        desired.hand_over(three[0].course_id, other)

        assert titles(q="zoe@") == [three[0].desired_name]
        assert titles(sort="-teacher")[0] == three[0].desired_name


class TestTheIndex:
    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its indexes by itself")
    def test_that_a_migration_took_away_is_mended_by_the_next_migrate(self, three):
        """SQLite's triggers go with the table that Django makes again; what is saved meanwhile they do not see."""
        with connection.cursor() as cursor:
            for event in ("insert", "update", "delete"):
                cursor.execute(f"DROP TRIGGER {SEARCH.name}_{event}")
        BillingProduct.objects.filter(pk=three[0].pk).update(search_title="renamed")
        assert titles(q="renamed") == []

        SEARCH.restore(connection)

        assert titles(q="renamed") == [three[0].desired_name]
        assert titles(q="fur") == []
        BillingProduct.objects.filter(pk=three[1].pk).update(search_title="again")
        assert titles(q="again") == [three[1].desired_name]

    def test_can_be_taken_away_and_made_again(self, three):
        SEARCH.drop(connection)
        SEARCH.create(connection)

        assert titles(q="fur") == ["Aquarell für Anfänger"]


class TestPages:
    @pytest.mark.parametrize("sort", ["title", "-title", "teacher", "-price", "price", "changed", "-changed"])
    def test_each_row_is_on_one_page(self, make_sold, sort, monkeypatch):
        monkeypatch.setattr(prices, "PER_PAGE", 2)
        for number in range(7):
            make_sold().listing(name=f"Course {number % 3}")
        BillingProduct.objects.filter(desired_name="Course 1").update(price_changed_at=None)

        pages = [
            [row.pk for row in listing(PRICES.query({"sort": sort, "page": str(page)})).page] for page in (1, 2, 3, 4)
        ]

        assert [len(page) for page in pages] == [2, 2, 2, 1]
        assert len({pk for page in pages for pk in page}) == 7
        other_way_round = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
        last = [row.pk for row in listing(PRICES.query({"sort": other_way_round})).page]
        assert last == [pk for page in pages for pk in page][:-3:-1]

    def test_are_found_without_reading_other_rows(self, three, django_assert_num_queries):
        with django_assert_num_queries(2):
            assert len(list(listing(PRICES.query()).page)) == 3


def test_rows_from_before_are_filled_in_by_parts(three, monkeypatch):
    migration = __import__("billings.migrations.0027_fill_listed", fromlist=["fill"])
    monkeypatch.setattr(migration, "BATCH", 2)
    written = list(BillingProduct.objects.order_by("pk").values(*KEPT))
    model = SimpleNamespace(_meta=BillingProduct._meta, objects=BillingProduct.objects)
    BillingProduct.objects.update(teacher="", sort_key=b"", search_title="")
    monkeypatch.setattr(migration, "EMPTY", {"teacher": ""})

    migration.fill(SimpleNamespace(get_model=lambda *names: model), SimpleNamespace(connection=connection))

    assert list(BillingProduct.objects.order_by("pk").values(*KEPT)) == written
