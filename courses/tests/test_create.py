"""POST /courses/, and the page its form is on."""

import json
import re

import pytest

from billings import money
from billings.money import PriceSpec
from courses import versions
from courses.models import Course
from courses.tests.field_errors import FIELD_ERRORS
from courses.tests.pictures import picture
from courses.tests.support.people import HTMX, JSON, form_of

WHOLE = {
    "title": "Bread",
    "summary": "Sourdough.",
    "description": "# Flour\r\n\r\nWater.",
    "subject": "Cooking",
    "level": "beginner",
    "language": "de",
    "price": "49",
    "currency": "eur",
    "billing_interval": "month",
    "version": "",
}


class TestNewPage:
    def test_shows_an_empty_form(self, teacher):
        page = teacher.get("new")

        assert page.status_code == 200
        assert b'name="title"' in page.content

    def test_an_anonymous_user_signs_in_first_and_comes_back(self, anonymous):
        assert anonymous.get("new").headers["Location"] == "/accounts/login/?next=/courses/new/"

    def test_looked_at_again_it_is_the_same_form_until_it_has_made_its_course(self, teacher, other_teacher):
        version = teacher.get("new").context["form"]["version"].value()
        query = f"?version={version}"

        assert teacher.get("new", query=query).context["form"]["version"].value() == version
        made = teacher.post("teacher_courses", data={**WHOLE, "version": version}).headers["Location"]
        assert teacher.get("new", query=query).headers["Location"] == made
        assert other_teacher.get("new", query=query).status_code == 200

    def test_asks_little_of_the_database(self, teacher, django_assert_max_num_queries):
        with django_assert_max_num_queries(10):
            teacher.get("new")


class TestCreate:
    def test_saves_every_field_as_a_draft_and_leads_to_its_editor(self, teacher):
        answer = teacher.post("teacher_courses", data=WHOLE)

        course = Course.objects.select_related("billing").get()
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/courses/{course.id}/"
        assert (course.owner, course.title, course.description) == (teacher.user, "Bread", "# Flour\n\nWater.")
        assert course.status == "draft"
        assert course.billing.price == PriceSpec(4900, "eur", "month")

    def test_stripe_is_to_be_told_of_a_price(self, teacher):
        teacher.post("teacher_courses", data=WHOLE)

        billing = Course.objects.select_related("billing").get().billing
        assert (billing.desired_name, billing.desired_description) == ("Bread", "Sourdough.")
        assert billing.generation > billing.observed_generation

    def test_stripe_is_not_told_of_a_free_course(self, teacher):
        teacher.post("teacher_courses", data={"title": "Bread"})

        billing = Course.objects.select_related("billing").get().billing
        assert billing.generation == billing.observed_generation

    def test_the_next_page_says_so(self, teacher):
        page = teacher.client.post("/courses/", WHOLE, follow=True)

        assert "Saved." in page.text

    def test_htmx_gets_the_editor_and_its_address(self, teacher):
        answer = teacher.post("teacher_courses", data=WHOLE, headers=HTMX)

        course = Course.objects.get()
        assert answer.status_code == 200
        assert answer.headers["HX-Push-Url"] == f"/courses/{course.id}/"
        assert '<div id="editor"' in answer.text
        assert "<html" not in answer.text
        assert f'action="/courses/{course.id}/"' in answer.text
        assert "Saved." in answer.text

    def test_keeps_the_cover_and_serves_it(self, teacher):
        teacher.post("teacher_courses", data={**WHOLE, "cover": picture()})

        course = Course.objects.get()
        assert course.cover.url.startswith("/media/covers/")
        assert course.cover.url.endswith(".webp")
        picture_answer = teacher.client.get(course.cover.url)
        assert b"".join(picture_answer.streaming_content).startswith(b"RIFF")
        picture_answer.close()

    @pytest.mark.parametrize(("data", "field", "words"), FIELD_ERRORS)
    def test_each_bad_field_is_told_and_stays_typed(self, teacher, data, field, words):
        answer = teacher.post("teacher_courses", data={**WHOLE, **data})

        form = answer.context["form"]
        assert answer.status_code == 422
        assert words in str(form.errors[field])
        assert form["title"].value() == data.get("title", "Bread")
        assert form["description"].value() == data.get("description", WHOLE["description"])
        assert "data-error-summary" in answer.text
        assert not Course.objects.exists()

    def test_a_bad_price_is_shown_as_it_was_typed(self, teacher):
        answer = teacher.post("teacher_courses", data={**WHOLE, "price": "<b>a lot"})

        assert 'value="&lt;b&gt;a lot"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert 'href="#id_price"' in answer.text

    def test_a_picture_must_be_chosen_again(self, teacher):
        answer = teacher.post("teacher_courses", data={**WHOLE, "title": "", "cover": picture()})

        assert "must be chosen again" in answer.text

    def test_says_what_is_wrong_with_a_picture_that_it_rejects(self, teacher):
        answer = teacher.post("teacher_courses", data={**WHOLE, "cover": picture("GIF")})

        assert answer.status_code == 422
        assert "not a PNG, JPEG or WebP" in answer.text

    def test_htmx_gets_the_form_with_its_messages(self, teacher):
        answer = teacher.post("teacher_courses", data={**WHOLE, "price": "0.10"}, headers=HTMX)

        assert answer.status_code == 422
        assert 'value="0.10"' in answer.text
        assert "€0.50 is the smallest price" in answer.text
        assert "<html" not in answer.text

    def test_an_anonymous_user_signs_in_first_and_comes_back_to_the_page_not_to_the_button(self, anonymous):
        answer = anonymous.client.post("/courses/", WHOLE, headers={"Referer": "http://testserver/courses/new/?a=b"})

        assert answer.status_code == 302
        assert answer.headers["Location"] == "/accounts/login/?next=/courses/new/%3Fa%3Db"
        assert not Course.objects.exists()

    def test_another_users_page_is_not_come_back_to(self, anonymous):
        answer = anonymous.client.post("/courses/", WHOLE, headers={"Referer": "https://evil.example/courses/"})

        assert answer.headers["Location"] == "/accounts/login/?next=/courses/"

    def test_needs_its_token(self, teacher):
        teacher.client.handler.enforce_csrf_checks = True

        assert teacher.post("teacher_courses", data=WHOLE).status_code == 403

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_other_methods_are_rejected(self, teacher, method):
        assert teacher.send(method, "teacher_courses").status_code == 405


class TestCreateByApiClient:
    def create(self, person, body, **headers):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return person.client.post("/courses/", text, content_type="application/json", headers={**JSON, **headers})

    def test_answers_with_the_course_and_its_address(self, teacher):
        answer = self.create(teacher, {"title": "Bread", "price": 49.5, "currency": "eur"})

        course = Course.objects.get()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/courses/{course.id}/"
        assert answer.json()["id"] == str(course.id)
        assert answer.json()["price"] == {
            "amount": "49.50",
            "currency": "eur",
            "billing_interval": "one_time",
            "unit_amount": 4950,
            "display": "€49.50",
        }

    def test_a_form_will_do_as_well(self, teacher):
        answer = teacher.post("teacher_courses", data=WHOLE, headers=JSON)

        assert answer.status_code == 201
        assert answer.json()["level"] == "beginner"

    def test_json_is_answered_in_json(self, teacher):
        answer = teacher.client.post("/courses/", '{"title": "Bread"}', content_type="application/json")

        assert answer.status_code == 201

    def test_what_was_read_can_be_sent_back(self, teacher):
        read = self.create(teacher, {**WHOLE}).json()

        again = self.create(teacher, {**read, "title": "Copy"}).json()

        assert again["price"] == read["price"]
        assert again["description"] == read["description"]

    def test_null_is_free(self, teacher):
        assert self.create(teacher, {"title": "Bread", "price": None}).json()["price"] is None

    @pytest.mark.parametrize(("data", "field", "words"), FIELD_ERRORS)
    def test_each_bad_field_is_told(self, teacher, data, field, words):
        answer = self.create(teacher, {**WHOLE, **data})

        assert answer.status_code == 422
        assert words in " ".join(answer.json()["errors"][field])
        assert not Course.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"title": ["Bread"]}, "title"),
            ({"title": {"a": 1}}, "title"),
            ({"title": True}, "title"),
            ({"title": 1984}, "title"),
            ({"title": 4.5}, "title"),
            ({"title": float("nan")}, "title"),
            ({"title": "B", "summary": False}, "summary"),
            ({"title": "B", "description": 0}, "description"),
            ({"title": "B", "level": 1}, "level"),
            ({"title": "B", "currency": ["usd"]}, "currency"),
            ({"title": "B", "price": {"amount": "49", "currency": {"code": "usd"}}}, "currency"),
            ({"title": "B", "price": [49]}, "price"),
            ({"title": "B", "publish": {}}, "publish"),
            ({"title": "B", "version": "\udfff"}, "version"),
            ({"title": "B", "price": True}, "price"),
            ({"title": "B", "price": {"amount": [1]}}, "price"),
            ({"title": "half a character: \ud800"}, "title"),
            ({"title": "B", "price": 1e400}, "price"),
        ],
    )
    def test_what_is_no_text_is_told(self, teacher, body, field):
        answer = self.create(teacher, body)

        assert answer.status_code == 422
        assert field in answer.json()["errors"]

    def test_a_price_sets_no_other_field(self, teacher):
        body = {"title": "Bread", "price": {"amount": "49", "title": "Cake", "publish": True, "level": 7}}

        made = self.create(teacher, body).json()

        assert (made["title"], made["status"], made["price"]["display"]) == ("Bread", "draft", "$49.00")

    def test_a_mark_of_the_byte_order_is_no_part_of_it(self, teacher):
        assert self.create(teacher, b"\xef\xbb\xbf" + b'{"title": "Bread"}').status_code == 201

    def test_a_name_that_stands_there_twice_is_told(self, teacher):
        answer = self.create(teacher, '{"title": "Bread", "price": "4", "price": "400"}')

        assert (answer.status_code, answer.json()["errors"]["__all__"]) == (400, ["“price” is in the body twice."])

    @pytest.mark.parametrize(
        "body",
        [
            "{",
            "[1]",
            "null",
            "\xff",
            b"\xff\xfe",
            "[" * 100_000,
            '{"a":' * 100_000,
            '{"title": "Bread"}'.encode("utf-16"),
        ],
    )
    def test_what_is_no_json_object_is_told(self, teacher, body):
        answer = self.create(teacher, body)

        assert answer.status_code == 400
        assert answer.json()["errors"]["__all__"]

    def test_an_anonymous_user_is_told(self, anonymous):
        answer = self.create(anonymous, {"title": "Bread"})

        assert answer.status_code == 401
        assert answer.json()["errors"]


class TestSentTwice:
    """A double click without JavaScript, or the reload of a page that was answered."""

    @pytest.fixture
    def form(self, teacher):
        return WHOLE | {"version": teacher.get("new").context["form"]["version"].value()}

    def test_makes_one_course(self, teacher, form):
        first, second = (teacher.post("teacher_courses", data=form) for _ in range(2))

        assert Course.objects.count() == 1
        assert first.headers["Location"] == second.headers["Location"]

    def test_makes_one_course_with_a_picture_too(self, teacher, form):
        for _ in range(2):
            teacher.post("teacher_courses", data=form | {"cover": picture()})

        assert Course.objects.count() == 1

    def test_saves_a_picture_that_was_lost_the_first_time(self, teacher, form):
        teacher.post("teacher_courses", data=form)
        teacher.post("teacher_courses", data=form | {"cover": picture()})

        assert Course.objects.get().cover

    def test_keeps_its_picture_where_the_same_comes_again_or_none(self, teacher, form):
        teacher.post("teacher_courses", data=form | {"cover": picture()})
        name = Course.objects.get().cover.name
        teacher.post("teacher_courses", data=form | {"cover": picture()})
        teacher.post("teacher_courses", data=form)

        assert name in {course.cover.name for course in Course.objects.all()}

    def test_makes_another_when_it_was_changed_in_between(self, teacher, form):
        teacher.post("teacher_courses", data=form)
        teacher.post("teacher_courses", data=form | {"title": "Rolls"})

        assert set(Course.objects.values_list("title", flat=True)) == {"Bread", "Rolls"}

    def test_never_shows_the_course_of_another_teacher(self, teacher, other_teacher, form):
        teacher.post("teacher_courses", data=form)
        other_teacher.post("teacher_courses", data=form)

        assert set(Course.objects.values_list("owner", flat=True)) == {teacher.user.pk, other_teacher.user.pk}

    def test_two_forms_make_two_courses(self, teacher, form):
        again = WHOLE | {"version": teacher.get("new").context["form"]["version"].value()}
        teacher.post("teacher_courses", data=form)
        teacher.post("teacher_courses", data=again)

        assert Course.objects.count() == 2


class TestSaveAndPublish:
    """The second button of a new course."""

    FORM = {"title": "Bread", "summary": "Flour and water.", "price": "49", "publish": "true"}

    def send(self, teacher, **fields):
        return teacher.post("teacher_courses", data={**self.FORM, "version": versions.fresh_token(), **fields})

    def test_makes_a_published_course_and_says_so(self, teacher):
        answer = self.send(teacher)

        course = Course.objects.get()
        assert answer.headers["Location"] == f"/courses/{course.id}/"
        assert (course.status, course.billing.desired_status) == ("published", "published")
        assert "Saved and published." in teacher.client.get(answer.url).text

    def test_sent_twice_it_makes_one(self, teacher):
        version = versions.fresh_token()

        for _press in range(2):
            self.send(teacher, version=version)

        assert Course.objects.get().status == "published"

    def test_after_save_it_publishes_the_course_that_was_made(self, teacher):
        version = versions.fresh_token()
        self.send(teacher, version=version, publish="")

        self.send(teacher, version=version)

        assert Course.objects.get().status == "published"

    def test_without_a_summary_it_asks_for_one_in_place_and_loses_nothing(self, teacher):
        answer = self.send(teacher, summary="", description="Typed")

        assert answer.status_code == 422
        assert "Nothing is saved yet. Write a summary" in answer.text
        assert "Typed" in answer.text
        assert re.search(r'<textarea name="summary"[^>]* autofocus', answer.text)
        assert not Course.objects.exists()

    def test_takes_json_as_well(self, teacher):
        body = {"title": "Bread", "summary": "Flour and water.", "publish": True}

        answer = teacher.post("teacher_courses", data=body, content_type="application/json", headers=JSON)

        assert (answer.status_code, answer.json()["status"]) == (201, "published")

    def test_an_edit_knows_no_such_button(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, publish="true"))

        assert Course.objects.get().status == "draft"


class TestAnEmptyForm:
    def test_begins_with_title_and_price(self, teacher):
        text = teacher.get("new").text

        places = [text.index(f'name="{name}"') for name in ("title", "price", "currency", "summary", "description")]
        assert places == sorted(places)

    def test_is_in_the_currency_of_the_last_price(self, teacher, make_course, other_teacher):
        assert '<option value="usd" selected>' in teacher.get("new").text

        make_course(price=PriceSpec(4900, "usd"))
        make_course(price=PriceSpec(4900, "chf"))
        make_course(owner=other_teacher, price=PriceSpec(4900, "jpy"))
        make_course()

        assert '<option value="chf" selected>' in teacher.get("new").text

    def test_offers_common_currencies_first_and_each_once(self, teacher):
        text = teacher.get("new").text

        codes = re.findall(
            r'<option value="([a-z]{3})"', text.partition('name="currency"')[2].partition("</select>")[0]
        )
        assert codes[:3] == ["usd", "eur", "gbp"]
        assert sorted(codes) == sorted(money.CURRENCIES)
        assert '<optgroup label="Often used">' in text

    @pytest.mark.parametrize(("name", "limit"), [("title", "120"), ("summary", "200"), ("description", "20000")])
    def test_says_how_much_each_field_takes(self, teacher, name, limit):
        text = teacher.get("new").text

        assert re.search(rf'data-counts="id_{name}" data-limit="{limit}"', text)
        assert re.search(rf'<span id="id_{name}_count">\s*Up to {int(limit):,} characters\s*</span>', text)

    @pytest.mark.parametrize(
        ("name", "length", "words"),
        [
            ("title", 121, "Shorten the title: 121 of 120 characters."),
            ("summary", 250, "Shorten the summary: 250 of 200 characters."),
            ("description", 20_001, "Shorten the description: 20001 of 20000 characters."),
        ],
    )
    def test_what_is_too_long_is_told_by_how_much(self, teacher, name, length, words):
        answer = teacher.post("teacher_courses", data={"title": "Bread", name: "x" * length})

        assert words in answer.text

    def test_what_is_missing_is_asked_for(self, teacher):
        answer = teacher.post("teacher_courses", data={"title": ""})

        assert "Enter a title." in answer.text
        assert "There is a problem" in answer.text
