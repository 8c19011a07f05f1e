"""The line beside the Save button: what saving would do in Stripe, from the very plan that runs afterwards."""

from django.conf import settings
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from billings import desired
from billings.models import BillingProduct
from billings.plan import Desired, Field, describe
from billings.status import open_drifts
from courses.content import Content, NewCover
from courses.forms import CourseForm
from courses.models import Course
from courses.versions import merge


def plan_line(form: CourseForm) -> str:
    """What would happen if this form were saved now. Nothing is saved, and nothing is asked of Stripe."""
    if not form.is_valid():
        return _("This cannot be saved yet: see the messages beside the fields.")
    if form.course is None:
        return _in_words(None, _wanted(None, form.content()))
    edit, theirs = form.edit(), Content.of(form.course)
    merged = merge(edit, theirs) if edit else None
    if merged and merged.conflicts:
        return _("This course was changed elsewhere meanwhile. Saving will show both versions, and you choose.")
    return _in_words(form.course.billing, _wanted(form.course, merged.content if merged else theirs))


def _wanted(course: Course | None, content: Content) -> Desired:
    return Desired(
        name=content.title,
        description=content.summary,
        image=_image(course, content),
        published=course is not None and course.status == Course.Status.PUBLISHED,
        price=content.price,
    )


def _image(course: Course | None, content: Content) -> str:
    """The link Stripe would hold; of a picture that is not stored yet, only that it will be another one."""
    if isinstance(content.cover, NewCover):
        return "new" if settings.SITE_IS_PUBLIC else ""
    return course.billing.desired_image if course and content.cover else ""


def _in_words(product: BillingProduct | None, wanted: Desired) -> str:
    words = describe(desired.preview(product, wanted))
    if not words:
        words = _("Nothing changes in Stripe.") if wanted.price else _("Free: nothing is sold in Stripe.")
    return " ".join(filter(None, [words, _kept_out(product, wanted)]))


def _kept_out(product: BillingProduct | None, wanted: Desired) -> str:
    """What was changed in Stripe is neither undone nor adopted by a save that does not set it anew."""
    if product is None:
        return ""
    set_anew = desired.changed_fields(product.desired, wanted)
    kept = [_field_name(drift.field) for drift in open_drifts(product) if drift.field not in set_anew]
    if not kept:
        return ""
    return _("Changed in Stripe, and left as it is there until staff decide: %(what)s.") % {
        "what": get_text_list(kept, _("and"))
    }


def _field_name(field: str) -> str:
    return {
        Field.PRODUCT: _("the product itself"),
        Field.NAME: _("the title"),
        Field.DESCRIPTION: _("the summary"),
        Field.IMAGE: _("the picture"),
        Field.ACTIVE: _("whether it is on sale"),
        Field.PRICE: _("the price"),
    }[Field(field)]
