from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django_tasks_db.models import DBTaskResult

from billings.models import BillingProduct, StripeRequest
from courses.management.commands.demo import PASSWORD
from courses.models import Course

pytestmark = pytest.mark.django_db


class TestDemo:
    def test_makes_courses_in_every_state_currency_and_interval(self, capsys):
        call_command("demo", force=True)

        assert Course.objects.count() == 24
        assert set(Course.objects.values_list("status", flat=True)) == {"draft", "published", "archived"}
        assert set(BillingProduct.objects.values_list("desired_currency", flat=True)) >= {"usd", "eur", "jpy", "kwd"}
        assert set(BillingProduct.objects.values_list("desired_interval", flat=True)) == {"", "month", "year"}
        assert Course.objects.exclude(cover="").exists()
        assert "24 courses created" in capsys.readouterr().out

    def test_everyone_can_sign_in(self, client):
        call_command("demo", force=True)

        for email in ("teacher@example.com", "other@example.com", "staff@example.com", "admin@example.com"):
            answer = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
            assert answer.status_code == 302
            assert EmailAddress.objects.get(email=email).verified

    def test_lets_staff_and_admin_alone_manage_prices(self):
        call_command("demo", force=True)

        may = Counter(user.email for user in User.objects.all() if user.has_perm("billings.manage_prices"))
        assert may.keys() == {"staff@example.com", "admin@example.com"}
        assert User.objects.get(is_superuser=True).email == "admin@example.com"

    def test_run_twice_it_makes_nothing_twice(self):
        call_command("demo", force=True)
        User.objects.get(email="teacher@example.com").set_password("changed")
        before = list(Course.objects.order_by("pk").values_list("pk", "updated_at"))

        call_command("demo", force=True)

        assert list(Course.objects.order_by("pk").values_list("pk", "updated_at")) == before
        assert User.objects.count() == 4

    def test_stripe_is_left_to_the_worker(self, settings, django_capture_on_commit_callbacks):
        settings.STRIPE_INLINE_BUDGET_SECONDS = 4

        with django_capture_on_commit_callbacks(execute=True):
            call_command("demo", force=True)

        assert not StripeRequest.objects.exists()
        assert DBTaskResult.objects.exists()

    def test_is_rejected_without_debug_unless_forced(self, settings):
        settings.DEBUG = False
        with pytest.raises(CommandError, match="--force"):
            call_command("demo")
        assert not User.objects.exists()

        settings.DEBUG = True
        call_command("demo")
        assert Course.objects.exists()

    def test_is_rejected_against_a_live_key_even_when_forced(self, settings):
        settings.STRIPE_LIVE = True
        with pytest.raises(CommandError, match="live key"):
            call_command("demo", force=True)
        assert not User.objects.exists()
