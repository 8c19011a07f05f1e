"""What happens to a course: in one transaction each, the course, its price and what Stripe should sell change as one.

Every function but `create` takes the `edit` that came with the press of the button (None: the button alone) and saves
it in the same step. Doing twice what was already done changes nothing. Each raises price_slips.Unconfirmed, and then
nothing is saved, where the price would change as by a slip of the finger and nobody said yes to that.
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
from billings.prices import slips
from billings.sync import desired
from courses import leftovers
from courses.content import Content, NewCover, stored_cover
from courses.models import TITLE_LENGTH, Course
from courses.stripe_integration import (
    create_stripe_product_for_course,
    deactivate_stripe_product_for_course,
    update_stripe_product_for_course,
)
from courses.versions import Edit, Merge, digests, merge

Status = Course.Status
# The pictures that the transaction under way has stored.
_stored: ContextVar[list[FieldFile] | None] = ContextVar("stored", default=None)
# A press of the same button so soon after the last is the same press: nobody has seen the copy yet.
DOUBLE_CLICK = timedelta(seconds=5)


@dataclass
class NotReady(Exception):
    """The course cannot go where it was sent; `errors` says why, by field ("" for the course as a whole)."""

    errors: Mapping[str, list[str]]


@dataclass
class Conflict(Exception):
    """Somebody else changed the same fields meanwhile; nothing was saved."""

    merge: Merge
    theirs: Content


@dataclass(frozen=True, slots=True)
class Done:
    """The course as it is now, and what came in from elsewhere and stayed."""

    course: Course
    came_in: tuple[str, ...] = ()


def create_once(course_id: UUID, *, owner: User, content: Content, status: str = Status.DRAFT) -> Course:
    """The course that a form makes, also when the form is sent twice (a double click, a reload of what was sent).

    A form that was changed after it had made its course makes another one; but a picture that comes in only now,
    because it had been lost on the way, is the course's. Sent again to be published, it publishes the one it made.
    Raises NotReady where it is to be published without a summary, and then nothing is saved.
    """
    made = Course.objects.filter(pk=course_id).first()
    if made is None:
        try:
            return create(owner=owner, content=content, course_id=course_id, status=status)
        except IntegrityError:  # the other click was faster
            made = Course.objects.get(pk=course_id)
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
    """The picture that came in with the same form again, where the course has not got it."""
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
    """A new course with its price, a draft unless told otherwise; Stripe hears of it when this has committed.

    With `inline` off, the worker alone tells Stripe.
    """
    with _saving():
        course = Course(id=course_id or uuid4(), owner=owner, status=status, updated_by=owner)
        if status == Status.ARCHIVED:
            course.status_before_archive = Status.PUBLISHED
        _write(course, content)
        _check_presentable(course)
        course.save(force_insert=True)
        create_stripe_product_for_course(course, price=content.price, actor=owner, inline=inline)
    return course


def save(course_id: UUID, *, actor: User, edit: Edit | None) -> Done:
    """Save an edit, merged with what changed meanwhile. Raises Conflict or NotReady, and then nothing is saved."""
    return _change(course_id, stay, actor=actor, edit=edit)


def publish(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Show the course and, if it has a price, put it on sale. Raises NotReady without a summary, or while drifted."""
    return _change(course_id, _publish, actor=actor, edit=edit)


def unpublish(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Back to a draft, off sale. Raises NotReady for an archived course, or for a price that was not spoken of."""
    return _change(course_id, _unpublish, actor=actor, edit=edit)


def archive(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Put the course away, off sale; it remembers the status it had. Raises NotReady as `unpublish` does."""
    return _change(course_id, _archive, actor=actor, edit=edit)


def restore(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Back to the status before `archive`.

    Raises NotReady where that was published and the summary is gone, or for a price that was not spoken of.
    """
    return _change(course_id, _restore, actor=actor, edit=edit)


def retry(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """Ask Stripe again at once, also what it refused before."""
    with _saving():
        done = _change(course_id, stay, actor=actor, edit=edit)
        desired.retry(done.course.billing)
    return done


def duplicate(course_id: UUID, *, actor: User, edit: Edit | None = None) -> Done:
    """A draft with what the form says, and nothing of Stripe's; `Done.course` is the copy.

    The original is not saved: what its form says besides stays unsaved. So nothing can conflict either. Pressed several
    times at once it makes one copy: who comes second through the lock finds what was made since the button was pressed.
    """
    pressed_at = timezone.now()
    with _saving():
        course = _locked(course_id)
        present = Content.of(course)
        merged = merge(edit, present) if edit else Merge(present)
        typed = {name: getattr(edit.content, name) for name in merged.conflicts} if edit else {}
        content = _copied(course, replace(merged.content, **typed))
        made = _made_since(pressed_at - DOUBLE_CLICK, course.owner, content) or create(
            owner=course.owner, content=content
        )
    return Done(made, merged.came_in)


def _made_since(moment: datetime, owner: User, content: Content) -> Course | None:
    """The draft that the same press made already, if nobody has changed it."""
    drafts = Course.objects.filter(owner=owner, status=Status.DRAFT, title=content.title, created_at__gte=moment)
    return next((made for made in drafts.select_related("billing") if _is_as_sent(made, content)), None)


def stay(course: Course) -> None:
    """The transition of a plain save: none."""


def foresee(course: Course, content: Content, transition: Callable[[Course], None]) -> str:
    """The status in which `transition` would leave the course with this content. Nothing is saved.

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
        slips.check(
            before[1].price,
            merged.content.price,
            was_on_sale=before[0] == Status.PUBLISHED,
            on_sale=course.status == Status.PUBLISHED,
            confirm=edit.confirm if edit else "",
        )
        if merged.changed or course.status != before[0]:
            course.updated_by = actor
            course.save()
            _tell_stripe(course, merged.content, actor)
    return Done(course, merged.came_in)


def _locked(course_id: UUID) -> Course:
    """The course and its billing row, both locked: its price may be under staff's hands at this moment."""
    course = Course.objects.select_for_update().get(pk=course_id)
    course.billing = BillingProduct.objects.select_for_update().get(course=course)
    return course


def _merged(edit: Edit, theirs: Content) -> Merge:
    merged = merge(edit, theirs)
    if merged.conflicts:
        raise Conflict(merged, theirs)
    return merged


@contextmanager
def _saving() -> Iterator[None]:
    """A transaction; where it fails, the pictures that were stored in it are deleted."""
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
    """`may_be_saved`: it failed at its very end, and the database may have saved it before it was lost."""
    names = [str(picture.name) for picture in pictures if getattr(picture, "_committed", False)]
    if may_be_saved:
        with suppress(DatabaseError):  # a day later the worker finds them
            leftovers.delete_unnamed(*names)
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
        transaction.on_commit(partial(leftovers.delete_unnamed, old_cover), robust=True)


def _tell_stripe(course: Course, content: Content, actor: User) -> None:
    archived = course.status == Status.ARCHIVED
    tell = deactivate_stripe_product_for_course if archived else update_stripe_product_for_course
    tell(course, price=content.price, actor=actor)


def _publish(course: Course) -> None:
    _refuse_archived(course)
    if course.status == Status.PUBLISHED:
        return
    if open_drifts(course.billing):
        raise NotReady(
            {"": [_("Something of this course was changed in Stripe. It can be published once that is decided.")]}
        )
    course.status = Status.PUBLISHED


def _unpublish(course: Course) -> None:
    _refuse_archived(course)
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
    """None of these buttons is about the price: one that was typed is saved with them only after they have said so."""
    if old != new and edit.told is not None and edit.told != slips.key_of(new):
        facts = {"price": new or _("free")}
        words = _("The price is about to become %(price)s. Read what the button says now, then press it again.")
        raise NotReady({"price": [words % facts]})


def _refuse_archived(course: Course) -> None:
    if course.status == Status.ARCHIVED:
        raise NotReady({"": [_("This course is archived. Restore it first.")]})


def _check_presentable(course: Course) -> None:
    if course.status == Status.PUBLISHED and not course.summary:
        raise NotReady({"summary": [_("Write a summary first: buyers see it at checkout.")]})


def _copied(course: Course, content: Content) -> Content:
    """With a picture file of its own, so that replacing one picture never takes away the other."""
    title = _("Copy of %(title)s") % {"title": content.title}
    is_kept = isinstance(content.cover, str) and content.cover
    cover = (stored_cover(course) or "") if is_kept else content.cover
    return replace(content, title=title[:TITLE_LENGTH].rstrip(), cover=cover)
