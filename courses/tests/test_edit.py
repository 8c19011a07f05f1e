"""GET and POST /courses/<uuid>/."""

import json
import re

import pytest
from allauth.account.models import EmailAddress

from billings import pricing
from billings.models import PriceChange
from billings.money import PriceSpec
from courses import versions
from courses.models import Course
from courses.tests.field_errors import FIELD_ERRORS
from courses.tests.pictures import picture
from courses.tests.support.people import HTMX, JSON, NEVER, form_of


def fresh(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


def staff_sets(course: Course, staff, amount: int) -> None:
    price = PriceSpec(amount, "usd")
    pricing.set_price(fresh(course).billing, price, actor=staff.user, source=PriceChange.Source.STAFF)


class TestEditPage:
    def test_shows_the_course_as_it_is_with_its_status(self, teacher, draft):
        page = teacher.get("edit", draft)

        assert page.status_code == 200
        assert 'value="49.00"' in page.text
        assert 'id="status"' in page.text

    def test_asks_little_of_the_database(self, teacher, published_course, django_assert_max_num_queries):
        with django_assert_max_num_queries(10):
            teacher.get("edit", published_course)

    def test_an_archived_course_can_be_looked_at(self, teacher, archived_course):
        page = teacher.get("edit", archived_course)

        assert 'id="restore"' in page.text
        assert 'id="archive"' not in page.text

    def test_another_teachers_course_is_not_found(self, other_teacher, draft):
        for method in ("GET", "HEAD", "POST"):
            assert other_teacher.send(method, "edit", draft).status_code == 404

    def test_staff_do_not_edit_either(self, staff, draft):
        assert staff.post("edit", draft, {"title": "Theirs"}).status_code == 404
        assert 'id="course-form"' not in staff.get("edit", draft).text

    def test_what_is_not_there_is_not_found(self, teacher):
        assert teacher.get("edit", NEVER).status_code == 404
        assert teacher.client.get("/courses/not-a-uuid/").status_code == 404

    def test_a_stranger_signs_in_first_and_comes_back(self, stranger, draft):
        answer = stranger.get("edit", draft)

        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{draft.id}/"

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_other_methods_are_refused(self, teacher, draft, method):
        assert teacher.send(method, "edit", draft).status_code == 405


class TestSave:
    def test_changes_the_course_and_what_stripe_shall_sell(self, teacher, draft):
        answer = teacher.post("edit", draft, form_of(draft, title="Oil", price="59"))

        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/courses/{draft.id}/"
        assert fresh(draft).title == "Oil"
        assert fresh(draft).billing.price == PriceSpec(5900, "usd")
        assert fresh(draft).billing.desired_name == "Oil"

    def test_remembers_who_changed_the_price(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, price="59"))

        change = fresh(draft).billing.price_changes.all()[0]
        assert (change.old, change.new) == (PriceSpec(4900, "usd"), PriceSpec(5900, "usd"))
        assert (change.actor, change.source) == (teacher.user, "edit")

    def test_what_stripe_does_not_see_it_is_not_told(self, teacher, draft):
        before = draft.billing.generation

        teacher.post("edit", draft, form_of(draft, description="More", subject="Oil", level="advanced", language="fr"))

        assert fresh(draft).description == "More"
        assert fresh(draft).billing.generation == before

    def test_that_changes_nothing_touches_nothing(self, teacher, draft):
        before = fresh(draft)

        teacher.post("edit", draft, form_of(draft))

        assert fresh(draft).updated_at == before.updated_at
        assert fresh(draft).billing.generation == before.billing.generation

    def test_absent_fields_stay_and_empty_ones_are_emptied(self, teacher, draft):
        version = form_of(draft)["version"]

        teacher.post("edit", draft, {"version": version, "subject": "", "price": ""})

        course = fresh(draft)
        assert (course.title, course.subject, course.billing.price) == ("Watercolour", "", None)

    def test_a_free_course_keeps_its_currency_for_later(self, teacher, make_course):
        course = make_course(price=PriceSpec(4900, "eur", "month"))

        teacher.post("edit", course, form_of(course, price=""))

        assert fresh(course).billing.desired_currency == "eur"
        assert 'value="month" selected' in teacher.get("edit", course).text

    def test_htmx_gets_the_editor_with_a_fresh_version(self, teacher, draft):
        answer = teacher.post("edit", draft, form_of(draft, title="Oil"), headers=HTMX)

        assert answer.status_code == 200
        assert answer.headers["HX-Push-Url"] == f"/courses/{draft.id}/"
        assert "<title>Oil" in answer.text
        again = teacher.post("edit", draft, {"title": "Ink", "version": answer.context["form"]["version"].value()})
        assert again.status_code == 303

    def test_a_published_course_keeps_its_summary(self, teacher, published_course):
        answer = teacher.post("edit", published_course, form_of(published_course, title="Oil", summary=""))

        assert answer.status_code == 422
        assert "Write a summary first" in answer.text
        assert 'value="Oil"' in answer.text
        assert fresh(published_course).title == "Watercolour"

    @pytest.mark.parametrize(("data", "field", "words"), FIELD_ERRORS)
    def test_each_bad_field_is_told_and_the_rest_stays_typed(self, teacher, draft, data, field, words):
        answer = teacher.post("edit", draft, form_of(draft, **{"subject": "Typed", **data}))

        assert answer.status_code == 422
        assert words in str(answer.context["form"].errors[field])
        assert answer.context["form"]["subject"].value() == data.get("subject", "Typed")
        assert fresh(draft).subject == "Art"

    def test_a_form_with_errors_still_knows_what_it_was_made_from(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Meanwhile"})

        answer = teacher.post("edit", draft, {**shown, "title": "Oil", "price": "a lot"})
        again = teacher.post(
            "edit", draft, {**shown, "title": "Oil", "version": answer.context["form"]["version"].value()}
        )

        assert again.status_code == 409


class TestCover:
    @pytest.mark.parametrize("page", ["edit", "publish", "duplicate"])
    def test_stays_where_a_browser_sends_a_file_field_with_nothing_chosen(self, teacher, draft, page):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        kept = fresh(draft).cover.name
        body = "".join(
            f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in form_of(fresh(draft)).items()
        )
        body += '--X\r\nContent-Disposition: form-data; name="cover"; filename=""\r\n'
        body += "Content-Type: application/octet-stream\r\n\r\n\r\n--X--\r\n"

        teacher.send("POST", page, draft, data=body.encode(), content_type="multipart/form-data; boundary=X")

        assert kept
        assert fresh(draft).cover.name == kept
        assert all(course.cover for course in Course.objects.all())

    def test_a_new_one_takes_the_place_of_the_old(self, teacher, draft, django_capture_on_commit_callbacks):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        old = fresh(draft).cover

        with django_capture_on_commit_callbacks(execute=True):
            teacher.post("edit", draft, form_of(draft, cover=picture("JPEG")))

        assert fresh(draft).cover.name != old.name
        assert not old.storage.exists(str(old.name))

    def test_it_stays_when_no_file_is_chosen(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        name = fresh(draft).cover.name

        teacher.post("edit", draft, form_of(draft, title="Oil"))

        assert fresh(draft).cover.name == name

    def test_it_can_be_removed(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        teacher.post("edit", draft, form_of(draft, remove_cover="on"))

        assert not fresh(draft).cover

    def test_stripe_gets_its_address_where_that_is_public(self, teacher, draft, settings):
        settings.SITE_IS_PUBLIC, settings.SITE_URL = True, "https://school.example"

        teacher.post("edit", draft, form_of(draft, cover=picture()))

        course = fresh(draft)
        assert course.billing.desired_image == f"https://school.example{course.cover.url}"

    def test_stripe_gets_no_address_of_this_machine(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        assert fresh(draft).billing.desired_image == ""


class TestTwoPeople:
    def test_a_staff_price_change_survives_an_open_form(self, teacher, staff, draft):
        shown = form_of(draft)
        staff_sets(draft, staff, 7700)

        page = teacher.client.post(f"/courses/{draft.id}/", {**shown, "title": "Oil"}, follow=True)

        assert fresh(draft).billing.price == PriceSpec(7700, "usd")
        assert fresh(draft).title == "Oil"
        assert "Staff changed the price to $77.00 while you were writing; it stays." in page.text

    def test_a_change_from_another_window_of_ones_own_stays_and_is_told(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "price": "55", "subject": "Oil"})

        page = teacher.client.post(f"/courses/{draft.id}/", {**shown, "title": "Oil"}, follow=True)

        assert fresh(draft).subject == "Oil"
        assert "The price was changed to $55.00 while you were writing; it stays." in page.text
        assert "Subject: changed elsewhere while you were writing; that change stays." in page.text

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"title": "A"}, {"title": "B"}),
            ({"summary": "A"}, {"summary": ""}),
            ({"description": "A"}, {"description": "B"}),
            ({"subject": "A"}, {"subject": "B"}),
            ({"level": "beginner"}, {"level": "advanced"}),
            ({"language": "de"}, {"language": "fr"}),
            ({"price": "51"}, {"price": "52"}),
            ({"price": "51"}, {"currency": "eur"}),
            ({"price": ""}, {"billing_interval": "month"}),
        ],
    )
    def test_the_same_field_is_for_people_to_decide(self, teacher, draft, first, second):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, **first})
        before = fresh(draft)

        answer = teacher.post("edit", draft, {**shown, **second})

        field = "price" if {"currency", "billing_interval"} & second.keys() else next(iter(second))
        assert answer.status_code == 409
        assert [row.name for row in answer.context["rows"]] == [field]
        assert fresh(draft).updated_at == before.updated_at

    def test_covers_conflict_and_the_file_must_be_chosen_again(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "cover": picture()})

        answer = teacher.post("edit", draft, {**shown, "cover": picture(size=(9, 9))})

        assert answer.status_code == 409
        assert "A new picture" in answer.text
        assert "must be chosen again" in answer.text

    def test_the_same_cover_sent_again_because_its_answer_was_lost_is_no_conflict(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "cover": picture()})
        stored = fresh(draft).cover.name

        answer = teacher.post("edit", draft, {**shown, "cover": picture()})

        assert answer.status_code == 303
        assert fresh(draft).cover.name == stored

    def test_a_draft_brings_the_version_of_each_of_its_fields_and_is_merged(self, teacher, staff, draft):
        typed_from = form_of(draft)["version"]
        staff_sets(draft, staff, 7700)

        answer = teacher.post("edit", draft, form_of(draft, title="Oil", version_title=typed_from))

        assert answer.status_code == 303
        assert fresh(draft).title == "Oil"
        assert fresh(draft).billing.price.unit_amount == 7700

    def test_a_field_of_a_draft_that_was_changed_elsewhere_since_is_a_conflict(self, teacher, draft):
        typed_from = form_of(draft)["version"]
        teacher.post("edit", draft, form_of(draft, title="Theirs"))

        unread = teacher.post("edit", draft, form_of(draft, title="Oil", version_title="none of ours"))
        answer = teacher.post("edit", draft, form_of(draft, title="Oil", version_title=typed_from))

        assert answer.status_code == unread.status_code == 409
        assert fresh(draft).title == "Theirs"

    def test_a_form_with_errors_remembers_from_which_versions_its_fields_are(self, teacher, draft):
        typed_from = form_of(draft)["version"]
        teacher.post("edit", draft, form_of(draft, title="Theirs"))

        page = teacher.post("edit", draft, form_of(draft, title="Oil", price="a lot", version_title=typed_from))

        assert page.status_code == 422
        assert f'name="version_title" value="{typed_from}"' in page.text

    def test_looking_at_what_saving_would_change_names_the_fields(self, teacher, draft):
        def changes(**typed: str) -> str:
            return str(teacher.post("plan", draft, form_of(draft, **typed), headers=HTMX).headers["X-Changes"])

        assert changes() == ""
        assert changes(title="Oil", price="59") == "title price"

    def test_a_cover_taken_away_here_and_replaced_there_is_for_people_to_decide(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "cover": picture("JPEG")})

        page = teacher.post("edit", draft, {**shown, "remove_cover": "on"})
        answer = self.resend(teacher, draft, page, keep_cover="yours")

        assert page.status_code == 409
        assert answer.status_code == 303
        assert not fresh(draft).cover

    def conflict(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs", "price": "51"})
        return teacher.post("edit", draft, {**shown, "title": "Yours", "price": "52", "subject": "Kept <i>"})

    def resend(self, teacher, draft, page, **choice):
        hidden = dict(page.context["hidden"])
        return teacher.post("edit", draft, {**hidden, "version": page.context["version"], **choice})

    def test_yours_can_be_kept(self, teacher, draft):
        page = self.conflict(teacher, draft)

        answer = self.resend(teacher, draft, page, keep_title="yours", keep_price="yours")

        course = fresh(draft)
        assert answer.status_code == 303
        assert (course.title, course.billing.desired_unit_amount, course.subject) == ("Yours", 5200, "Kept <i>")

    def test_theirs_can_be_kept_and_the_other_changes_are_saved(self, teacher, draft):
        page = self.conflict(teacher, draft)

        self.resend(teacher, draft, page, keep_title="theirs", keep_price="theirs")

        course = fresh(draft)
        assert (course.title, course.billing.desired_unit_amount, course.subject) == ("Theirs", 5100, "Kept <i>")

    def test_one_field_may_be_theirs_and_another_yours(self, teacher, draft):
        page = self.conflict(teacher, draft)

        self.resend(teacher, draft, page, keep_title="theirs", keep_price="yours")

        assert (fresh(draft).title, fresh(draft).billing.desired_unit_amount) == ("Theirs", 5200)

    def test_a_third_change_asks_again(self, teacher, draft):
        page = self.conflict(teacher, draft)
        teacher.post("edit", draft, form_of(draft, title="Third"))

        assert self.resend(teacher, draft, page, keep_title="yours").status_code == 409

    def test_the_page_holds_everything_that_was_typed(self, teacher, draft):
        page = self.conflict(teacher, draft)

        assert "Yours" in page.text
        assert "Theirs" in page.text
        assert 'value="Kept &lt;i&gt;"' in page.text
        assert "$52.00" in page.text
        assert "Subject" in page.text

    def test_htmx_gets_the_choice_in_place_of_the_editor(self, teacher, draft):
        answer = teacher.post("edit", draft, form_of(draft, title="Oil", version=""), headers=HTMX)

        assert answer.status_code == 409
        assert '<div id="editor"' in answer.text
        assert "<html" not in answer.text

    @pytest.mark.parametrize("version", ["", "forged"])
    def test_an_edit_without_its_version_is_not_trusted(self, teacher, draft, version):
        assert teacher.post("edit", draft, form_of(draft, title="Oil", version=version)).status_code == 409
        assert teacher.post("edit", draft, form_of(draft, version=version)).status_code == 303

    def test_another_courses_version_is_not_trusted(self, teacher, draft, free_course):
        version = form_of(free_course)["version"]

        assert teacher.post("edit", draft, form_of(draft, title="Oil", version=version)).status_code == 409

    def test_a_description_survives_the_choice_to_the_letter(self, teacher, draft):
        text = '\n    code\n\n<b>&amp; "quotes"\'\nlast'
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})

        page = teacher.post("edit", draft, {**shown, "title": "Yours", "description": text})
        self.resend(teacher, draft, page, keep_title="yours")

        assert fresh(draft).description == text.strip("\n")


class TestByProgram:
    def save(self, person, course, body, **headers):
        return person.client.post(
            f"/courses/{course.id}/", json.dumps(body), content_type="application/json", headers={**JSON, **headers}
        )

    def test_reads_every_field_and_the_version(self, teacher, draft):
        body = teacher.get("edit", draft, headers=JSON).json()

        assert body.keys() == {
            *("id", "status", "version", "url", "title", "summary", "description", "subject", "level", "language"),
            *("cover", "price", "billing"),
        }
        assert body["url"] == f"/courses/{draft.id}/"
        assert body["cover"] is None
        assert body["price"]["unit_amount"] == 4900
        assert body["billing"]["state"] == "pending"

    def test_what_was_read_is_sent_back_with_a_change_and_gets_a_new_version(self, teacher, draft):
        read = teacher.get("edit", draft, headers=JSON).json()

        answer = self.save(teacher, draft, {**read, "title": "Oil"})

        assert answer.status_code == 200
        assert answer.json()["title"] == "Oil"
        assert answer.json()["version"] != read["version"]
        assert answer.json()["price"] == read["price"]

    def test_what_was_read_can_be_sent_back_with_a_cover(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        read = teacher.get("edit", draft, headers=JSON).json()

        answer = self.save(teacher, draft, read)

        assert answer.status_code == 200
        assert answer.json()["cover"] == read["cover"]

    def test_null_takes_the_cover_and_the_price_away(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        version = teacher.get("edit", draft, headers=JSON).json()["version"]

        answer = self.save(teacher, draft, {"cover": None, "price": None, "version": version})

        assert answer.json()["cover"] is None
        assert answer.json()["price"] is None

    def test_part_of_a_price(self, teacher, draft):
        version = teacher.get("edit", draft, headers=JSON).json()["version"]

        answer = self.save(teacher, draft, {"price": {"currency": "eur"}, "version": version, "confirm": True})

        assert answer.json()["price"]["display"] == "€49.00"

    def test_a_save_keeps_what_another_has_changed_elsewhere(self, teacher, staff, draft):
        read = teacher.get("edit", draft, headers=JSON).json()
        staff_sets(draft, staff, 7700)

        answer = self.save(teacher, draft, {**read, "title": "Oil"})

        assert answer.status_code == 200
        assert answer.json()["price"]["unit_amount"] == 7700

    def test_a_conflict_names_both_values_of_each_field(self, teacher, staff, draft):
        read = teacher.get("edit", draft, headers=JSON).json()
        staff_sets(draft, staff, 7700)
        teacher.post("edit", draft, form_of(draft, title="Theirs", cover=picture()))

        mine = {"title": "Yours", "price": {**read["price"], "amount": "50"}, "cover": None, "version": read["version"]}
        answer = self.save(teacher, draft, mine)

        conflicts = answer.json()["conflicts"]
        assert answer.status_code == 409
        assert conflicts["title"] == {"yours": "Yours", "theirs": "Theirs"}
        assert conflicts["price"]["yours"]["unit_amount"] == 5000
        assert conflicts["price"]["theirs"]["unit_amount"] == 7700
        assert self.save(teacher, draft, {**mine, "version": answer.json()["version"]}).status_code == 200

    def test_a_picture_in_conflict(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "cover": picture()})

        answer = teacher.post("edit", draft, {**shown, "cover": picture(size=(9, 9))}, headers=JSON)

        assert answer.json()["conflicts"]["cover"]["theirs"] == fresh(draft).cover.url
        assert answer.json()["conflicts"]["cover"]["yours"] == "the picture you sent"

    def test_an_edit_without_its_version_is_not_trusted(self, teacher, draft):
        assert self.save(teacher, draft, {"title": "Oil"}).status_code == 409
        assert self.save(teacher, draft, {"title": "Watercolour"}).status_code == 200

    def test_an_invalid_field_is_named(self, teacher, draft):
        answer = self.save(teacher, draft, {"title": "", "price": "0.1"})

        assert answer.status_code == 422
        assert answer.json()["errors"].keys() == {"title", "price"}

    def test_another_teachers_course_is_not_found(self, other_teacher, draft):
        assert other_teacher.get("edit", draft, headers=JSON).status_code == 404
        assert self.save(other_teacher, draft, {"title": "Mine"}).status_code == 404

    def test_a_stranger_is_told(self, stranger, draft):
        assert stranger.get("edit", draft, headers=JSON).status_code == 401
        assert self.save(stranger, draft, {"title": "Mine"}).status_code == 401

    def test_needs_its_token(self, teacher, draft):
        teacher.client.handler.enforce_csrf_checks = True

        answer = self.save(teacher, draft, {"title": "Oil"})

        assert answer.status_code == 403
        assert "CSRF" in answer.json()["errors"]["__all__"][0]

    def test_a_stranger_without_a_token_is_told_to_sign_in(self, stranger, draft):
        stranger.client.handler.enforce_csrf_checks = True

        assert self.save(stranger, draft, {"title": "Oil"}).status_code == 401


class TestAChoiceThatCameInEmpty:
    def test_does_not_turn_the_price_into_dollars(self, teacher, make_course):
        course = make_course(price=PriceSpec(4900, "eur", "month"))

        answer = teacher.post("edit", course, data=form_of(course, currency="", billing_interval=""))

        assert answer.status_code == 303
        assert fresh(course).billing.price == PriceSpec(4900, "eur", "month")


class TestAChoiceThatIsNone:
    @pytest.mark.parametrize(("name", "sent"), [("currency", "xyz"), ("billing_interval", "week"), ("level", "expert")])
    def test_stays_selected_beside_its_message(self, teacher, draft, name, sent):
        page = teacher.post("edit", draft, data=form_of(draft, **{name: sent}))

        assert page.status_code == 422
        assert f'<option value="{sent}" selected>' in page.text


class TestALapsedSession:
    """Without JavaScript nothing but the server can keep what was typed."""

    @pytest.fixture
    def lapsed(self, teacher):
        def send(address: str, data: dict[str, str]):
            teacher.client.logout()
            answer = teacher.client.post(address, data, headers={"Referer": f"http://testserver{address}"})
            teacher.client.force_login(teacher.user, backend="django.contrib.auth.backends.ModelBackend")
            return answer

        return send

    @pytest.fixture
    def lapsed_at(self, teacher, draft):
        def send(page: str):
            version = versions.fresh_token(teacher.user.pk)
            sent = form_of(draft) if page == "edit" else {"version": version}
            teacher.client.logout()
            return teacher.client.post(
                draft.get_absolute_url() if page == "edit" else "/courses/", {**sent, "title": "Typed for an hour"}
            )

        return send

    def test_brings_the_text_back_after_sign_in(self, teacher, draft, lapsed):
        answer = lapsed(draft.get_absolute_url(), form_of(draft, description="Typed for an hour"))

        page = teacher.client.get(answer.headers["Location"].partition("next=")[2])

        assert "Typed for an hour" in page.text
        assert "You had been signed out" in page.text
        assert fresh(draft).description == ""
        assert "Typed for an hour" not in teacher.get("edit", draft).text

    def test_does_not_ask_for_the_picture_to_be_removed_where_none_was_chosen(self, teacher, draft, lapsed):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        answer = lapsed(draft.get_absolute_url(), form_of(fresh(draft), cover=""))

        page = teacher.client.get(answer.headers["Location"].partition("next=")[2]).text
        [box] = re.findall(r'<input[^>]*name="remove_cover"[^>]*>', page)
        assert "checked" not in box

    def test_is_said_where_one_signs_in(self, teacher, draft):
        said = """<p class="lead">You've been signed out. Sign in to continue; your text is kept.</p>"""
        teacher.client.logout()
        assert said not in teacher.client.get("/accounts/login/").text

        answer = teacher.client.post(draft.get_absolute_url(), form_of(draft, description="Typed for an hour"))

        assert said in teacher.client.get(answer.headers["Location"]).text

    @pytest.mark.parametrize("signed_out", [False, True])
    def test_brings_the_text_back_where_signing_in_again_made_a_new_token(self, teacher, draft, signed_out):
        """Pages are sent with the token of the session before, also where nobody is signed in at all."""
        teacher.client.handler.enforce_csrf_checks = True
        if signed_out:
            teacher.client.logout()
        sent = form_of(draft, description="Typed for an hour")
        answer = teacher.client.post(
            f"{draft.get_absolute_url()}publish/", sent, headers={"Origin": "http://testserver"}
        )
        teacher.client.force_login(teacher.user, backend="django.contrib.auth.backends.ModelBackend")

        assert answer.headers["Location"] == draft.get_absolute_url()
        page = teacher.client.get(draft.get_absolute_url())
        assert "Typed for an hour" in page.text
        assert (fresh(draft).description, fresh(draft).status) == ("", Course.Status.DRAFT)

    @pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
    def test_takes_no_words_from_another_site(self, teacher, draft, origin):
        teacher.client.handler.enforce_csrf_checks = True

        sent = form_of(draft, description="Not of mine")
        answer = teacher.client.post(draft.get_absolute_url(), sent, headers={"Origin": origin})

        assert answer.status_code == 403
        assert "Not of mine" not in teacher.get("edit", draft).text

    def test_says_that_a_picture_must_be_chosen_again_where_one_came(self, teacher, draft, lapsed):
        lapsed(draft.get_absolute_url(), form_of(draft, cover=picture()))
        page = teacher.get("edit", draft)
        assert "must be chosen again" in page.text

        lapsed(draft.get_absolute_url(), form_of(draft, title="Oil"))
        assert "must be chosen again" not in teacher.get("edit", draft).text

    def test_brings_a_new_course_back(self, teacher, lapsed):
        version = versions.fresh_token(teacher.user.pk)
        lapsed("/courses/", {"title": "Typed for an hour", "price": "49", "version": version})

        page = teacher.get("new")

        assert "Typed for an hour" in page.text
        assert not Course.objects.exists()

    @pytest.mark.parametrize("whose", ["mine", "nobody's"])
    def test_gives_a_new_course_to_nobody_but_its_writer(self, teacher, other_teacher, whose):
        version = {"version": versions.fresh_token(teacher.user.pk)} if whose == "mine" else {}
        teacher.client.logout()
        teacher.client.post("/courses/", {"title": "Typed for an hour", **version})
        teacher.client.force_login(other_teacher.user, backend="django.contrib.auth.backends.ModelBackend")

        assert "Typed for an hour" not in teacher.get("new").text

    @pytest.mark.parametrize("page", ["edit", "new"])
    def test_does_not_stay_with_another_person_who_signs_in_on_that_browser(
        self, teacher, other_teacher, draft, lapsed_at, page
    ):
        other_teacher.user.set_password("eleven quiet evenings")
        other_teacher.user.save(update_fields=["password"])
        EmailAddress.objects.create(
            user=other_teacher.user, email=other_teacher.user.email, primary=True, verified=True
        )
        answer = lapsed_at(page)

        teacher.client.post(answer.url, {"login": other_teacher.user.email, "password": "eleven quiet evenings"})

        session = teacher.client.session
        assert session["_auth_user_id"] == str(other_teacher.user.pk)
        assert "Typed for an hour" not in str(dict(session.items()))

    def test_keeps_nothing_that_no_form_would_send(self, teacher, draft, lapsed):
        lapsed(draft.get_absolute_url(), form_of(draft, description="x" * 200_000))

        assert "You had been signed out" not in teacher.get("edit", draft).text

    def test_of_another_form_is_not_shown_here(self, teacher, draft, free_course, lapsed):
        lapsed(draft.get_absolute_url(), form_of(draft, description="Typed for an hour"))

        assert "Typed for an hour" not in teacher.get("edit", free_course).text


class TestTheOtherVersion:
    """The page on which one chooses says who saved the other one, and marks what differs."""

    def test_says_who_saved_it_and_when_with_its_zone(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert "Choose which version to keep" in answer.text
        assert re.search(r"Saved by teacher@example.com at [0-9:]{5} UTC</time>", answer.text)

    def test_of_a_price_its_own_history_knows(self, teacher, staff, draft):
        shown = form_of(draft)
        staff_sets(draft, staff, 7700)

        answer = teacher.post("edit", draft, {**shown, "price": "59"})

        assert re.search(r"Saved by staff@example.com at [0-9:]{5} UTC</time>", answer.text)

    def test_says_only_when_it_was_saved_where_nobody_knows_by_whom(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})
        Course.objects.update(updated_by=None)

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert re.search(r"Saved at [0-9:]{5} UTC</time>", answer.text)

    def test_marks_the_words_that_differ_and_escapes_them(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "summary": "Paint dark <b>."})

        answer = teacher.post("edit", draft, {**shown, "summary": "Paint night <i>."})

        assert "Paint <ins>night</ins> <ins>&lt;i&gt;.</ins>" in answer.text
        assert "Paint <del>dark</del> <del>&lt;b&gt;.</del>" in answer.text

    def test_is_chosen_by_its_label_and_not_by_pressing_its_text(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert '<label class="version-whose" id="whose_title_theirs" for="keep_title_theirs">' in answer.text
        assert re.search(r'<div class="version-text" id="title_theirs" tabindex="0" role="group"', answer.text)
