"""The course form, field by field: what is accepted, what is rejected, and with which message."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billings import money
from billings.models import BillingProduct
from billings.money import PriceSpec
from courses.content import OWN_FIELDS, Content, NewCover
from courses.fields import Prose
from courses.forms import CourseForm, texts
from courses.models import Course
from courses.tests.field_errors import FIELD_ERRORS
from courses.tests.pictures import picture
from courses.tests.support.people import form_of
from courses.versions import digests


def sent(**data: str) -> CourseForm:
    return CourseForm.sent({"title": "Bread", **data}, {})


class TestNewCourse:
    def test_a_title_is_enough(self):
        form = sent()

        assert form.is_valid()
        assert form.content() == Content("Bread", "", "", "", "all", "en", "", None)

    @pytest.mark.parametrize(("data", "field", "words"), FIELD_ERRORS)
    def test_each_rejection_has_its_words(self, data, field, words):
        form = sent(**data)

        assert not form.is_valid()
        assert words in str(form.errors[field])
        assert form[field].value() in (*data.values(), None)

    @pytest.mark.parametrize(
        ("typed", "spec", "said"),
        [
            ({"price": "49"}, PriceSpec(4900, "usd"), "Buyers pay $49.00 once."),
            ({"price": " 1,234.00 "}, PriceSpec(123400, "usd"), "Buyers pay $1,234.00 once."),
            ({"price": "1.234,50", "currency": "eur"}, PriceSpec(123450, "eur"), "Buyers pay €1,234.50 once."),
            ({"price": "¥500", "currency": "jpy"}, PriceSpec(500, "jpy"), "Buyers pay ¥500 once."),
            (
                {"price": "9", "billing_interval": "month"},
                PriceSpec(900, "usd", "month"),
                "Buyers pay $9.00 every month.",
            ),
            ({"price": "9", "billing_interval": "year"}, PriceSpec(900, "usd", "year"), "Buyers pay $9.00 every year."),
            ({"price": "9", "currency": "", "billing_interval": ""}, PriceSpec(900, "usd"), "Buyers pay $9.00 once."),
            ({"price": "0"}, None, "Free."),
            ({"price": "", "currency": "eur"}, None, "Free."),
        ],
    )
    def test_a_price_is_understood_and_said_back(self, typed, spec, said):
        form = sent(**typed)

        assert form.is_valid()
        assert form.content().price == spec
        assert form.notes["price"] == said

    def test_a_word_of_caution_where_stripe_may_reject(self):
        form = sent(price="2000000")

        assert form.is_valid()
        assert "large amount" in form.notes["price"]

    def test_numbers_are_read_the_way_of_their_writer(self):
        german, english = (
            CourseForm.sent({"title": "Bread", "price": "1,234", "currency": "usd"}, {}, locale=locale)
            for locale in ("de", "en")
        )

        assert not german.is_valid()  # 1,234 dollars are 1 and a bit, which has too many decimals
        assert english.is_valid()
        assert english.price_spec == PriceSpec(123400, "usd")

    def test_an_unusual_language_is_offered_beside_the_common_ones(self):
        form = sent(language="gsw-CH")

        assert form.is_valid()
        assert form.content().language == "gsw-CH"
        assert 'value="gsw-CH" selected' in str(form["language"])

    def test_takes_a_cover_and_reads_it(self):
        form = CourseForm.sent({"title": "Bread"}, {"cover": picture()})

        assert form.is_valid()
        cover = form.content().cover
        assert isinstance(cover, NewCover)
        assert cover.data.startswith(b"RIFF")

    @pytest.mark.parametrize(("data", "words"), [(b"", "empty"), (b"hello", "not a PNG, JPEG or WebP")])
    def test_a_bad_cover_is_rejected(self, data, words):
        form = CourseForm.sent({"title": "Bread"}, {"cover": SimpleUploadedFile("a.png", data)})

        assert words in str(form.errors["cover"])


class TestEdit:
    def edit(self, course, **data):
        form = CourseForm.sent(data, {}, course=Course.objects.get(pk=course.pk))
        assert form.is_valid(), form.errors
        return form

    def test_what_was_shown_and_sent_back_changes_nothing(self, draft):
        shown = form_of(draft)

        form = self.edit(draft, **shown)

        assert form.content() == Content.of(draft)
        assert form.edit().given == set(OWN_FIELDS) - {"cover"}

    def test_an_absent_field_stays(self, draft):
        form = self.edit(draft, title="Oil")

        assert form.edit().given == {"title"}
        assert form.content().summary == draft.summary

    def test_an_empty_field_is_emptied(self, draft):
        assert self.edit(draft, summary="", price="").content().price is None

    def test_currency_alone_keeps_the_amount(self, draft):
        form = self.edit(draft, currency="eur")

        assert form.content().price == PriceSpec(4900, "eur")
        assert form.edit().given == {"price"}

    def test_amount_alone_keeps_the_currency(self, make_course):
        course = make_course(price=PriceSpec(4900, "eur", "month"))

        assert self.edit(course, price="7").content().price == PriceSpec(700, "eur", "month")

    def test_a_button_alone_is_no_edit(self, draft):
        assert self.edit(draft).edit() is None

    def test_a_form_without_its_version_has_no_known_origin(self, draft):
        assert self.edit(draft, title="Oil").edit().base is None

    def test_keeping_theirs_counts_as_absent(self, draft):
        form = self.edit(draft, **form_of(draft, title="Oil", price="59"), keep_title="theirs", keep_price="theirs")

        assert not {"title", "price"} & form.edit().given
        assert form.content() == Content.of(draft)

    @pytest.mark.parametrize("asked", [{"remove_cover": "on"}, {"cover": ""}])
    def test_a_cover_is_taken_away(self, make_course, asked):
        course = make_course(cover="covers/a.webp")

        form = self.edit(course, **asked)

        assert form.content().cover == ""
        assert form.edit().given == {"cover"}

    def test_the_covers_own_address_leaves_it(self, make_course):
        course = make_course(cover="covers/a.webp")

        form = self.edit(course, cover="/media/covers/a.webp", title="Oil")

        assert form.content().cover == "covers/a.webp"
        assert form.edit().given == {"title"}

    @given(
        code=st.sampled_from(sorted(money.CURRENCIES)),
        steps=st.integers(1, 10**9),
        interval=st.sampled_from(["", "month", "year"]),
        locale=st.sampled_from(["en", "de", "fr", "ar", "hi", "de_CH"]),
        description=st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=60),
    )
    def test_a_form_sent_back_as_it_was_shown_is_no_change(self, code, steps, interval, locale, description):
        currency = money.CURRENCIES[code]
        amount = max(currency.minimum or currency.step, steps * currency.step)
        shown = Course(title="Bread", description=Prose(required=False).clean(description))
        shown.billing = BillingProduct(desired_unit_amount=amount, desired_currency=code, desired_interval=interval)

        form = CourseForm.sent(texts(shown, locale), {}, course=shown, locale=locale)

        assert form.is_valid(), form.errors
        assert form.edit().base == digests(form.content())

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        data=st.dictionaries(
            st.sampled_from([*CourseForm.base_fields, "keep_title", "keep_price", "keep_cover"]), st.text(max_size=30)
        )
    )
    @pytest.mark.slow
    def test_whatever_comes_in_is_validated(self, data, draft):
        form = CourseForm.sent(data, {}, course=draft)

        if form.is_valid():
            assert isinstance(form.content(), Content)
        else:
            assert form.errors
