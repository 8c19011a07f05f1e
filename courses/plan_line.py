"""What pressing each of the editor's buttons would do, in sentences.

Uses the same rules and the same plan as the action itself, so it never promises what would be rejected.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from billings.drift.wording import open_drifts
from billings.money import PriceSpec
from billings.plan import Desired
from billings.prices import unusual_changes
from billings.prices.plan_line import asks, for_product, in_stripe
from billings.product_fields import Field
from courses import lifecycle
from courses.content import Content, NewCover, field_names
from courses.forms import CourseForm
from courses.lifecycle import NotReady
from courses.models import Course
from courses.versions import merge

Status = Course.Status

# The buttons for each status, except Save and Duplicate.
BUTTONS: Mapping[str, tuple[str, ...]] = {
    Status.DRAFT: ("publish", "archive"),
    Status.PUBLISHED: ("unpublish", "archive"),
    Status.ARCHIVED: ("restore",),
}

# Undecided drift in any of these fields keeps a course off sale.
KEEPS_OFF_SALE = {Field.PRODUCT, Field.PRICE, Field.ACTIVE}


@dataclass(frozen=True, slots=True)
class ButtonLine:
    """What a button would do; `told`, sent with it, is the price that the text named."""

    words: str
    told: str


def plan_line(form: CourseForm) -> str:
    """What saving this form now would do. Saves nothing and calls nothing."""
    intended = _intended(form)
    if isinstance(intended, str):
        return intended
    course = form.course
    if course is None:
        return for_product(None, _desired(None, intended, Status.DRAFT))
    try:
        status = lifecycle.foresee(course, intended, lifecycle.stay)
    except NotReady as not_ready:
        return _reasons(not_ready)
    form.unusual_change = _unusual_change(course, intended, status)
    sentences = [for_product(course.billing, _desired(course, intended, status))]
    if form.unusual_change:
        sentences.insert(0, asks())
    if status == Status.ARCHIVED:
        sentences.append(_("The course is archived: nobody can buy it before it is restored."))
    return " ".join(sentences)


def button_lines(form: CourseForm) -> dict[str, ButtonLine]:
    """What each button beside the course's status would do, including saving the form's fields."""
    course = form.course
    if course is None:
        return {}
    intended = _intended(form)
    if isinstance(intended, str):
        return {
            name: ButtonLine(intended, unusual_changes.key_of(course.billing.price)) for name in BUTTONS[course.status]
        }
    return {
        name: ButtonLine(_button_words(course, intended, name), unusual_changes.key_of(intended.price))
        for name in BUTTONS[course.status]
    }


def _intended(form: CourseForm) -> Content | str:
    """What the course would become, or a sentence that says why it cannot be saved. An unbound form changes nothing."""
    if not form.is_bound:
        return Content.of(form.course) if form.course else _("Nothing is saved yet.")
    if form.understood is None and not form.is_valid():
        return _("This cannot be saved yet: see the messages beside the fields.")
    if form.course is None:
        return form.content()
    edit, theirs = form.understood or form.edit(), Content.of(form.course)
    if edit is None:
        return theirs
    merged = merge(edit, theirs)
    if merged.conflicts:
        return _(
            "This course was changed elsewhere while you were writing. Saving shows both versions, and you choose."
        )
    return merged.content


def changes(form: CourseForm) -> tuple[str, ...]:
    """The fields that saving this form would change or ask about; all of them if that is unknown."""
    if form.course is None or not form.is_valid():
        return field_names()
    edit = form.edit()
    merged = merge(edit, Content.of(form.course)) if edit else None
    return merged.changed + merged.conflicts if merged else ()


def _button_words(course: Course, intended: Content, name: str) -> str:
    try:
        status = lifecycle.foresee(course, intended, lifecycle.TRANSITIONS[name])
    except NotReady as not_ready:
        return _reasons(not_ready)
    undecided = bool({drift.field for drift in open_drifts(course.billing)} & KEEPS_OFF_SALE)
    sentences = [_outcome(name, status, intended.price, undecided=undecided)]
    if _unusual_change(course, intended, status):
        sentences.append(asks())
    if intended != Content.of(course):
        # Without the change of being on sale: that is the button's own effect, named above.
        besides = in_stripe(course.billing, _desired(course, intended, status), on_sale=False)
        sentences += [_("Your unsaved changes are saved with it."), besides]
    return " ".join(filter(None, sentences))


def _outcome(name: str, status: str, price: PriceSpec | None, *, undecided: bool) -> str:
    """The course's status after the button."""
    facts = {"price": price}
    match name, status, price is not None:
        case "publish", _status, True:
            return _("The course goes on sale at %(price)s.") % facts
        case "publish", _status, False:
            return _("The course is published. It costs nothing.")
        case "unpublish", _status, True:
            return _("The course goes off sale and is a draft again.")
        case "unpublish", _status, False:
            return _("The course is a draft again.")
        case "restore", Status.PUBLISHED, True if undecided:
            return _("The course is published again, and on sale once staff decide about the change made in Stripe.")
        case "restore", Status.PUBLISHED, True:
            return _("The course goes back on sale at %(price)s.") % facts
        case "restore", Status.PUBLISHED, False:
            return _("The course is published again. It costs nothing.")
        case "restore", _status, _priced:
            return _("The course is a draft again, not on sale.")
    return _(
        "The course goes off sale. People who bought it keep it; subscribers go on paying until they cancel; payment "
        "links stop working. It can be restored."
    )


def _reasons(not_ready: NotReady) -> str:
    return " ".join(reason for reasons in not_ready.errors.values() for reason in reasons)


def _unusual_change(course: Course, content: Content, status: str) -> unusual_changes.UnusualChange | None:
    was_on_sale, on_sale = course.status == Status.PUBLISHED, status == Status.PUBLISHED
    return unusual_changes.find(course.billing.price, content.price, was_on_sale=was_on_sale, on_sale=on_sale)


def _desired(course: Course | None, content: Content, status: str) -> Desired:
    texts = {Field.NAME: content.title, Field.DESCRIPTION: content.summary, Field.IMAGE: _image(course, content)}
    return Desired.of({**texts, **content.selling}, published=status == Status.PUBLISHED, price=content.price)


def _image(course: Course | None, content: Content) -> str:
    """The image URL Stripe would hold; for a picture that is not stored yet, a placeholder."""
    if isinstance(content.cover, NewCover):
        return "new" if settings.SITE_IS_PUBLIC else ""
    return course.billing.desired_image if course and content.cover else ""
