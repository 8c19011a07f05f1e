"""What the database rejects, whoever writes to it."""

import pytest
from django.db import IntegrityError, transaction

from courses.models import Course


class TestCourse:
    def test_is_called_by_its_title_and_knows_its_address(self, draft):
        assert str(draft) == "Watercolour"
        assert draft.get_absolute_url() == f"/courses/{draft.id}/"

    @pytest.mark.parametrize(
        "columns",
        [
            {"title": ""},
            {"title": "x" * 121},
            {"summary": "x" * 201},
            {"description": "x" * 20_001},
            {"level": "guru"},
            {"status": "sold"},
            {"status": "archived"},
            {"status": "archived", "status_before_archive": "archived"},
            {"status_before_archive": "draft"},
            {"status": "published", "summary": ""},
        ],
    )
    def test_what_cannot_be_is_rejected(self, draft, columns):
        with pytest.raises(IntegrityError), transaction.atomic():
            Course.objects.filter(pk=draft.pk).update(**columns)

    def test_a_teacher_with_courses_is_not_deleted(self, draft, teacher):
        with pytest.raises(IntegrityError):
            teacher.user.delete()
