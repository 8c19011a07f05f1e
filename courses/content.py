"""What a teacher writes about a course, as values: what is validated, compared, merged and saved as one."""

from dataclasses import dataclass, field, fields

from billings.money import PriceSpec
from courses.models import Course


@dataclass(frozen=True, slots=True)
class NewCover:
    """A picture that is not stored yet, already validated and encoded again (WebP)."""

    data: bytes
    # It moved: only its first frame is in `data`. That is said once and not kept, so it tells no two covers apart.
    animated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Every field that the course form overwrites. Amount, currency and interval are one: the price (None: free)."""

    title: str
    summary: str
    description: str
    subject: str
    level: str
    language: str
    cover: str | NewCover  # the stored name, empty for none, or a picture yet to be stored
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
    """The course's picture as it is kept; None without one, or where its file was lost."""
    try:
        with course.cover.open("rb") as file:
            return NewCover(file.read())
    except (ValueError, FileNotFoundError):
        return None
