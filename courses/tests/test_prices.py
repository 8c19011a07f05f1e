from datetime import UTC, datetime

from django.utils import timezone

from billings import pricing
from billings.models import BillingPrice, PriceChange
from billings.money import PriceSpec
from courses.models import Course


def set_price(course: Course, person, amount: int, **why) -> None:
    billing = Course.objects.select_related("billing").get(pk=course.pk).billing
    pricing.set_price(billing, PriceSpec(amount, "usd"), actor=person.user, **why)


class TestPrices:
    def test_shows_the_newest_price_first_with_its_reason(self, teacher, staff, draft):
        set_price(draft, staff, 5900, reason="New year", source=PriceChange.Source.STAFF)

        page = teacher.get("prices", draft)

        assert page.status_code == 200
        assert page.text.index("$59.00") < page.text.index("$49.00")
        assert "New year" in page.text

    def test_shows_times_with_their_zone(self, teacher, draft, settings):
        settings.TIME_ZONE = "Europe/Berlin"
        timezone.deactivate()
        PriceChange.objects.update(created_at=datetime(2026, 11, 27, 15, 57, tzinfo=UTC))

        page = teacher.get("prices", draft)

        assert '<time datetime="2026-11-27T16:57:00+01:00">27 Nov 2026, 16:57 CET</time>' in page.text

    def test_a_course_that_never_had_one(self, teacher, free_course):
        page = teacher.get("prices", free_course)

        assert page.status_code == 200
        assert page.context["periods"] == []

    def test_staff_see_everybodys_with_stripes_ids(self, staff, teacher, draft):
        BillingPrice.objects.create(
            product=draft.billing, stripe_id="price_1", unit_amount=4900, currency="usd", active=True, stripe_created=1
        )

        assert "price_1" in staff.get("prices", draft).text
        assert "price_1" not in teacher.get("prices", draft).text

    def test_asks_little_of_the_database_however_long_it_is(self, teacher, draft, django_assert_max_num_queries):
        for amount in range(5000, 5012):
            set_price(draft, teacher, amount)

        with django_assert_max_num_queries(10):
            teacher.get("prices", draft)
