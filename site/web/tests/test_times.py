"""Times for people: always with their zone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import engines
from django.utils import timezone

from web import times

MOMENT = datetime(2026, 7, 3, 22, 30, tzinfo=UTC)


def shown(tag: str, moment: datetime) -> str:
    return engines["django"].from_string(f"{{% {tag} moment %}}").render({"moment": moment})


class TestATime:
    def test_of_today_is_its_clock_and_zone(self):
        assert times.clock(MOMENT, MOMENT + timedelta(minutes=5)) == "22:30 UTC"

    def test_of_another_day_has_the_day_and_the_year_beside_it(self):
        assert times.clock(MOMENT, MOMENT + timedelta(hours=2)) == "3 Jul 2026, 22:30 UTC"

    def test_is_told_in_the_zone_of_the_portal(self):
        with timezone.override("Europe/Berlin"):
            assert times.clock(MOMENT, MOMENT + timedelta(hours=2)) == "00:30 CEST"
            assert (
                shown("exact_time", MOMENT)
                == '<time datetime="2026-07-04T00:30:00+02:00">4 Jul 2026, 00:30 CEST</time>'
            )

    @pytest.mark.parametrize("tag", ["exact_time", "time_ago", "saved_at"])
    def test_names_its_zone_in_every_tag_of_the_pages(self, tag):
        assert "3 Jul 2026, 22:30 UTC" in shown(tag, MOMENT)

    def test_some_while_ago_says_so_and_keeps_the_exact_one_in_its_title(self):
        found = shown("time_ago", timezone.now() - timedelta(minutes=5))

        assert "5\u00a0minutes ago" in found
        assert 'title="' in found
        assert " UTC" in found

    def test_of_a_save_today_is_the_clock_alone(self):
        assert shown("saved_at", timezone.now()).startswith("Saved at <time datetime=")
