"""The staff's Sync page. Stripe is the sandbox; the worker is `manage.py worker --once`."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from billings.drift import wording
from billings.models import BillingProduct, StripeEvent, StripeKey, SyncRun, Trouble
from billings.money import PriceSpec
from billings.operations import overview, runs
from billings.stripe_api import gateway
from billings.sync.converge import Result
from billings.sync.events import request_reads
from billings.tests.support.in_sync import Only, assert_in_sync

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true", "HX-Target": "sync"}
SYNC, COMPARE, RESTORE = "/billing/sync/", "/billing/sync/compare/", "/billing/sync/restore/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def catalogue(make_sold, sandbox):
    """Three courses in sync."""
    courses = [make_sold(price=PriceSpec(amount, "usd")) for amount in (1900, 2900, 3900)]
    for sold in courses:
        assert sold.converge() is Result.DONE
    return courses


@pytest.fixture
def edited(sandbox):
    """Someone edits these courses in the Dashboard; whether we have read it is another matter."""

    def edit(*courses, read=True, **body):
        for sold in courses:
            sandbox.dashboard(f"products/{sold.product.stripe_id}", **(body or {"name": "By hand"}))
            if read:
                request_reads([sold.row.pk])
                sold.converge()

    return edit


@pytest.fixture(autouse=True)
def no_look_at_events(settings) -> None:
    """What these tests change in Stripe is found by a compare, or not at all."""
    settings.EVENTS_POLL_SECONDS = 0


def work() -> None:
    """The worker, until nothing is due; by itself, for the tests' database is in this process's memory."""
    call_command("worker", "--once", "--threads", "1")


def seen(client: Client):
    return client.get(SYNC, headers=JSON).json()


class TestPage:
    def test_counts_the_courses_by_state_and_says_that_all_agree(self, staff, catalogue):
        text = staff.get(SYNC).text

        assert "<strong>3</strong> Up to date" in text
        assert "Everything is up to date" in text
        assert "No changes made in Stripe" in text
        assert "load delay" not in text

    def test_it_is_linked_for_staff_alone(self, staff, teacher):
        assert f'href="{SYNC}"' in staff.get("/courses/").text
        assert f'href="{SYNC}"' not in teacher.get("/courses/").text

    def test_shows_every_drift_with_its_choice(self, staff, catalogue, edited):
        edited(*catalogue[:2])

        text = staff.get(SYNC).text

        assert "2 changes made in Stripe" in text
        assert text.count(">Restore “Watercolour”</button>") == 2
        assert text.count(">Accept “By hand”</button>") == 2
        assert "Restore our value for all 2 changes" in text
        assert "load delay" not in text

    def test_a_choice_that_was_made_ends_it(self, staff, catalogue, edited):
        edited(catalogue[0])
        (drift,) = seen(staff)["drifts"]["results"]

        staff.post(drift["restore_url"], {"shown": drift["shown"], "next": SYNC})

        assert seen(staff)["drifts"]["count"] == 0

    def test_it_asks_again_while_something_is_on_its_way(self, staff, sandbox, make_sold):
        sold = make_sold()

        text = staff.get(SYNC).text
        assert "1 course is on its way to Stripe" in text
        assert re.search(r'data-poll data-look\s+hx-get="/billing/sync/\?watch=', text)

        sold.converge()
        text = staff.get(SYNC).text
        assert "data-poll" not in text
        assert re.search(r'hx-trigger="\s*visibilitychange from:document"', text), (
            "but once more when somebody comes back to it"
        )

    def test_it_rests_where_a_person_is_needed(self, staff, catalogue):
        BillingProduct.objects.update(trouble=Trouble.KEY, generation=9)

        text = staff.get(SYNC).text

        assert "<strong>3</strong> Needs attention" in text
        assert "Something needs your attention" in text
        assert "data-poll" not in text

    def test_an_old_database_is_named_as_the_cause(self, staff, catalogue, edited):
        edited(catalogue[0])
        assert "after restoring a backup" not in staff.get(SYNC).text

        BillingProduct.objects.filter(pk=catalogue[0].row.pk).update(metadata_generation=99)

        assert "after restoring a backup" in staff.get(SYNC).text

    def test_shows_drifts_page_by_page(self, staff, catalogue, edited, monkeypatch):
        monkeypatch.setattr(overview, "PER_PAGE", 2)
        edited(*catalogue)

        first = seen(staff)["drifts"]
        second = staff.get(first["next"], headers=JSON).json()["drifts"]

        assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)
        assert first["count"] == second["count"] == 3
        assert f'href="{first["next"]}"' in staff.get(SYNC).text

    def test_a_silly_page_is_the_first(self, staff, catalogue):
        assert staff.get(SYNC + "?after=" + "9" * 40).status_code == 200
        assert staff.get(SYNC + "?after=x").status_code == 200

    def test_it_offers_what_the_course_itself_offers(self, staff, make_sold, catalogue, sandbox, edited):
        draft = make_sold(published=False)
        draft.converge()
        edited(draft, active=True, name="By hand")
        for sold in catalogue:
            sandbox.dashboard(f"products/{sold.product.stripe_id}/price", unit_amount=5900)
        edited(*catalogue, description="By hand")

        listed = {row.choice for row in overview.overview().drifts}

        assert listed == {
            wording.choice(product, drift)
            for product in BillingProduct.objects.all()
            for drift in wording.open_drifts(product)
        }
        assert {choice.why_not for choice in listed if choice.field == "active"} == {
            "Something else of this course was changed in Stripe. Decide that first."
        }
        assert {choice.accept_label for choice in listed if choice.field == "price"} == {"Accept $59.00"}

    def test_asks_little_of_the_database_however_much_there_is(
        self, staff, catalogue, edited, make_sold, django_assert_max_num_queries
    ):
        edited(*catalogue)
        StripeEvent.objects.create(event_id="evt_1", type="product.updated", livemode=False, shown={})
        overview.compare(actor=None)

        with django_assert_max_num_queries(10):
            staff.get(SYNC)


def test_messages_of_anonymous_users_are_counted(staff, catalogue):
    assert "was not read" not in staff.get(SYNC).text
    facts = {"livemode": True, "type": "product.updated", "shown": {}, "is_foreign": True}
    StripeEvent.objects.create(event_id="evt_1", **facts)

    said = "1 message of another Stripe account, or of the other mode (test or live), was not read."
    assert said in staff.get(SYNC).text
    assert seen(staff)["foreign_messages"] == 1


class TestJson:
    def test_has_the_counts_the_drifts_and_the_backlog(self, staff, catalogue, edited):
        edited(catalogue[0])
        StripeEvent.objects.create(event_id="evt_1", type="product.updated", livemode=False, shown={})

        body = seen(staff)

        assert body["counts"]["in_sync"] == 2
        assert body["counts"]["drift"] == body["drifts"]["count"] == 1
        assert (body["oldest_pending"], body["last_compare"], body["backlog"]) == (None, None, 0)
        assert body["last_webhook"]
        (drift,) = body["drifts"]["results"]
        assert (drift["course"], drift["field"]) == (str(catalogue[0].course.pk), "name")

    def test_the_oldest_pending_is_since_when_it_waits(self, staff, catalogue):
        request_reads([catalogue[0].row.pk])
        since = BillingProduct.objects.get(pk=catalogue[0].row.pk).behind_since
        request_reads([sold.row.pk for sold in catalogue])

        assert seen(staff)["oldest_pending"] == since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert seen(staff)["backlog"] == 3

        work()
        assert seen(staff)["oldest_pending"] is None


class TestCompare:
    def test_the_worker_finds_what_no_message_told(self, staff, catalogue, edited):
        edited(catalogue[1], read=False)

        answer = staff.post(COMPARE)
        assert (answer.status_code, answer.url) == (303, SYNC)
        text = staff.get(SYNC).text
        assert "Waiting for the worker to begin." in text
        assert "<progress" in text
        assert 'id="compare"' not in text

        work()
        body = seen(staff)
        assert (body["last_compare"]["products"], body["last_compare"]["prices"]) == (3, 3)
        assert body["last_compare"]["suspects"] == body["drifts"]["count"] == 1
        text = staff.get(SYNC).text
        assert "3 products and 3 prices were compared. 1 product differed and was read again." in text
        assert "<progress" not in text

    def test_says_that_stripe_agrees(self, staff, catalogue):
        staff.post(COMPARE)
        work()

        assert (
            "3 products and 3 prices were compared. Nothing was found that is not known here." in staff.get(SYNC).text
        )

    def test_names_orphans(self, staff, catalogue, sandbox):
        sandbox.dashboard("products", name="Lost", metadata={"course_id": "somewhere"})
        staff.post(COMPARE)
        work()

        assert "1 product in Stripe names a course that does not sell by it" in staff.get(SYNC).text

    def test_shows_how_far_it_is(self, staff, catalogue, monkeypatch):
        pages = []

        def look(limit: int, *, together: bool) -> None:
            pages.append(staff.get(SYNC, headers=HTMX).text)

        monkeypatch.setattr("billings.operations.runs.sweep", look)
        staff.post(COMPARE)
        work()

        assert [text for text in pages if re.search(r'max="6"\s+value="3"', text)]
        assert re.search(r"Comparing with Stripe:\s+3 of 6", "".join(pages))

    def test_is_rejected_while_another_is_under_way(self, staff, catalogue):
        assert staff.post(COMPARE, headers=JSON).status_code == 202

        assert staff.post(COMPARE, headers=JSON).status_code == 409
        assert "A compare is under way already." in staff.post(COMPARE, headers=HTMX).text
        assert SyncRun.objects.count() == 1

    def test_a_killed_worker_is_in_nobodys_way(self, staff, catalogue):
        staff.post(COMPARE)
        SyncRun.objects.update(started_at=timezone.now(), seen_at=timezone.now() - timedelta(minutes=6))

        text = staff.get(SYNC).text
        assert "It ended half-way: the worker was stopped." in text
        assert 'id="compare"' in text
        assert "data-poll" not in text

        staff.post(COMPARE)
        work()
        assert [run.state for run in SyncRun.objects.all()] == ["done", "failed"]

    def test_one_taken_for_dead_ends_itself(self, staff, catalogue, sandbox):
        staff.post(COMPARE)
        run = SyncRun.objects.get()
        SyncRun.objects.update(state="failed", error="gone")
        calls = len(sandbox.calls())

        runs.compare(run.pk)

        assert len(sandbox.calls()) == calls
        run.refresh_from_db()
        assert (run.state, run.error) == ("failed", "gone")

    def test_a_silent_stripe_is_said(self, staff, catalogue, sandbox, monkeypatch):
        staff.post(COMPARE)
        monkeypatch.setattr(gateway, "PAUSES", [])
        sandbox.fault("reset", path="^/v1/products$")
        work()

        assert "Stripe could not be read" in staff.get(SYNC).text
        assert seen(staff)["last_compare"] is None

    def test_a_key_of_another_account_is_said(self, staff, catalogue):
        StripeKey.objects.update(account="acct_other")
        staff.post(COMPARE)
        work()

        assert "The key is of acct_other (test)" in staff.get(SYNC).text

    def test_saves_go_on_meanwhile(self, staff, catalogue, monkeypatch):
        monkeypatch.setattr("billings.management.commands.worker.sweep", lambda limit, each, goes_on: 0)
        catalogue[0].price(PriceSpec(4900, "usd"))
        staff.post(COMPARE)
        work()

        assert catalogue[0].product.generation == catalogue[0].product.observed_generation

    def test_goes_on_after_its_worker_was_killed(self, staff, catalogue):
        staff.post(COMPARE)
        DBTaskResult.objects.update(status="RUNNING")
        SyncRun.objects.update(started_at=timezone.now(), seen_at=timezone.now() - timedelta(minutes=4))

        work()

        assert seen(staff)["last_compare"]["products"] == 3

    def test_that_found_products_of_unknown_courses_is_not_called_agreement(self, staff, catalogue, sandbox):
        sandbox.dashboard("products", name="Lost", metadata={"course_id": "of a lost course"})
        staff.post(COMPARE)
        work()

        text = staff.get(SYNC).text
        assert "1 product in Stripe names a course that does not sell by it" in text
        assert "Everything is up to date" not in text

    def test_the_command_counts_as_well(self, staff, catalogue):
        call_command("reconcile")

        assert seen(staff)["last_compare"]["products"] == 3

    def test_keeps_the_last_twenty(self, catalogue):
        for _ in range(25):
            overview.compare(actor=None)
            SyncRun.objects.filter(state="open").update(state="done", finished_at=timezone.now())

        assert SyncRun.objects.count() == runs.KEEP


class TestRestoreAll:
    def test_the_worker_restores_ours_everywhere(self, staff, manager, catalogue, edited, sandbox, monkeypatch):
        monkeypatch.setattr(runs, "DRIFTS_A_PART", 2)
        edited(*catalogue)

        assert staff.post(RESTORE).status_code == 303
        assert "Waiting for the worker to begin." in staff.get(SYNC).text
        work()

        for sold in catalogue:
            assert_in_sync(sold, Only(sandbox, sold.product.stripe_id))
            drift = sold.product.drifts.get()
            assert (drift.decision, drift.decided_by) == ("restored", manager)
        assert "Our value is restored for all of them" in staff.get(SYNC).text

    def test_what_came_later_is_left(self, staff, catalogue, edited):
        edited(catalogue[0])
        staff.post(RESTORE)
        edited(catalogue[1])
        work()

        assert [row["course"] for row in seen(staff)["drifts"]["results"]] == [str(catalogue[1].course.pk)]

    def test_what_changed_again_is_left_to_be_decided(self, staff, catalogue, edited):
        edited(*catalogue[:2])
        staff.post(RESTORE)
        edited(catalogue[0], read=False, name="Once more")
        work()

        (left,) = seen(staff)["drifts"]["results"]
        assert "“Once more”" in left["words"]
        assert "1 of them has changed again and is still to be decided." in staff.get(SYNC).text

    def test_stops_where_stripe_cannot_be_read(self, staff, catalogue, edited, sandbox):
        edited(*catalogue)
        staff.post(RESTORE)
        sandbox.fault("reset", path="^/v1/products/")
        work()

        assert seen(staff)["drifts"]["count"] == 3
        assert "could not be read just now" in staff.get(SYNC).text

    def test_is_rejected_while_another_is_under_way(self, staff, catalogue, edited):
        edited(catalogue[0])
        assert staff.post(RESTORE, headers=JSON).status_code == 202

        assert staff.post(RESTORE, headers=JSON).status_code == 409
        assert 'id="restore-all"' not in staff.get(SYNC).text

    def test_restoring_nothing_does_no_harm(self, staff, catalogue):
        staff.post(RESTORE)
        work()

        assert "Our value is restored for all of them" in staff.get(SYNC).text


class TestHtmx:
    def poll(self, staff):
        text = staff.get(SYNC).text
        address = re.findall(r'data-poll data-look\s+hx-get="([^"]*)"', text)[0].replace("&amp;", "&")
        return lambda: staff.get(address, headers={"HX-Request": "true"}).text

    def test_a_press_answers_with_the_moving_part(self, staff, catalogue):
        text = staff.post(COMPARE, headers=HTMX).text

        assert text.lstrip().startswith('<div id="sync">')
        assert "<html" not in text
        assert "Comparing with Stripe." in text

    def test_a_poll_leaves_the_list_alone_until_it_is_another(self, staff, catalogue, edited):
        edited(catalogue[0])
        staff.post(COMPARE)
        poll = self.poll(staff)

        assert 'id="sync-drifts"' not in poll()

        edited(catalogue[1])
        assert '<section id="sync-drifts"' in poll()
        assert 'hx-swap-oob="true"' in poll()

    def test_a_poll_tells_what_came_of_it_and_stops(self, staff, catalogue):
        staff.post(COMPARE)
        poll = self.poll(staff)
        assert "toast-note" not in poll()

        work()
        text = poll()

        assert "toast-note-success" in text
        assert "data-poll" not in text


class TestWho:
    @pytest.mark.parametrize("address", [SYNC, COMPARE, RESTORE])
    def test_teachers_are_rejected(self, teacher, address):
        send = teacher.get if address == SYNC else teacher.post

        assert send(address).status_code == 403
        assert send(address, headers=JSON).status_code == 403

    @pytest.mark.parametrize("address", [SYNC, COMPARE, RESTORE])
    def test_anonymous_users_sign_in(self, client, address):
        send = client.get if address == SYNC else client.post

        assert send(address).url.startswith("/accounts/login/")
        assert send(address, headers=JSON).status_code == 401

    def test_links_start_nothing(self, staff):
        assert staff.get(COMPARE).status_code == staff.get(RESTORE).status_code == 405
        assert staff.post(SYNC).status_code == 405
