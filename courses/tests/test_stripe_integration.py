"""The three functions of the integration, with the sandbox over HTTP, after a real commit."""

import pytest

from billings.models import BillingProduct
from billings.money import PriceSpec
from courses import lifecycle, stripe_integration
from courses.models import Course
from courses.tests.support.people import HTMX, form_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stripe(sandbox, settings):
    settings.STRIPE_INLINE_BUDGET_SECONDS = 4
    return sandbox


class TestCreate:
    def test_one_call_makes_product_and_price(self, stripe, teacher):
        page = teacher.client.post("/courses/", {"title": "Bread", "summary": "Flour.", "price": "49"}, follow=True)

        course = Course.objects.get()
        (product,) = stripe.products()
        (price,) = stripe.prices()
        assert len(stripe.writes()) == 1
        assert (product["name"], product["description"], product["active"]) == ("Bread", "Flour.", False)
        assert product["metadata"]["course_id"] == str(course.id)
        assert (price["unit_amount"], price["currency"]) == (4900, "usd")
        assert "Saved. Ready at $49.00." in page.text

    def test_a_free_course_is_not_there(self, stripe, make_course):
        make_course()

        assert not stripe.products()

    def test_the_worker_may_be_left_to_it(self, stripe, teacher, make_course):
        course = make_course()
        product = BillingProduct.objects.get(course=course)
        product.delete()

        stripe_integration.create_stripe_product_for_course(
            course, price=PriceSpec(4900, "usd"), actor=teacher.user, inline=False
        )

        assert not stripe.writes()
        assert BillingProduct.objects.get(course=course).next_attempt_at is not None

    def test_nothing_is_sold_of_a_course_that_was_not_saved(self, stripe, teacher, make_course, monkeypatch):
        monkeypatch.setattr(lifecycle, "create_stripe_product_for_course", _fails)

        with pytest.raises(RuntimeError):
            make_course(price=PriceSpec(4900, "usd"))

        assert not Course.objects.exists()
        assert not stripe.writes()


class TestTheMessage:
    """Green where Stripe holds what is desired, and nowhere else."""

    def save(self, teacher) -> str:
        data = {"title": "Bread", "summary": "Flour.", "price": "49"}
        return teacher.client.post("/courses/", data, follow=True).text

    def test_is_green_when_stripe_has_it(self, stripe, teacher):
        text = self.save(teacher)

        assert "toast-note-success" in text
        assert "icon-check" in text

    def test_is_neutral_while_stripe_does_not_answer(self, stripe, teacher):
        stripe.fault("reset", times=None)
        text = self.save(teacher)

        assert "Saved. Stripe follows; the status says when." in text
        assert "toast-note-info" in text
        assert "icon-check" not in text

    def test_warns_when_stripe_rejects_it(self, stripe, teacher):
        stripe.fault("401", times=None)
        text = self.save(teacher)

        assert "Saved. Needs attention: see the status." in text
        assert "toast-note-warning" in text
        assert "icon-check" not in text


class TestUpdate:
    def test_with_a_new_price_archives_the_old_one_in_stripe(self, stripe, teacher, published_course):
        page = teacher.client.post(
            f"/courses/{published_course.id}/", form_of(published_course, price="59"), follow=True
        )

        (active,) = stripe.prices(active=True)
        (archived,) = stripe.prices(active=False)
        (product,) = stripe.products()
        assert (active["unit_amount"], archived["unit_amount"]) == (5900, 4900)
        assert product["default_price"] == active["id"]
        assert "Saved. On sale at $59.00." in page.text

    def test_of_a_draft_that_is_published_activates_its_product(self, stripe, teacher, draft):
        answer = teacher.post("publish", draft, form_of(draft), headers=HTMX)

        (product,) = stripe.products()
        assert product["active"]
        assert "Published. On sale at $49.00." in answer.text
        assert 'hx-trigger="load' not in answer.text.partition('id="status"')[2]

    def test_stripe_out_of_reach_is_told_and_nothing_is_lost(self, teacher, published_course, settings):
        settings.STRIPE_INLINE_BUDGET_SECONDS = 1  # and nobody is there

        page = teacher.client.post(
            f"/courses/{published_course.id}/", form_of(published_course, price="59"), follow=True
        )

        assert "Saved. Stripe follows; the status says when." in page.text
        assert BillingProduct.objects.get().price == PriceSpec(5900, "usd")


class TestDeactivate:
    def test_archiving_takes_it_off_sale_and_keeps_its_price(self, stripe, teacher, published_course):
        page = teacher.client.post(f"/courses/{published_course.id}/archive/", follow=True)

        (product,) = stripe.products()
        (price,) = stripe.prices()
        assert not product["active"]
        assert price["active"]
        assert "Archived. People who bought it keep it." in page.text

    def test_is_undone_when_the_course_is_restored(self, stripe, teacher, archived_course):
        teacher.post("restore", archived_course)

        (product,) = stripe.products()
        assert product["active"]

    def test_it_is_for_archived_courses(self, teacher, draft):
        with pytest.raises(AssertionError):
            stripe_integration.deactivate_stripe_product_for_course(draft, price=None, actor=teacher.user)


class TestDuplicate:
    def test_the_copy_is_a_product_of_its_own(self, stripe, teacher, published_course):
        teacher.post("duplicate", published_course)

        on_sale, copy = sorted(stripe.products(), key=lambda product: not product["active"])
        assert copy["name"] == "Copy of Watercolour"
        assert copy["id"] != on_sale["id"]


def _fails(*args, **kwargs):
    raise RuntimeError
