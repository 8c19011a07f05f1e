from courses.models import TITLE_LENGTH, Course
from courses.tests.conftest import HTMX, JSON, form_of
from courses.tests.pictures import picture


def copy_of(course: Course) -> Course:
    return Course.objects.select_related("billing").exclude(pk=course.pk).get()


class TestDuplicate:
    def test_it_works(self, teacher, published_course):
        answer = teacher.post("duplicate", published_course)

        copy = copy_of(published_course)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/courses/{copy.id}/"
        assert (copy.title, copy.status, copy.owner) == ("Copy of Watercolour", "draft", teacher.user)
        assert (copy.summary, copy.subject) == (published_course.summary, published_course.subject)

    def test_the_price_is_wanted_and_nothing_of_stripe_is_copied(self, teacher, published_course):
        billing = published_course.billing
        billing.stripe_id, billing.exists = "course_1", True
        billing.save()

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

    def test_a_program_gets_the_copy(self, teacher, draft):
        answer = teacher.post("duplicate", draft, headers=JSON)

        assert answer.status_code == 201
        assert answer.json()["title"] == "Copy of Watercolour"
