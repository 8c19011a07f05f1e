"""The documentation has no broken links, and covers every setting, URL and field of the API."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from billings.operations import housekeeping
from billings.sync import events
from config import asgi_to_wsgi, health, server
from config.tests.urls_under_test import addresses
from courses import covers
from courses.forms import CourseForm
from courses.management.commands.demo import SAMPLES
from web.body_limits import KILOBYTE, MEGABYTE, ORDINARY

ROOT: Path = settings.BASE_DIR
SKIPPED = {".venv", "node_modules", "staticfiles", "media", "artifacts"}
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
README = (ROOT / "README.md").read_text()


def documents() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not SKIPPED & {*parts} and not any(part.startswith(".") for part in parts):
            yield path


def anchors(markdown: str) -> set[str]:
    """The fragments of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(markdown: str) -> list[str]:
    without_code = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    return [target for target in LINK.findall(without_code) if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("document", list(documents()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_heading(document):
    broken = []
    for target in links(document.read_text()):
        name, _, fragment = target.partition("#")
        file = (document.parent / name) if name else document
        if not file.exists() or (fragment and fragment not in anchors(file.read_text())):
            broken.append(target)

    assert not broken


@pytest.mark.parametrize("document", list(documents()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_that_is_named_exists(document):
    named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|html|txt|css|js|toml))`", document.read_text())
    places = (ROOT, document.parent, *(ROOT / room for room in ("site", "static/js", "tools/stripe_sandbox")))

    assert not [
        name for name in named if not name.startswith("/") and not any((place / name).exists() for place in places)
    ]


def test_every_setting_is_in_the_readme_and_in_the_example():
    source = (ROOT / "site/config/settings.py").read_text()
    names = set(re.findall(r'(?:_setting|_list)\(\s*"([A-Z_]+)"', source))
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    table = set(re.findall(r"`([A-Z][A-Z_]+)`", README.partition("## Settings")[2].partition("\n## ")[0]))

    assert len(names) > 20
    assert not names - table
    assert not names - example


def test_the_api_page_names_every_field_of_a_course():
    page = (ROOT / "docs/api.md").read_text()

    assert not {name for name in CourseForm.base_fields if f"`{name}`" not in page}


def test_the_api_page_names_urls_that_exist():
    """Each as it is written there, without the query; `<uuid>` and `<id>` stand for any."""
    routes = {re.sub(r"<[^>]+>", "<>", f"/{address.route}") for address in addresses()}
    page = (ROOT / "docs/api.md").read_text()
    rows = [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in page.splitlines() if line.startswith("| `/")]
    named = []
    for first, *others in rows:
        named.append(first)
        named += [other if other.startswith("/") else re.sub(r"[^/]+/$", other, first) for other in others]

    assert len(named) > 20
    assert not {url for url in named if re.sub(r"<[^>]+>", "<>", url.partition("?")[0]) not in routes | {"/"}}


def test_the_readmes_numbers_are_those_of_the_code():
    said = " ".join(README.split())
    limits = dict(re.findall(r"^(MOST_\w+) = ([\d_]+)$", (ROOT / "e2e/audit.py").read_text(), re.MULTILINE))
    light, heavy = int(limits["MOST_BYTES"]) // 1000, int(limits["MOST_BYTES_TO_WRITE"]) // 1000
    total = re.search(
        r"^all +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", (ROOT / "docs/campaign.md").read_text(), re.MULTILINE
    )
    assert total, "the campaign's table has a line of totals"
    cases, recovered, duplicates, orphans, most = total.groups()
    upload = (covers.MAX_BYTES + MEGABYTE) // MEGABYTE
    rate = asgi_to_wsgi.BODY_BYTES_PER_SECOND // KILOBYTE

    for phrase in (
        f"at most {light} kB ({heavy} kB where a course is written) and {limits['MOST_REQUESTS']} requests",
        f"at most {limits['MOST_QUERIES']} queries",
        f"{cases} cases, {recovered} recovered by the worker alone, {duplicates} duplicates, {orphans} orphans",
        f"at most {most} requests including the recovery",
        f"four users and {len(SAMPLES)} courses",
        f"{ORDINARY.bytes // KILOBYTE} kB and no files, {upload} MB where a course with its cover is sent",
        f"at most {server.HEAD_SECONDS} seconds for the head",
        f"then {asgi_to_wsgi.BODY_SECONDS} plus one for each {rate} kB",
        f"dropped after {asgi_to_wsgi.READ_SECONDS} seconds",
        f"pages say so after {asgi_to_wsgi.THREAD_SECONDS} seconds",
        f"less than {health.LEAST_FREE_MEGABYTES} MB free",
        f"events after {events.KEEP_DAYS} days, finished tasks after {housekeeping.TASKS_KEPT.days}",
    ):
        assert phrase in said
