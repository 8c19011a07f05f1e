"""A save after the session has expired loses nothing."""

import re

import pytest
from allauth.account.models import EmailAddress

from courses import versions
from courses.models import Course
from courses.tests.pictures import picture
from courses.tests.support.people import form_of


def fresh(course: Course) -> Course:
    return Course.objects.select_related("billing").get(pk=course.pk)


class TestALapsedSession:
    """Without JavaScript nothing but the server can keep what was typed."""

    @pytest.fixture
    def expired(self, teacher):
        def send(address: str, data: dict[str, str]):
            teacher.client.logout()
            answer = teacher.client.post(address, data, headers={"Referer": f"http://testserver{address}"})
            teacher.client.force_login(teacher.user, backend="django.contrib.auth.backends.ModelBackend")
            return answer

        return send

    @pytest.fixture
    def expired_at(self, teacher, draft):
        def send(page: str):
            version = versions.fresh_token(teacher.user.pk)
            sent = form_of(draft) if page == "edit" else {"version": version}
            teacher.client.logout()
            return teacher.client.post(
                draft.get_absolute_url() if page == "edit" else "/courses/", {**sent, "title": "Typed for an hour"}
            )

        return send

    def test_brings_the_text_back_after_sign_in(self, teacher, draft, expired):
        answer = expired(draft.get_absolute_url(), form_of(draft, description="Typed for an hour"))

        page = teacher.client.get(answer.headers["Location"].partition("next=")[2])

        assert "Typed for an hour" in page.text
        assert "You had been signed out" in page.text
        assert fresh(draft).description == ""
        assert "Typed for an hour" not in teacher.get("edit", draft).text

    def test_does_not_ask_for_the_picture_to_be_removed_where_none_was_chosen(self, teacher, draft, expired):
        teacher.post("edit", draft, form_of(draft, cover=picture()))

        answer = expired(draft.get_absolute_url(), form_of(fresh(draft), cover=""))

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
        """Pages are sent with the former session's token, even if nobody is signed in."""
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

    def test_says_that_a_picture_must_be_chosen_again_where_one_came(self, teacher, draft, expired):
        expired(draft.get_absolute_url(), form_of(draft, cover=picture()))
        page = teacher.get("edit", draft)
        assert "must be chosen again" in page.text

        expired(draft.get_absolute_url(), form_of(draft, title="Oil"))
        assert "must be chosen again" not in teacher.get("edit", draft).text

    def test_brings_a_new_course_back(self, teacher, expired):
        version = versions.fresh_token(teacher.user.pk)
        expired("/courses/", {"title": "Typed for an hour", "price": "49", "version": version})

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
        self, teacher, other_teacher, draft, expired_at, page
    ):
        other_teacher.user.set_password("eleven quiet evenings")
        other_teacher.user.save(update_fields=["password"])
        EmailAddress.objects.create(
            user=other_teacher.user, email=other_teacher.user.email, primary=True, verified=True
        )
        answer = expired_at(page)

        teacher.client.post(answer.url, {"login": other_teacher.user.email, "password": "eleven quiet evenings"})

        session = teacher.client.session
        assert session["_auth_user_id"] == str(other_teacher.user.pk)
        assert "Typed for an hour" not in str(dict(session.items()))

    def test_keeps_nothing_that_no_form_would_send(self, teacher, draft, expired):
        expired(draft.get_absolute_url(), form_of(draft, description="x" * 200_000))

        assert "You had been signed out" not in teacher.get("edit", draft).text

    def test_of_another_form_is_not_shown_here(self, teacher, draft, free_course, expired):
        expired(draft.get_absolute_url(), form_of(draft, description="Typed for an hour"))

        assert "Typed for an hour" not in teacher.get("edit", free_course).text
