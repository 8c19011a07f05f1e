"""A course as a row of the teacher's list."""

from dataclasses import dataclass

from billings.prices.row_polling import PolledRow
from billings.status import Status, describe
from courses.models import Course

# The number of colour classes in the style sheet, `cover-tone-0` and so on.
TONES = 8
# Statuses whose label already tells whether a course is a draft, published or archived.
SELF_EXPLANATORY = frozenset({"in_sync", "free", "archived"})


@dataclass(frozen=True, slots=True)
class Card:
    course: Course
    status: Status

    @classmethod
    def of(cls, course: Course, *, staff: bool) -> "Card":
        return cls(course, describe(course.billing, staff=staff))

    @property
    def mark(self) -> str:
        return self.watched.mark

    @property
    def watched(self) -> PolledRow:
        return PolledRow(self.course.billing, self.status)

    @property
    def initials(self) -> str:
        """Shown instead of a missing cover: the first letters of the title's first two words."""
        return "".join(next(filter(str.isalnum, word), "") for word in self.course.title.split()[:2]).upper()

    @property
    def tone(self) -> int:
        """The number of the fallback's colour, always the same for a course."""
        return self.course.id.int % TONES

    @property
    def facts(self) -> list[str]:
        """The line under the title; includes the course's status unless the billing label already tells it."""
        status = "" if self.status.state in SELF_EXPLANATORY else self.course.get_status_display()
        return [str(fact) for fact in (status, self.course.subject, self.course.get_level_display()) if fact]
