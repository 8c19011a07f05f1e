from django.utils import timezone

from billings.money import PriceSpec
from courses import lifecycle
from courses.models import TITLE_LENGTH, Course
from courses.tests.pictures import picture
from courses.tests.support.people import HTMX, JSON, form_of


def copy_of(course: Course) -> Course:
    return Course.objects.select_related("billing").exclude(pk=course.pk).get()


class TestDuplicate:
    def test_makes_a_draft_with_the_same_content_and_leads_to_it(self, teacher, published_course):
        answer = teacher.post("duplicate", published_course)

        copy = copy_of(published_course)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/courses/{copy.id}/"
        assert (copy.title, copy.status, copy.owner) == ("Copy of Watercolour", "draft", teacher.user)
        assert (copy.summary, copy.subject) == (published_course.summary, published_course.subject)

    def test_the_price_is_wanted_and_nothing_of_stripe_is_copied(self, teacher, published_course):
        billing = published_course.billing
        billing.stripe_id, billing.exists = "course_1", True
        billing.save(update_fields=["stripe_id", "exists"])

        teacher.post("duplicate", published_course)

        copy = copy_of(published_course).billing
        assert copy.price == billing.price
        assert not copy.exists
        assert copy.stripe_id != "course_1"

    def test_the_original_stays_as_it_is(self, teacher, published_course):
        before = Course.objects.get(pk=published_course.pk)

        teacher.post("duplicate", published_course)

        assert Course.objects.get(pk=before.pk).updated_at == before.updated_at

    def test_an_archived_course_gives_a_draft(self, teacher, archived_course):
        teacher.post("duplicate", archived_course)

        assert copy_of(archived_course).status == "draft"

    def test_a_long_title_is_cut(self, teacher, make_course):
        course = make_course(title="x" * TITLE_LENGTH)

        teacher.post("duplicate", course)

        assert len(copy_of(course).title) == TITLE_LENGTH

    def test_the_cover_is_a_file_of_its_own(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        teacher.post("duplicate", draft)

        original, copy = Course.objects.get(pk=draft.pk).cover, copy_of(draft).cover
        assert copy.name != original.name
        assert copy.read() == original.read()
        copy.close()
        original.close()

    def test_a_lost_cover_is_left_out(self, teacher, make_course):
        course = make_course(cover="covers/lost.webp")

        teacher.post("duplicate", course)

        assert not copy_of(course).cover

    def test_htmx_gets_the_copy_and_its_address(self, teacher, draft):
        answer = teacher.post("duplicate", draft, headers=HTMX)

        copy = copy_of(draft)
        assert answer.headers["HX-Push-Url"] == f"/courses/{copy.id}/"
        assert "Copy of Watercolour" in answer.text

    def test_an_api_client_gets_the_copy(self, teacher, draft):
        answer = teacher.post("duplicate", draft, headers=JSON)

        assert answer.status_code == 201
        assert answer.json()["title"] == "Copy of Watercolour"


class TestPressedAgain:
    def test_twice_at_once_it_leads_to_the_one_copy(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))
        answers = [teacher.post("duplicate", draft) for _ in range(2)]

        assert {answer.headers["Location"] for answer in answers} == {f"/courses/{copy_of(draft).pk}/"}

    def test_later_it_makes_another(self, teacher, draft):
        teacher.post("duplicate", draft)
        Course.objects.exclude(pk=draft.pk).update(created_at=timezone.now() - lifecycle.DOUBLE_CLICK)

        teacher.post("duplicate", draft)

        assert Course.objects.count() == 3

    def test_with_other_text_it_makes_another(self, teacher, draft):
        for title in ("Oil", "Ink"):
            teacher.post("duplicate", draft, form_of(draft, title=title))

        assert {course.title for course in Course.objects.all()} == {draft.title, "Copy of Oil", "Copy of Ink"}


class TestUnsavedText:
    """The copy takes what is typed; the original is not saved."""

    def test_goes_into_the_copy_alone(self, teacher, published_course):
        teacher.post("duplicate", published_course, form_of(published_course, title="Oil", price="59"))

        copy = copy_of(published_course)
        assert (copy.title, copy.billing.price) == ("Copy of Oil", PriceSpec(5900, "usd"))
        original = Course.objects.select_related("billing").get(pk=published_course.pk)
        assert (original.title, original.billing.price) == ("Watercolour", PriceSpec(4900, "usd"))

    def test_a_chosen_picture_goes_into_the_copy_alone(self, teacher, draft):
        teacher.post("duplicate", draft, form_of(draft, cover=picture()))

        assert copy_of(draft).cover
        assert not Course.objects.get(pk=draft.pk).cover

    def test_a_removed_picture_stays_with_the_original(self, teacher, draft):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        teacher.post("duplicate", draft, form_of(draft, remove_cover="on"))

        assert not copy_of(draft).cover
        assert Course.objects.get(pk=draft.pk).cover

    def test_takes_in_what_was_changed_elsewhere_and_conflicts_with_nothing(self, teacher, draft):
        shown = form_of(draft)
        teacher.post("edit", draft, {**shown, "title": "Theirs", "subject": "Theirs"})

        answer = teacher.post("duplicate", draft, {**shown, "title": "Mine"})

        copy = copy_of(draft)
        assert answer.status_code == 303
        assert (copy.title, copy.subject) == ("Copy of Mine", "Theirs")

    def test_what_is_wrong_in_it_is_reported_as_for_a_save(self, teacher, draft):
        answer = teacher.post("duplicate", draft, form_of(draft, price="a lot"))

        assert answer.status_code == 422
        assert 'value="a lot"' in answer.text
        assert Course.objects.count() == 1

    def test_a_price_far_from_the_originals_is_not_unusual_in_a_copy(self, teacher, draft):
        assert teacher.post("duplicate", draft, form_of(draft, price="490")).status_code == 303
