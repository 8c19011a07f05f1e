"""Products in Stripe that no course sells by are on the Sync page, with staff's actions."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client

from billings.models import StrayProduct, StripeRequest
from billings.operations import reconcile, runs
from tools.testing.sandbox import Sandbox

SYNC = "/billing/sync/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def staff(transactional_db) -> Client:
    user = User.objects.create_user("staff", "staff@example.com")
    user.groups.add(Group.objects.get(name="Price managers"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def orphan(sold, sandbox) -> StrayProduct:
    """Beside a course of ours and a mug that has nothing to do with courses."""
    sandbox.dashboard("products", name="A mug")
    sandbox.dashboard("products", id="course_lost", name="Lost course", metadata={"course_id": "somewhere"})
    runs.record(reconcile.compare())
    return StrayProduct.objects.get(stripe_id="course_lost")


def product(sandbox: Sandbox, product_id: str) -> dict[str, object]:
    return next(one for one in sandbox.products() if one["id"] == product_id)


@pytest.mark.django_db(transaction=True)
class TestTheSyncPage:
    def test_lists_them_with_id_link_and_buttons(self, staff, orphan, sandbox):
        text = staff.get(SYNC).content.decode()

        assert f'href="{sandbox.url}/_sandbox/?q=course_lost"' in text
        assert "names course somewhere, which is not sold by it." in text
        assert "A mug" in text
        assert text.count("Archive in Stripe") == 1, "what is not ours is not for us to archive"
        assert text.count("Not ours") == 2
        assert "Everything is up to date" not in text

    def test_archives_an_orphan_in_stripe(self, staff, orphan, sandbox):
        answer = staff.post(f"{SYNC}strays/{orphan.pk}/archive/")

        assert answer.status_code == 303
        assert product(sandbox, "course_lost")["active"] is False
        assert reconcile.compare().orphans == {}
        assert "course_lost" not in staff.get(SYNC).content.decode()

    def test_sets_aside_what_is_not_ours_and_changes_nothing_in_stripe(self, staff, orphan, sandbox):
        calls = len(sandbox.calls())

        staff.post(f"{SYNC}strays/{orphan.pk}/not-ours/")

        assert len(sandbox.calls()) == calls
        found = reconcile.compare()
        assert (found.orphans, found.foreign) == ({}, 1)

    def test_an_archived_orphan_that_is_on_sale_again_is_listed_again(self, staff, orphan, sandbox):
        staff.post(f"{SYNC}strays/{orphan.pk}/archive/")
        sandbox.dashboard("products/course_lost", active=True)

        assert reconcile.compare().orphans == {"course_lost": "somewhere"}

    def test_what_is_gone_from_stripe_is_gone_from_the_list(self, staff, orphan, sandbox):
        sandbox.dashboard("products/course_lost/delete")

        reconcile.compare()

        assert not StrayProduct.objects.filter(pk=orphan.pk).exists()

    def test_without_an_answer_the_same_call_is_repeated(self, staff, orphan, sandbox):
        sandbox.fault("reset", method="POST", when="after")
        url = f"{SYNC}strays/{orphan.pk}/archive/"

        assert staff.post(url, headers=JSON).status_code == 409
        assert staff.post(url, headers=JSON).status_code == 200

        keys = {call["idempotency_key"] for call in sandbox.writes() if call["path"] == "/v1/products/course_lost"}
        assert keys == {StripeRequest.objects.get(stray=orphan, outcome="succeeded", sends=2).key}

    def test_what_stripe_answered_is_kept_with_the_stray_product(self, staff, orphan):
        staff.post(f"{SYNC}strays/{orphan.pk}/archive/")

        request = orphan.requests.get()
        assert (request.subject, request.outcome, request.http_status) == (orphan, "succeeded", 200)
        assert request.request_id.startswith("req_")

    def test_a_request_is_about_exactly_one_thing(self, sold, orphan):
        for subject in ({}, {"product": sold.row, "stray": orphan}):
            with pytest.raises(IntegrityError, match="billings_request_one_subject"), transaction.atomic():
                StripeRequest.objects.create(key="k", step="x", path="/", params={}, livemode=False, **subject)

    def test_is_not_for_teachers(self, owner, orphan):
        teacher = Client()
        teacher.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")

        assert teacher.post(f"{SYNC}strays/{orphan.pk}/archive/").status_code == 403
