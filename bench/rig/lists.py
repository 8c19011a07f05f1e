"""Every list of the portal on one engine, beside Django's admin with the same rows. Run by `bench/lists.py`.

Both are requested through Django's test client in one process, with all middleware: the server and the network add the
same to both and are left out. Responses are not compressed.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from rig.timing import Page

OF_ADMIN, EDITOR_OF_ADMIN, GROWTH = 0.5, 1.0, 1.5
MOST_QUERIES = 8
SHOWN_SQL = 900


@dataclass(frozen=True)
class Case:
    """A list's URL in the portal and in the admin; `beside` is empty if the admin has no equivalent."""

    name: str
    address: str
    beside: str = ""
    by_teacher: bool = False
    goal: float = OF_ADMIN


def main(engine: str, seed: str, seconds: str, statements: str, *sizes: str) -> None:
    prepare()
    from django.core.management import call_command

    from rig import admin_beside, rows
    from rig.report import say

    admin_beside.install()
    call_command("migrate", verbosity=0)
    teacher, staff = rows.people()
    chance = random.Random(int(seed))
    growth: dict[str, list[Page]] = {}
    for size in map(int, sizes):
        started = time.perf_counter()
        rows.fill(size, chance)
        say(f"\n{engine}: {size:,} courses, filled in {time.perf_counter() - started:.0f} s")
        heading()
        for case in cases(teacher, size):
            ours = measured(case, teacher, staff, float(seconds))
            growth.setdefault(case.name, []).append(ours)
            if statements:
                tell_statements(ours)
    if len(sizes) > 1:
        tell_growth(growth, goal=GROWTH if engine == "postgres" else None)


def prepare() -> None:
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "site"), str(ROOT), str(ROOT / "bench")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()


def cases(teacher: Any, size: int) -> Iterator[Case]:
    yield from staffs_cases(size)
    yield from teachers_cases(teacher)
    yield from sync_cases()
    yield editor_case(teacher)


def staffs_cases(size: int) -> Iterator[Case]:
    from billings.models import BillingProduct
    from billings.status import STATES
    from rig.admin_beside import PER_PAGE, address

    def case(name: str, query: str, **beside: Any) -> Case:
        return Case(f"staff: {name}", f"/billing/prices/{query}", address(BillingProduct, **beside) if beside else "")

    pages = size // PER_PAGE
    yield case("all", "", o="")
    for page, name in ((pages // 2, "a page in the middle"), (pages, "the last page")):
        yield case(name, f"?page={page}", p=page)
    for status in ("draft", "published", "archived"):
        yield case(f"status {status}", f"?status={status}", desired_status__exact=status)
    for state in STATES:
        yield case(f"billing {state}", f"?billing={state}")
    for currency in ("usd", "kwd"):
        yield case(f"currency {currency}", f"?currency={currency}", desired_currency__exact=currency)
    yield case("cause unreachable", "?cause=unreachable", trouble__exact="unreachable")
    yield case("cause rejected name", "?cause=rejected_name", rejections__field__exact="name")
    yield case("published in usd", "?status=published&currency=usd", desired_status__exact="published",
               desired_currency__exact="usd")  # fmt: skip
    for place, name in ((1, "title"), (2, "teacher"), (3, "price"), (6, "changed")):
        yield case(f"sort by {name}", f"?sort={name}", o=place)
        yield case(f"sort by {name}, down", f"?sort=-{name}", o=-place)
    product = BillingProduct.objects.exclude(stripe_id="").order_by("pk")[size // 3]
    for name, text in searches():
        yield case(f"search {name}", f"?q={quote(text)}", q=quote(text))
    yield case("search a teacher's address", "?q=teacher17@", q="teacher17@")
    yield case("search $49", "?q=%2449")
    yield case("search a product's id", f"?q={product.stripe_id}", q=product.stripe_id)
    yield case("search a price's id", f"?q={product.observed_default_price}")


def searches() -> Iterator[tuple[str, str]]:
    from rig.rows import RARE_WORD

    yield "a common word", "beginners"
    yield "a usual word", "Sourdough"
    yield "a rare word", RARE_WORD
    yield "two letters", "an"
    yield "two words", "Guitar beginners"
    yield "four words", "Guitar for beginners part"
    yield "nothing found", "qwxzj"


def teachers_cases(teacher: Any) -> Iterator[Case]:
    from courses.models import Course
    from rig.admin_beside import PER_PAGE, address

    def case(name: str, query: str, **beside: Any) -> Case:
        asked = address(Course, owner__id__exact=teacher.pk, **beside) if beside else ""
        return Case(f"teacher: {name}", f"/courses/{query}", asked, by_teacher=True)

    pages = max(Course.objects.filter(owner=teacher).count() // PER_PAGE, 1)
    yield case("all", "", o=-4)
    for page, name in ((max(pages // 2, 1), "a page in the middle"), (pages, "the last page")):
        yield case(name, f"?page={page}", o=-4, p=page)
    for status in ("draft", "archived"):
        yield case(f"status {status}", f"?status={status}", status__exact=status)
    for state in ("in_sync", "drift", "retrying"):
        yield case(f"billing {state}", f"?billing={state}")
    for place, name in ((1, "title"), (2, "price"), (3, "status"), (4, "updated")):
        yield case(f"sort by {name}", f"?sort={name}", o=place)
        yield case(f"sort by {name}, down", f"?sort=-{name}", o=-place)
    for name, text in searches():
        yield case(f"search {name}", f"?q={quote(text)}", q=quote(text))
    yield case("search $49", "?q=%2449")


def sync_cases() -> Iterator[Case]:
    from billings.models import Drift
    from rig.admin_beside import address

    found = Drift.objects.order_by("pk")
    yield Case("sync: the page", "/billing/sync/", address(Drift))
    yield Case("sync: drifts in the middle", f"/billing/sync/?after={found[found.count() // 2].pk}", address(Drift))


def editor_case(teacher: Any) -> Case:
    from courses.models import Course

    course = Course.objects.filter(owner=teacher).order_by("pk")[7]
    beside = f"/beside/courses/course/{course.pk}/change/"
    return Case("editor", f"/courses/{course.pk}/", beside, by_teacher=True, goal=EDITOR_OF_ADMIN)


def measured(case: Case, teacher: Any, staff: Any, seconds: float) -> "Page":
    from rig.timing import Page, compare, signed_in

    ours = Page(signed_in(teacher if case.by_teacher else staff), case.address)
    admins = Page(signed_in(staff), case.beside) if case.beside else None
    compare(*filter(None, (ours, admins)), seconds=seconds)
    tell_case(case, ours, admins)
    return ours


def tell_statements(page: "Page") -> None:
    """The two slowest statements of one response, with their parameters."""
    from rig.report import say

    for seconds, sql in sorted(page.statements, reverse=True)[:2]:
        say(f"      {seconds * 1000:.1f} ms: {sql[:SHOWN_SQL]}")


def heading() -> None:
    from rig.report import say

    say(f"  {'':<32} {'median':>8} {'p95':>8} {'queries':>7}   {'admin':>8} {'p95':>8} {'queries':>7} {'ratio':>6}")


def tell_case(case: Case, ours: "Page", admins: "Page | None") -> None:
    from rig.report import say

    line = f"  {case.name:<32} {ours.median:>8.1f} {ours.p95:>8.1f} {ours.queries:>7}"
    missed = [] if ours.queries <= MOST_QUERIES else ["queries"]
    if admins:
        ratio = ours.median / admins.median
        line += f"   {admins.median:>8.1f} {admins.p95:>8.1f} {admins.queries:>7} {ratio:>6.2f}"
        missed += [] if ratio <= case.goal else [f"goal {case.goal:g}"]
    say(f"{line}  {'MISSED ' + ', '.join(missed) if missed else ''}".rstrip())


def tell_growth(growth: dict[str, list["Page"]], *, goal: float | None) -> None:
    from rig.report import say

    say("\n  p95 of ours in the largest catalogue, by that in the smallest" + (f" (goal {goal:g})" if goal else ""))
    for name, pages in growth.items():
        ratio = pages[-1].p95 / pages[0].p95
        say(f"  {name:<32} {ratio:>8.2f}  {'MISSED' if goal and ratio > goal else ''}".rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:])
