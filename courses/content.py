"""The fields of a course that a teacher edits, as one value that is validated, compared, merged and saved."""

from dataclasses import dataclass, field, fields

from billings.money import PriceSpec
from courses.models import Course


@dataclass(frozen=True, slots=True)
class NewCover:
    """A picture that is not stored yet, already validated and re-encoded as WebP."""

    data: bytes
    # The upload was animated; `data` has its first frame. Used for one message, so it does not affect equality.
    animated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Every field of the course form. Amount, currency and interval are one field, the price (None: free)."""

    title: str
    summary: str
    description: str
    subject: str
    level: str
    language: str
    cover: str | NewCover  # the stored name (empty: none), or a picture that is not stored yet
    price: PriceSpec | None

    @classmethod
    def of(cls, course: Course) -> "Content":
        return cls(
            title=course.title,
            summary=course.summary,
            description=course.description,
            subject=course.subject,
            level=course.level,
            language=course.language,
            cover=course.cover.name or "",
            price=course.billing.price,
        )


FIELDS = tuple(one.name for one in fields(Content))


def stored_cover(course: Course) -> NewCover | None:
    """The course's stored picture; None if there is none or its file is lost."""
    try:
        with course.cover.open("rb") as file:
            return NewCover(file.read())
    except (ValueError, FileNotFoundError):
        return None
