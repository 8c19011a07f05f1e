"""POST /courses/<uuid>/drift/<id>/restore/ and accept/: staff decide on an edit in the Dashboard."""

import json

import pytest

from billings.drift.wording import token
from billings.models import BillingProduct, Drift
from billings.sync.converge import Result, converge
from billings.sync.events import request_reads
from courses.models import Course
from courses.tests.support.people import JSON, NEVER, form_of

STATUS = {"HX-Request": "true", "HX-Target": "status"}
DECISIONS = ("restore", "accept")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _stripe_at_once(_no_stripe, settings, sandbox):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 4


@pytest.fixture
def edited(sandbox):
    """Someone edits a course's product in the Dashboard, and a read finds it."""

    def edit(course: Course, path: str = "", **body) -> Drift:
        product = BillingProduct.objects.get(course=course)
        sandbox.dashboard(f"products/{product.stripe_id}{path}", **body)
        request_reads([product.pk])
        assert converge(product.pk) is Result.DONE
        return product.drifts.filter(closed_at=None).latest("pk")

    return edit


@pytest.fixture
def renamed(published_course, edited) -> Drift:
    return edited(published_course, name="Oil")


def press(person, decision: str, drift: Drift, *, shown: str | None = None, course: str | None = None, **options):
    """A button as on the page; `shown` is the value in its form."""
    if shown is None:
        shown = shown_of(drift)
    where = course or drift.product.course_id
    return person.client.post(f"/courses/{where}/drift/{drift.pk}/{decision}/", {"shown": shown}, **options)


def shown_of(drift: Drift) -> str:
    return token(Drift.objects.get(pk=drift.pk))


def now(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


def now_course(drift: Drift) -> Course:
    return Course.objects.select_related("billing").get(pk=drift.product.course_id)


def in_step(sandbox, course: Course) -> bool:
    billing = now(course).billing
    (product,) = sandbox.products()
    same = (product["name"], product["active"]) == (billing.desired_name, billing.desired.active)
    synced = billing.generation == billing.observed_generation
    return same and synced and not billing.drifts.filter(closed_at=None).exists()


class TestTheChoice:
    def test_staff_see_both_in_the_history(self, staff, renamed):
        text = staff.get("prices", now_course(renamed)).text

        assert "The title was changed in Stripe to “Oil”." in text
        assert ">Restore “Watercolour”</button>" in text
        assert ">Accept “Oil”</button>" in text

    def test_teachers_are_told_and_have_no_buttons(self, teacher, renamed):
        for page in ("prices", "status", "edit"):
            text = teacher.get(page, now_course(renamed)).text
            assert "price team decides." in text
            assert "/drift/" not in text

    def test_staff_see_both_in_the_row_of_the_price(self, staff, published_course, edited):
        edited(published_course, "/price", unit_amount=3900)

        text = staff.client.get("/billing/prices/").text

        assert ">Restore $49.00</button>" in text
        assert ">Accept $39.00</button>" in text

    def test_what_a_course_cannot_say_has_no_button(self, staff, published_course, edited):
        edited(published_course, images=["https://elsewhere.example/a.png"])

        text = staff.get("prices", published_course).text

        assert ">Restore the picture</button>" in text
        assert "/accept/" not in text
        assert "In Stripe the picture is a link" in text

    def test_an_old_database_is_named_as_the_cause(self, staff, renamed):
        BillingProduct.objects.update(metadata_generation=99)

        assert "older than Stripe&#x27;s, as after restoring a backup." in staff.get("prices", now_course(renamed)).text


class TestRestore:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("", {"name": "Oil"}),
            ("", {"description": "By hand"}),
            ("", {"active": False}),
            ("/price", {"unit_amount": 3900}),
            ("/delete", {}),
        ],
    )
    def test_stripe_holds_ours_again(self, staff, published_course, edited, sandbox, path, body):
        drift = edited(published_course, path, **body)

        answer = press(staff, "restore", drift)

        assert (answer.status_code, answer.url) == (303, f"/courses/{published_course.pk}/prices/")
        assert in_step(sandbox, published_course)
        assert [price["unit_amount"] for price in sandbox.prices(active=True)] == [4900]
        drift.refresh_from_db()
        assert (drift.decision, drift.decided_by) == ("restored", staff.user)

    def test_the_page_says_so_where_the_button_was(self, staff, renamed):
        address = f"/courses/{renamed.product.course_id}/drift/{renamed.pk}/restore/"
        answer = staff.client.post(address, {"shown": shown_of(renamed), "next": "/billing/sync/"}, follow=True)

        assert answer.redirect_chain == [("/billing/sync/", 303)]
        assert "Restored. On sale at $49.00." in answer.text

    def test_nobody_is_sent_to_anonymous_users(self, staff, renamed):
        address = f"/courses/{renamed.product.course_id}/drift/{renamed.pk}/restore/"
        answer = staff.client.post(address, {"shown": shown_of(renamed), "next": "https://elsewhere.example/"})

        assert answer.url == f"/courses/{renamed.product.course_id}/prices/"

    def test_a_page_whose_address_cannot_be_read_hears_of_it_too(self, staff, renamed):
        htmx = {"HX-Request": "true", "HX-Target": "row-1", "HX-Current-URL": "http://["}

        answer = press(staff, "restore", renamed, headers=htmx)

        assert (answer.status_code, now_course(renamed).billing.drifts.get().decision) == (200, "restored")
        assert "Restored. On sale at $49.00." in answer.text


class TestAccept:
    def test_takes_over_the_title_at_no_call(self, staff, renamed, sandbox):
        calls = len(sandbox.writes())

        press(staff, "accept", renamed)

        course = now_course(renamed)
        assert course.title == "Oil"
        assert in_step(sandbox, course)
        assert len(sandbox.writes()) == calls
        renamed.refresh_from_db()
        assert (renamed.decision, renamed.decided_by) == ("accepted", staff.user)

    def test_takes_over_the_summary(self, staff, published_course, edited, sandbox):
        press(staff, "accept", edited(published_course, description="By hand"))

        assert now(published_course).summary == "By hand"
        assert in_step(sandbox, published_course)

    def test_a_price_is_remembered_with_who_accepted_it(self, staff, published_course, edited, sandbox):
        press(staff, "accept", edited(published_course, "/price", unit_amount=3900))

        billing = now(published_course).billing
        change = billing.price_changes.first()
        assert (str(billing.price), str(change.new)) == ("$39.00", "$39.00")
        assert (change.actor, change.source) == (staff.user, "stripe")
        assert in_step(sandbox, published_course)
        assert "Accepted as changed in Stripe" in staff.get("prices", published_course).text

    def test_taken_off_sale_is_a_draft_again(self, staff, published_course, edited, sandbox):
        press(staff, "accept", edited(published_course, active=False))

        assert now(published_course).status == "draft"
        assert in_step(sandbox, published_course)

    def test_put_on_sale_is_published(self, staff, draft, edited, sandbox):
        press(staff, "accept", edited(draft, active=True))

        assert now(draft).status == "published"
        assert in_step(sandbox, draft)

    def test_a_deleted_product_leaves_a_free_course(self, staff, published_course, edited):
        press(staff, "accept", edited(published_course, "/delete"))

        assert now(published_course).billing.price is None

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ({"name": "x" * 121}, "at most 120 characters; this one has 121"),
            ({"description": "x" * 201}, "at most 200 characters; this one has 201"),
            ({"description": ""}, "A published course needs a summary"),
            ({"images": ["https://elsewhere.example/a.png"]}, "the picture is a link"),
        ],
    )
    def test_what_a_course_cannot_say_is_rejected(self, staff, published_course, edited, body, why):
        drift = edited(published_course, **body)

        answer = press(staff, "accept", drift, headers=JSON)

        assert answer.status_code == 422
        assert why in answer.json()["errors"]["__all__"][0]
        drift.refresh_from_db()
        assert drift.closed_at is None
        assert now(published_course).title == "Watercolour"

    def test_an_archived_course_is_not_put_on_sale(self, staff, archived_course, edited):
        answer = press(staff, "accept", edited(archived_course, active=True), headers=JSON)

        assert answer.status_code == 422
        assert "archived" in answer.json()["errors"]["__all__"][0]

    def test_a_draft_without_a_summary_is_not_put_on_sale(self, staff, make_course, edited, draft):
        Course.objects.filter(pk=draft.pk).update(summary="")
        BillingProduct.objects.filter(course=draft).update(desired_description="", observed_description="")
        answer = press(staff, "accept", edited(draft, active=True, description=""), headers=JSON)

        assert answer.status_code == 422
        assert "needs a summary" in answer.json()["errors"]["__all__"][0]

    def test_a_course_is_not_put_on_sale_with_something_else_undecided(self, staff, draft, edited):
        edited(draft, name="Oil")

        answer = press(staff, "accept", edited(draft, active=True), headers=JSON)

        assert answer.status_code == 422
        assert "Decide that first" in answer.json()["errors"]["__all__"][0]


@pytest.mark.parametrize("decision", DECISIONS)
class TestMovedOn:
    def test_what_stripe_holds_now_is_shown_and_asked_again(self, staff, renamed, sandbox, decision):
        shown = shown_of(renamed)
        sandbox.dashboard(f"products/{renamed.product.stripe_id}", name="Pastel")

        answer = press(staff, decision, renamed, shown=shown, headers=STATUS)

        assert answer.status_code == 409
        assert '<section id="status"' in answer.text
        assert "Stripe has changed again since you looked." in answer.text
        assert ">Accept “Pastel”</button>" in answer.text
        assert press(staff, decision, renamed, headers=JSON).status_code == 200

    def test_an_api_client_gets_what_to_send(self, staff, renamed, sandbox, decision):
        sandbox.dashboard(f"products/{renamed.product.stripe_id}", name="Pastel")

        answer = press(staff, decision, renamed, headers=JSON)

        assert answer.status_code == 409
        (left,) = answer.json()["drifts"]
        assert "“Pastel”" in left["words"]
        body = json.dumps({"shown": left["shown"]})
        again = staff.client.post(left[f"{decision}_url"], body, content_type="application/json", headers=JSON)
        assert again.status_code == 200
        assert again.json()["billing"]["state"] == "in_sync"

    def test_a_page_is_told(self, staff, renamed, decision):
        answer = press(staff, decision, renamed, shown="something else", follow=True)

        assert "Stripe has changed again since you looked." in answer.text
        assert ">Accept “Oil”</button>" in answer.text

    def test_a_title_that_its_teacher_set_again_is_decided(self, staff, teacher, renamed, decision):
        shown, course = shown_of(renamed), now_course(renamed)
        assert teacher.post("edit", course, form_of(course, title="Gouache")).status_code == 303

        assert press(staff, decision, renamed, shown=shown, headers=JSON).status_code == 409
        assert now(course).title == "Gouache"

    def test_a_second_decision_is_a_conflict(self, staff, renamed, decision):
        press(staff, decision, renamed)

        assert press(staff, decision, renamed, headers=JSON).status_code == 409

    def test_nothing_is_decided_while_stripe_is_silent(self, staff, renamed, sandbox, decision):
        sandbox.fault("reset", method="GET")

        answer = press(staff, decision, renamed, headers=JSON)

        assert answer.status_code == 409
        assert "could not be read" in answer.json()["errors"]["__all__"][0]
        renamed.refresh_from_db()
        assert renamed.closed_at is None


@pytest.mark.parametrize("decision", DECISIONS)
class TestWho:
    def test_its_teacher_is_forbidden_to_decide(self, teacher, renamed, decision):
        assert press(teacher, decision, renamed).status_code == 403
        assert press(teacher, decision, renamed, headers=JSON).status_code == 403

    def test_another_teacher_is_forbidden_to_decide(self, other_teacher, renamed, decision):
        assert press(other_teacher, decision, renamed).status_code == 403

    def test_anonymous_users_are_asked_to_sign_in(self, anonymous, renamed, decision):
        assert press(anonymous, decision, renamed).url.startswith("/accounts/login/")
        assert press(anonymous, decision, renamed, headers=JSON).status_code == 401
        assert "X-Sign-In" in press(anonymous, decision, renamed, headers=STATUS).headers

    def test_a_link_decides_nothing(self, staff, renamed, decision):
        address = f"/courses/{renamed.product.course_id}/drift/{renamed.pk}/{decision}/"

        assert staff.client.get(address).status_code == 405

    def test_unknown_ones_are_not_found(self, staff, renamed, decision):
        assert press(staff, decision, renamed, course=NEVER).status_code == 404
        assert staff.client.post(f"/courses/{renamed.product.course_id}/drift/0/{decision}/").status_code == 404

    def test_of_another_course_is_not_found(self, staff, renamed, free_course, decision):
        assert press(staff, decision, renamed, course=str(free_course.pk)).status_code == 404

    def test_what_is_no_json_is_told(self, staff, renamed, decision):
        address = f"/courses/{renamed.product.course_id}/drift/{renamed.pk}/{decision}/"

        assert staff.client.post(address, "[", content_type="application/json", headers=JSON).status_code == 400


class TestParts:
    def test_the_row_of_the_price_comes_back_decided(self, staff, published_course, edited):
        drift = edited(published_course, "/price", unit_amount=3900)
        row = {"HX-Request": "true", "HX-Target": f"row-{published_course.pk}"}

        answer = press(staff, "accept", drift, headers=row)

        assert answer.text.lstrip().startswith(f'<tr id="row-{published_course.pk}">')
        assert "$39.00" in answer.text
        assert "/drift/" not in answer.text

    def test_the_list_of_the_sync_page_comes_back_without_it(self, staff, renamed):
        answer = press(staff, "accept", renamed, headers={"HX-Request": "true", "HX-Target": "sync"})

        assert answer.text.lstrip().startswith('<div id="sync">')
        assert "No changes made in Stripe" in answer.text
