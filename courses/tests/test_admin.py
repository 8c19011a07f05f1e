import pytest
from django.contrib.auth.models import User
from django.urls import reverse


@pytest.fixture
def admin(sign_in):
    return sign_in(User.objects.create_superuser("admin", "admin@example.com"))


class TestCourseAdmin:
    def test_lists_and_finds_courses_with_their_price(self, admin, draft):
        page = admin.client.get(reverse("admin:courses_course_changelist"), {"q": "water"})

        assert "Watercolour" in page.text
        assert "$49.00" in page.text

    def test_a_course_can_be_handed_to_another_teacher(self, admin, draft, other_teacher):
        page = reverse("admin:courses_course_change", args=[draft.pk])

        admin.client.post(page, {"owner": other_teacher.user.pk, "title": "Mine"})

        draft.refresh_from_db()
        assert (draft.owner, draft.title) == (other_teacher.user, "Watercolour")

    def test_nothing_is_added_or_deleted_there(self, admin, draft):
        assert admin.client.get(reverse("admin:courses_course_add")).status_code == 403
        assert admin.client.post(reverse("admin:courses_course_delete", args=[draft.pk])).status_code == 403

    def test_teachers_do_not_come_in(self, teacher, draft):
        assert teacher.client.get(reverse("admin:courses_course_changelist")).status_code == 302
