"""Price managers can read every course, and change nothing there; for everyone else it does not exist."""


class TestAnotherTeachersCourse:
    def test_is_shown_to_price_managers(self, staff, draft):
        page = staff.get("edit", draft).text

        assert draft.title in page
        assert draft.summary in page
        assert "teacher@example.com" in page
        assert 'id="course-form"' not in page
        assert 'id="save"' not in page

    def test_is_shown_to_their_api_clients(self, staff, draft):
        body = staff.get("edit", draft, headers={"Accept": "application/json"}).json()

        assert body["id"] == str(draft.pk)

    def test_cannot_be_saved_by_them(self, staff, draft):
        assert staff.post("edit", draft, {"title": "Theirs"}).status_code == 404
        draft.refresh_from_db()
        assert draft.title != "Theirs"

    def test_is_not_found_by_another_teacher(self, other_teacher, draft):
        assert other_teacher.get("edit", draft).status_code == 404

    def test_is_the_editor_for_its_own_teacher(self, teacher, draft):
        assert 'id="course-form"' in teacher.get("edit", draft).text

    def test_takes_few_queries(self, staff, draft, django_assert_max_num_queries):
        with django_assert_max_num_queries(10):
            staff.get("edit", draft)
