"""A course as a row of its teacher's list: each fact once."""

from dataclasses import dataclass

from billings.prices.watching import Watched
from billings.status import Status, describe
from courses.models import Course

# As many calm colours as the style sheet has classes `cover-tone-0` and so on.
TONES = 8
# Chips that tell by themselves whether a course is a draft, published or archived.
TELLING = frozenset({"in_sync", "free", "archived"})


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
    def watched(self) -> Watched:
        return Watched(self.course.billing, self.status)

    @property
    def initials(self) -> str:
        """What stands where a cover is missing: the first letters of the title's first two words."""
        return "".join(next(filter(str.isalnum, word), "") for word in self.course.title.split()[:2]).upper()

    @property
    def tone(self) -> int:
        """One of the fallback's colours, the same one for ever."""
        return self.course.id.int % TONES

    @property
    def facts(self) -> list[str]:
        """What stands under the title; whether it is published only where the chip speaks of something else."""
        status = "" if self.status.state in TELLING else self.course.get_status_display()
        return [str(fact) for fact in (status, self.course.subject, self.course.get_level_display()) if fact]
