"""Two people, or two windows, save the same course."""

import re

import pytest

from billings import pricing
from billings.models import PriceChange
from billings.money import PriceSpec
from courses.models import Course
from courses.tests.pictures import picture
from courses.tests.support.people import HTMX, form_of


def fresh(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


def staff_sets(course: Course, staff, amount: int) -> None:
    price = PriceSpec(amount, "usd")
    pricing.set_price(fresh(course).billing, price, actor=staff.user, source=PriceChange.Source.STAFF)


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


class TestTheOtherVersion:
    """The page on which one chooses says who saved the other one, and marks what differs."""

    def test_says_who_saved_it_and_when_with_its_zone(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert "Choose which version to keep" in answer.text
        assert re.search(r"Saved by teacher@example.com at [0-9:]{5} UTC\s*</time>", answer.text)

    def test_of_a_price_its_own_history_knows(self, teacher, staff, draft):
        shown = form_of(draft)
        staff_sets(draft, staff, 7700)

        answer = teacher.post("edit", draft, {**shown, "price": "59"})

        assert re.search(r"Saved by staff@example.com at [0-9:]{5} UTC\s*</time>", answer.text)

    def test_says_only_when_it_was_saved_where_nobody_knows_by_whom(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})
        Course.objects.update(updated_by=None)

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert re.search(r"Saved at [0-9:]{5} UTC\s*</time>", answer.text)

    def test_marks_the_words_that_differ_and_escapes_them(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "summary": "Paint dark <b>."})

        answer = teacher.post("edit", draft, {**shown, "summary": "Paint night <i>."})

        assert re.search(r"Paint <ins\s*>night</ins> <ins\s*>&lt;i&gt;.</ins>", answer.text)
        assert re.search(r"Paint <del\s*>dark</del> <del\s*>&lt;b&gt;.</del>", answer.text)

    def test_is_chosen_by_its_label_and_not_by_pressing_its_text(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs"})

        answer = teacher.post("edit", draft, {**shown, "title": "Mine"})

        assert '<label class="version-whose" id="whose_title_theirs" for="keep_title_theirs">' in answer.text
        assert re.search(r'<div class="version-text" id="title_theirs"\s+tabindex="0" role="group"', answer.text)
