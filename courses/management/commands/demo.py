"""`manage.py demo`: users and courses for trying everything out."""

from argparse import ArgumentParser
from io import BytesIO
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from billings import money, pricing
from billings.models import PriceChange
from billings.money import PriceSpec
from billings.sync import desired
from courses import lifecycle
from courses.content import Content, NewCover
from courses.models import Course

PASSWORD = "course-demo"  # noqa: S105  public on purpose
TEACHER, OTHER, STAFF, ADMIN = "teacher@example.com", "other@example.com", "staff@example.com", "admin@example.com"

DRAFT, PUBLISHED, ARCHIVED = Course.Status.DRAFT, Course.Status.PUBLISHED, Course.Status.ARCHIVED


class Sample(NamedTuple):
    title: str
    summary: str
    subject: str
    status: str
    price: str = ""  # "49 usd", "9 usd month"; empty: free
    level: str = "all"
    language: str = "en"
    colours: tuple[str, str] | None = None
    earlier: str = ""
    owner: str = TEACHER


SAMPLES = (
    Sample("Watercolour from the first brush", "Twelve evenings from a wet sheet to a finished landscape.", "Art",
           PUBLISHED, "49 usd", "beginner", colours=("#7dd3fc", "#1d4ed8"), earlier="39 usd"),
    Sample("Bread at home", "Sourdough without a stand mixer, explained by a baker.", "Cooking",
           PUBLISHED, "35 eur", colours=("#fcd34d", "#b45309")),
    Sample("Statistics you can explain", "Means, errors and tests, until you can tell your grandmother.", "Mathematics",
           PUBLISHED, "129 usd", "intermediate", colours=("#a7f3d0", "#047857")),
    Sample("Chess club", "A new lesson and a game with comments every week.", "Games",
           PUBLISHED, "9 usd month", colours=("#d6d3d1", "#44403c"), earlier="7.50 usd month"),
    Sample("Spanish, a year of it", "Three short lessons a week and somebody who corrects you.", "Languages",
           PUBLISHED, "180 eur year", "beginner", "es", colours=("#fca5a5", "#b91c1c")),
    Sample("書道入門", "筆の持ち方から、はじめての一枚まで。", "Art", PUBLISHED, "5800 jpy", "beginner", "ja"),
    Sample("الخط العربي", "من القلم الأول إلى لوحة كاملة.", "Art", PUBLISHED, "14.500 kwd", "all", "ar"),
    Sample("Reading a balance sheet", "An afternoon that pays for itself.", "Business", PUBLISHED, "24.99 usd"),
    Sample("First aid for parents", "What to do before help arrives.", "Health", PUBLISHED),
    Sample("How to take notes", "Free, and useful in every other course.", "Learning", PUBLISHED, level="beginner"),
    Sample("Sketching people on trains", "Fast, kind and unnoticed.", "Art", DRAFT, "29 usd",
           colours=("#f5d0fe", "#7e22ce")),
    Sample("Piano: the left hand", "Independence in thirty exercises.", "Music", DRAFT, "59 usd", "intermediate"),
    Sample("Deutsch für den Beruf", "Besprechungen, E-Mails, Telefon.", "Languages", DRAFT, "79 eur", "advanced", "de"),
    Sample("Bookbinding studio", "A project each month, with its materials list.", "Crafts", DRAFT, "15 gbp month"),
    Sample("Astronomy with binoculars", "Forty objects for small instruments.", "Science", DRAFT, "1200 jpy"),
    Sample("Garden calendar", "What to do this week.", "Gardening", DRAFT),
    Sample("Untitled ideas", "", "", DRAFT),
    Sample("A summary is still to come", "", "Writing", DRAFT, "19 usd"),
    Sample("Black-and-white darkroom", "From film to print.", "Photography", ARCHIVED, "89 usd", "intermediate"),
    Sample("Knitting circle", "Used to meet every month.", "Crafts", ARCHIVED, "5 usd month"),
    Sample("Old habits of mind", "A free course that has had its time.", "Learning", ARCHIVED),
    Sample("Guitar in ten songs", "Chords first, theory later.", "Music", PUBLISHED, "45 usd", owner=OTHER,
           colours=("#fed7aa", "#c2410c")),
    Sample("Songwriting", "From a line to a demo.", "Music", DRAFT, "65 usd", "advanced", owner=OTHER),
    Sample("Ear training", "Ten minutes a day, free.", "Music", PUBLISHED, owner=OTHER),
)  # fmt: skip


class Command(BaseCommand):
    help = "Creates four users and 24 courses to try everything out with. Running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="also with DEBUG off")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.STRIPE_LIVE:
            raise CommandError("Rejected: STRIPE_SECRET_KEY is a live key, and demo courses would really be sold.")
        if not settings.DEBUG and not options["force"]:
            raise CommandError(
                "Rejected: DEBUG is off and everyone knows the demo password. Use --force if you mean it."
            )
        people = {email: _person(email) for email in (TEACHER, OTHER, STAFF, ADMIN)}
        people[STAFF].groups.add(Group.objects.get(name="Price managers"))
        # Created in reverse order, because the page shows the newest first.
        made = sum(_course(sample, people[sample.owner], people[STAFF]) for sample in reversed(SAMPLES))
        self.stdout.write(f"{made} courses created, {len(SAMPLES) - made} existed. The worker brings them to Stripe.")
        self.stdout.write(f"Sign in as {', '.join(people)}; the password is {PASSWORD}.")


def _person(email: str) -> User:
    found = User.objects.filter(email=email).first()
    if found:
        return found
    name = email.partition("@")[0]
    make = User.objects.create_superuser if email == ADMIN else User.objects.create_user
    person = make(name, email, PASSWORD)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def _course(sample: Sample, owner: User, staff: User) -> bool:
    """True if the course was created. Stripe is left to the worker."""
    if Course.objects.filter(owner=owner, title=sample.title).exists():
        return False
    course = lifecycle.create(
        owner=owner,
        content=_content(sample, price=_price(sample.earlier or sample.price)),
        status=sample.status,
        inline=False,
    )
    if sample.earlier:
        source = PriceChange.Source.STAFF
        pricing.set_price(
            course.billing, _price(sample.price), actor=staff, reason="Prices of the new year", source=source
        )
        desired.converge_after_commit(course.billing, inline=False)
    return True


def _content(sample: Sample, *, price: PriceSpec | None) -> Content:
    return Content(
        title=sample.title,
        summary=sample.summary,
        description=f"# What you will learn\n\n{sample.summary}\n\n- a lesson at a time\n- **something to do** in each",
        subject=sample.subject,
        level=sample.level,
        language=sample.language,
        cover=_cover(*sample.colours) if sample.colours else "",
        price=price,
    )


def _price(text: str) -> PriceSpec | None:
    if not text:
        return None
    amount, currency, *interval = text.split()
    parsed = money.parse_amount(amount, currency)
    return PriceSpec(parsed.amount, currency, "month" if "month" in interval else "year" if interval else None)


def _cover(first: str, last: str) -> NewCover:
    """A quiet gradient."""
    mask = Image.linear_gradient("L").resize((960, 600)).rotate(90 * 2)
    picture = Image.composite(Image.new("RGB", mask.size, first), Image.new("RGB", mask.size, last), mask)
    kept = BytesIO()
    picture.save(kept, "WEBP", quality=82)
    return NewCover(kept.getvalue())
