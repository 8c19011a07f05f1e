"""The browser tests' surroundings: the running portal, people who are signed in, pages at two widths."""

import os
import re
import secrets
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from e2e import audit
from e2e.audit import Album, Measured
from e2e.pages import ConfirmAddress, SignIn, SignUp
from e2e.people import PASSWORD, Person
from e2e.processes import Portal, running
from e2e.visits import DESK, HEIGHTS, Visit
from tools.testing.sandbox import Sandbox
from tools.testing.tables import recorded

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Longer than anything takes, so that a busy machine fails no test; what is right passes at once.
PATIENCE_MS = 30_000

# As `LOGGING` writes it, and gunicorn.
WORSE_THAN_A_WARNING = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) |\] \[(?:ERROR|CRITICAL)\] ", re.MULTILINE)

expect.set_options(timeout=PATIENCE_MS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", metavar="FOLDER", help="also take the README's pictures, into this folder")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if rows := [Measured(**columns) for columns in recorded(terminalreporter, audit.PAGE)]:
        terminalreporter.section("pages on a cold cache")
        for line in audit.table(rows):
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    log = item.stash.get(LOG_OF_TEST, None)
    if report.failed and log:
        report.sections.append(("what the portal said meanwhile", log()[-6000:]))
    return report


LOG_OF_TEST = pytest.StashKey[Callable[[], str]]()


# The portal -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    """The three processes. A SIGTERM to pytest ends them as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running() as portal:
            yield portal
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def base_url(portal: Portal) -> str:
    return portal.url


@pytest.fixture(autouse=True)
def log(request: pytest.FixtureRequest, portal: Portal) -> Iterator[None]:
    """Shows the output of the processes during a failed test; an error in it fails the test."""
    starts = [process.said_bytes() for process in portal.processes]

    def said() -> str:
        return "".join(process.output(start) for process, start in zip(portal.processes, starts, strict=True))

    request.node.stash[LOG_OF_TEST] = said
    yield
    assert not WORSE_THAN_A_WARNING.search(said()), "the portal met an error that nobody had thought of"


@pytest.fixture
def sandbox(portal: Portal) -> Iterator[Sandbox]:
    """Stripe's stand-in, in order again when the test ends."""
    yield portal.sandbox
    portal.sandbox.clear_faults()
    portal.sandbox.release()


# The browser ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that `make test` found, else the system's, else Playwright's own."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    chosen = {"executable_path": found} if found else {}
    return {**browser_type_launch_args, **chosen, "args": BROWSER_ARGUMENTS}


@pytest.fixture
def width() -> int:
    """A desk's; see `e2e/visits.py` for the other one."""
    return DESK


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], width: int) -> dict[str, Any]:
    size = {"width": width, "height": HEIGHTS[width]}
    return {**browser_context_args, "viewport": size, "screen": size, "locale": "en-US", "timezone_id": "UTC"}


# People ---------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def signed_in(browser: Browser, portal: Portal) -> Callable[[Person], StorageState]:
    """Everybody signs in once, since only so many sign-ins a minute are let in from one address."""
    known: dict[Person, StorageState] = {}

    def state_of(person: Person) -> StorageState:
        if person not in known:
            context = browser.new_context(base_url=portal.url)
            page = context.new_page()
            if person.is_new:
                SignUp(page).open().as_teacher(person.email, PASSWORD)
                ConfirmAddress(page).at(portal.link_mailed_to(person.email)).yes()
            else:
                SignIn(page).open().as_(person.email, PASSWORD)
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            known[person] = context.storage_state()
            context.close()
        return known[person]

    return state_of


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], signed_in: Callable[[Person], StorageState]) -> Visit:
    """A browser of its own for a person (nobody: an anonymous user), with an empty page in it."""

    def new_page(person: Person | None = None, **options: Any) -> Page:
        if person:
            options["storage_state"] = signed_in(person)
        context = new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()

    return new_page


@pytest.fixture
def title() -> str:
    """What a new course is called, and no other one."""
    return f"Watercolour {secrets.token_hex(3)}"


# What stays of a run --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def album(pytestconfig: pytest.Config) -> Album:
    folder = Path(os.environ.get("ARTIFACTS", pytestconfig.rootpath / "artifacts")) / "screenshots"
    pictures = pytestconfig.getoption("--pictures")
    return Album(folder, Path(pictures) if pictures else None)
