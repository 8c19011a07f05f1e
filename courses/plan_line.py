"""The line beside the Save button of a course."""

from django.conf import settings
from django.utils.translation import gettext as _

from billings import price_slips
from billings.plan import Desired
from billings.plan_line import asks, for_product
from courses.content import FIELDS, Content, NewCover
from courses.forms import CourseForm
from courses.models import Course
from courses.versions import merge


def plan_line(form: CourseForm) -> str:
    """What would happen if this form were saved now. Nothing is saved, and nothing is asked of Stripe."""
    if not form.is_valid():
        return _("This cannot be saved yet: see the messages beside the fields.")
    if form.course is None:
        return for_product(None, _wanted(None, form.content()))
    edit, theirs = form.edit(), Content.of(form.course)
    merged = merge(edit, theirs) if edit else None
    if merged and merged.conflicts:
        return _("This course was changed elsewhere meanwhile. Saving will show both versions, and you choose.")
    content = merged.content if merged else theirs
    on_sale = form.course.status == Course.Status.PUBLISHED
    form.slip = price_slips.find(theirs.price, content.price, was_on_sale=on_sale, on_sale=on_sale)
    words = for_product(form.course.billing, _wanted(form.course, content))
    return f"{asks()} {words}" if form.slip else words


def changes(form: CourseForm) -> tuple[str, ...]:
    """The fields that saving this form would change, or ask about; all of them where that cannot be told."""
    if form.course is None or not form.is_valid():
        return FIELDS
    edit = form.edit()
    merged = merge(edit, Content.of(form.course)) if edit else None
    return merged.changed + merged.conflicts if merged else ()


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
