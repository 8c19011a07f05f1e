"""GET and POST /courses/<uuid>/."""

import json

import pytest

from billings import pricing
from billings.models import PriceChange
from billings.money import PriceSpec
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

    def test_an_anonymous_user_signs_in_first_and_comes_back(self, anonymous, draft):
        answer = anonymous.get("edit", draft)

        assert answer.headers["Location"] == f"/accounts/login/?next=/courses/{draft.id}/"

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_other_methods_are_rejected(self, teacher, draft, method):
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


class TestByApiClient:
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

    def test_a_part_of_a_price_changes_that_part_alone(self, teacher, draft):
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

    def test_a_picture_can_be_what_two_versions_differ_in(self, teacher, draft):
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

    def test_an_anonymous_user_is_told(self, anonymous, draft):
        assert anonymous.get("edit", draft, headers=JSON).status_code == 401
        assert self.save(anonymous, draft, {"title": "Mine"}).status_code == 401

    def test_needs_its_token(self, teacher, draft):
        teacher.client.handler.enforce_csrf_checks = True

        answer = self.save(teacher, draft, {"title": "Oil"})

        assert answer.status_code == 403
        assert "CSRF" in answer.json()["errors"]["__all__"][0]

    def test_an_anonymous_user_without_a_token_is_told_to_sign_in(self, anonymous, draft):
        anonymous.client.handler.enforce_csrf_checks = True

        assert self.save(anonymous, draft, {"title": "Oil"}).status_code == 401


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
