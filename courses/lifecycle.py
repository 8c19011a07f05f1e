"""Actions on a course: in one transaction each, the course, its price and what Stripe should sell change together.

Every function but `create` takes the `edit` that was sent with the button (None: the button alone) and saves it in the
same step. Repeating an action changes nothing. Each raises unusual_changes.Unconfirmed, and saves nothing, if the
change of price is unusual and nobody has confirmed it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext as _

from billings.drift.wording import open_drifts
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.prices import unusual_changes
from billings.sync import desired
from courses import cleanup
from courses.content import COURSE_COLUMNS, Content, NewCover, stored_cover
from courses.models import TITLE_LENGTH, Course
from courses.stripe_integration import (
    create_stripe_product_for_course,
    deactivate_stripe_product_for_course,
    update_stripe_product_for_course,
)
from courses.versions import Edit, Merge, digests, merge

Status = Course.Status
# The pictures stored in the current transaction.
_stored: ContextVar[list[FieldFile] | None] = ContextVar("stored", default=None)
# Pressing the same button again this soon is a double click: nobody has seen the copy yet.
DOUBLE_CLICK = timedelta(seconds=5)

# What a save writes beside the fields that it changes.
ABOUT_A_SAVE = ("status", "status_before_archive", "updated_by", "updated_at")


@dataclass
class NotReady(Exception):
    """The course cannot change as requested; `errors` says why, by field ("" for the course as a whole)."""

    errors: Mapping[str, list[str]]


@dataclass
class Conflict(Exception):
    """The same fields were changed concurrently; nothing was saved."""

    merge: Merge
    theirs: Content


@dataclass(frozen=True, slots=True)
class Done:
    """The course as it is now, and the fields changed elsewhere in the meantime."""

    course: Course
    came_in: tuple[str, ...] = ()


def create_once(course_id: UUID, *, owner: User, content: Content, status: str = Status.DRAFT) -> Course:
    """Create the course of a form, once, even if the form is sent twice (double click, reload).

    A form that was changed after it had created its course creates another one, but a picture that arrives only now is
    added to the existing course. Sent again to be published, it publishes the existing course. Raises NotReady if it is
    to be published without a summary; nothing is saved then.
    """
    try:
        return create(owner=owner, content=content, course_id=course_id, status=status)
    except IntegrityError:
        made = Course.objects.filter(pk=course_id).first()
        if made is None:  # it was not that the course is there already
            raise
    if made.owner != owner or not _is_as_sent(made, content):
        return create(owner=owner, content=content, status=status)
    edit = _lost_picture(made, content)
    if status == Status.PUBLISHED:
        return publish(made.pk, actor=owner, edit=edit).course
    return save(made.pk, actor=owner, edit=edit).course if edit else made


def _is_as_sent(course: Course, content: Content) -> bool:
    present = Content.of(course)
    return present == (replace(content, cover=present.cover) if isinstance(content.cover, NewCover) else content)


def _lost_picture(made: Course, content: Content) -> Edit | None:
    """The edit that adds a picture sent with the repeated form, if the course lacks it."""
    if not isinstance(content.cover, NewCover) or _has_picture(made, content.cover):
        return None
    return Edit(content, frozenset({"cover"}), digests(Content.of(made)))


def _has_picture(course: Course, picture: NewCover) -> bool:
    if not course.cover:
        return False
    with course.cover.open() as file:
        return bool(file.read() == picture.data)


def create(
    *, owner: User, content: Content, course_id: UUID | None = None, status: str = Status.DRAFT, inline: bool = True
) -> Course:
    """Create a course with its price, a draft by default; Stripe is told after the commit.

    With `inline` off, the worker alone tells Stripe.
    """
    with _saving():
        course = Course(id=course_id or uuid4(), owner=owner, status=status, updated_by=owner)
        if status == Status.ARCHIVED:
            course.status_before_archive = Status.PUBLISHED
        _write(course, content)
        _check_presentable(course)
        course.save(force_insert=True)
        create_stripe_product_for_course(
            course, price=content.price, selling=content.selling, actor=owner, inline=inline
        )
    return course


def save(course_id: UUID, *, actor: User, edit: Edit | None) -> Done:
    """Save an edit, merged with concurrent changes. Raises Conflict or NotReady; nothing is saved then."""
    return _change(course_id, stay, actor=actor, edit=edit)


def publish(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Publish the course and, if it has a price, put it on sale. Raises NotReady without a summary or with drift."""
    return _change(course_id, _publish, actor=actor, edit=edit)


def unpublish(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Back to a draft, off sale. Raises NotReady for an archived course, or for a price the button did not name."""
    return _change(course_id, _unpublish, actor=actor, edit=edit)


def archive(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Archive the course, off sale; its status is remembered. Raises NotReady as `unpublish` does."""
    return _change(course_id, _archive, actor=actor, edit=edit)


def restore(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Back to the status before `archive`.

    Raises NotReady if that was published and the summary is missing, or for a price the button did not name.
    """
    return _change(course_id, _restore, actor=actor, edit=edit)


def retry(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Ask Stripe again now, including what it rejected before."""
    with _saving():
        done = _change(course_id, stay, actor=actor, edit=edit)
        desired.retry(done.course.billing)
    return done


def duplicate(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Create a draft with the form's content and nothing of Stripe's; `Done.course` is the copy.

    The original is not saved, so there are no conflicts. Pressed several times at once it makes one copy: whoever gets
    the lock second finds the course created since the button was pressed.
    """
    pressed_at = timezone.now()
    with _saving():
        course = _locked(course_id)
        present = Content.of(course)
        merged = merge(edit, present) if edit else Merge(present)
        typed = merged.content.taking(merged.conflicts, edit.content) if edit else merged.content
        content = _copied(course, typed)
        made = _made_since(pressed_at - DOUBLE_CLICK, course.owner, content) or create(
            owner=course.owner, content=content
        )
    return Done(made, merged.came_in)


def _made_since(moment: datetime, owner: User, content: Content) -> Course | None:
    """The draft that the same click has created already, if it is unchanged."""
    drafts = Course.objects.filter(owner=owner, status=Status.DRAFT, title=content.title, created_at__gte=moment)
    return next((made for made in drafts.select_related("billing") if _is_as_sent(made, content)), None)


def stay(course: Course) -> None:
    """The transition of a plain save: no change of status."""


def foresee(course: Course, content: Content, transition: Callable[[Course], None]) -> str:
    """The status in which `transition` would leave the course with this content. Saves nothing.

    Raises NotReady as the transition itself would.
    """
    trial = copy(course)
    trial.summary = content.summary
    transition(trial)
    _check_presentable(trial)
    return str(trial.status)


def _change(course_id: UUID, transition: Callable[[Course], None], *, actor: User, edit: Edit | None) -> Done:
    with _saving():
        course = _locked(course_id)
        before = (course.status, Content.of(course))
        merged = _merged(edit, before[1]) if edit else Merge(before[1])
        _write(course, merged.content)
        transition(course)
        _check_presentable(course)
        if transition in (_unpublish, _archive, _restore) and edit:
            _check_told(edit, before[1].price, merged.content.price)
        unusual_changes.check(
            before[1].price,
            merged.content.price,
            was_on_sale=before[0] == Status.PUBLISHED,
            on_sale=course.status == Status.PUBLISHED,
            confirm=edit.confirm if edit else "",
        )
        if merged.changed or course.status != before[0]:
            course.updated_by = actor
            course.save(update_fields=[*(COURSE_COLUMNS & {*merged.changed}), *ABOUT_A_SAVE])
            _tell_stripe(course, merged.content, actor)
    return Done(course, merged.came_in)


def _locked(course_id: UUID) -> Course:
    """The course and its billing row, both locked: staff may be changing its price."""
    rows = BillingProduct.objects.select_related("course")
    # In this order, as everybody locks them who locks both.
    return rows.select_for_update(of=("course", "self")).get(course=course_id).course


def _merged(edit: Edit, theirs: Content) -> Merge:
    merged = merge(edit, theirs)
    if merged.conflicts:
        raise Conflict(merged, theirs)
    return merged


@contextmanager
def _saving() -> Iterator[None]:
    """A transaction; if it fails, the pictures stored in it are deleted."""
    outer, stored = _stored.get(), list[FieldFile]()
    here, done = _stored.set(stored), False
    try:
        with transaction.atomic():
            yield
            done = True
    except BaseException:
        _delete_stored(stored, may_be_saved=done)
        raise
    finally:
        _stored.reset(here)
    if outer is not None:
        outer.extend(stored)


def _delete_stored(pictures: list[FieldFile], *, may_be_saved: bool) -> None:
    """`may_be_saved`: the commit itself failed, so the database may have saved the course."""
    names = [str(picture.name) for picture in pictures if getattr(picture, "_committed", False)]
    if may_be_saved:
        with suppress(DatabaseError):  # the worker's clean-up deletes them a day later
            cleanup.delete_unused(*names)
        return
    for name in names:
        Course._meta.get_field("cover").storage.delete(name)


def _write(course: Course, content: Content) -> None:
    old_cover = course.cover.name
    for name in ("title", "summary", "description", "subject", "level", "language"):
        setattr(course, name, getattr(content, name))
    if isinstance(content.cover, NewCover):
        course.cover = ContentFile(content.cover.data, name="cover.webp")
        if (stored := _stored.get()) is not None:
            stored.append(course.cover)
    else:
        course.cover = content.cover
    if old_cover and old_cover != course.cover.name:
        transaction.on_commit(partial(cleanup.delete_unused, old_cover), robust=True)


def _tell_stripe(course: Course, content: Content, actor: User) -> None:
    archived = course.status == Status.ARCHIVED
    tell = deactivate_stripe_product_for_course if archived else update_stripe_product_for_course
    tell(course, price=content.price, selling=content.selling, actor=actor)


def _publish(course: Course) -> None:
    _reject_archived(course)
    if course.status == Status.PUBLISHED:
        return
    if open_drifts(course.billing):
        raise NotReady(
            {"": [_("Something of this course was changed in Stripe. It can be published once that is decided.")]}
        )
    course.status = Status.PUBLISHED


def _unpublish(course: Course) -> None:
    _reject_archived(course)
    course.status = Status.DRAFT


def _archive(course: Course) -> None:
    if course.status != Status.ARCHIVED:
        course.status_before_archive, course.status = course.status, Status.ARCHIVED


def _restore(course: Course) -> None:
    if course.status == Status.ARCHIVED:
        course.status, course.status_before_archive = course.status_before_archive, ""


TRANSITIONS: Mapping[str, Callable[[Course], None]] = {
    "publish": _publish,
    "unpublish": _unpublish,
    "archive": _archive,
    "restore": _restore,
}


def _check_told(edit: Edit, old: PriceSpec | None, new: PriceSpec | None) -> None:
    """Buttons that do not concern the price save a newly typed one only after their text has named it."""
    if old != new and edit.told is not None and edit.told != unusual_changes.key_of(new):
        facts = {"price": new or _("free")}
        message = _("The price is about to become %(price)s. Read what the button says now, then press it again.")
        raise NotReady({"price": [message % facts]})


def _reject_archived(course: Course) -> None:
    if course.status == Status.ARCHIVED:
        raise NotReady({"": [_("This course is archived. Restore it first.")]})


def _check_presentable(course: Course) -> None:
    if course.status == Status.PUBLISHED and not course.summary:
        raise NotReady({"summary": [_("Write a summary first: buyers see it at checkout.")]})


def _copied(course: Course, content: Content) -> Content:
    """With a picture file of its own, so that replacing one picture never deletes the other's."""
    title = _("Copy of %(title)s") % {"title": content.title}
    is_kept = isinstance(content.cover, str) and content.cover
    cover = (stored_cover(course) or "") if is_kept else content.cover
    return replace(content, title=title[:TITLE_LENGTH].rstrip(), cover=cover)
