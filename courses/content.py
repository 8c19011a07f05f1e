"""The fields of a course that a teacher edits, as one value that is validated, compared, merged and saved."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from billings import product_fields
from billings.money import PriceSpec
from billings.product_fields import BY_FIELD, Field, Texts
from courses.models import Course


@dataclass(frozen=True, slots=True)
class NewCover:
    """A picture that is not stored yet, already validated and re-encoded as WebP."""

    data: bytes
    # The upload was animated; `data` has its first frame. Used for one message, so it does not affect equality.
    animated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Every field of the course form. Amount, currency and interval are one field, the price (None: free).

    `selling` holds the fields stored in billing besides the price; the settings say which there are.
    """

    title: str
    summary: str
    description: str
    subject: str
    level: str
    language: str
    cover: str | NewCover  # the stored name (empty: none), or a picture that is not stored yet
    price: PriceSpec | None
    selling: Texts = field(default_factory=dict)

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
            selling={name: getattr(course.billing, BY_FIELD[name].desired_column) for name in product_fields.inputs()},
        )

    def value(self, name: str) -> Any:
        return self.selling[Field(name)] if name in self.selling else getattr(self, name)

    def taking(self, names: Iterable[str], other: "Content") -> "Content":
        """A copy with these fields taken from `other`."""
        names = set(names)
        selling = {name: (other if name in names else self).selling[name] for name in self.selling}
        own = {name: getattr(other, name) for name in names - selling.keys()}
        return replace(self, **own, selling=selling)


OWN_FIELDS = tuple(one.name for one in fields(Content) if one.name != "selling")
COURSE_COLUMNS = frozenset(OWN_FIELDS) - {"price"}


def field_names() -> tuple[str, ...]:
    """The fields that two people can change at the same time."""
    return (*OWN_FIELDS, *product_fields.inputs())


def stored_cover(course: Course) -> NewCover | None:
    """The course's stored picture; None if there is none or its file is lost."""
    try:
        with course.cover.open("rb") as file:
            return NewCover(file.read())
    except (ValueError, FileNotFoundError):
        return None
