"""What each page costs and whether everybody can use it, measured in the browser."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

from e2e.queries import HEADER

MOST_BYTES = 35_000
# Where a course is written: the editor's scripts came along, and a choice of every currency. What only editing needs
# follows at the first touch of the form (6 kB).
MOST_BYTES_TO_WRITE = 42_000
MOST_REQUESTS = 4
MOST_QUERIES = 10
# The page, width and colours that a picture of the README shows.
PICTURES = {
    "courses": ("courses published", 1280, "light"),
    "course": ("course changed", 1280, "light"),
    "course-phone": ("course", 390, "light"),
    "conflict": ("conflict", 1280, "light"),
    "staff-prices": ("staff prices", 1280, "light"),
}

# Installed before the page's own scripts, so that no shift is missed.
WATCH_SHIFTS = """
    window.shifts = [];
    window.shiftObserver = new PerformanceObserver((list) => window.shifts.push(...list.getEntries()));
    window.shiftObserver.observe({type: "layout-shift", buffered: true});
"""
# Two frames later everything that came with the page was drawn.
READ_SHIFTS = """
    async () => {
        const frame = () => new Promise(requestAnimationFrame);
        await document.fonts.ready;
        await frame();
        await frame();
        window.shifts.push(...window.shiftObserver.takeRecords());
        return window.shifts.map(({value, sources}) => ({
            value, moved: sources.map(({node}) => (node?.outerHTML ?? node?.textContent ?? "?").slice(0, 120)),
        }));
    }
"""
OVERFLOWING = """
    () => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        const found = [...document.body.querySelectorAll("*")]
            .filter((element) => element.getBoundingClientRect().right > width + 1)
            .filter((element) => !element.parentElement.closest(".filters ul, .prose"))  // which scroll by themselves
            .map((element) => element.outerHTML.slice(0, 120));
        return found.length ? found : ["a text that is wider than its element"];
    }
"""

# Smaller than this, a target is hard to hit; links within a sentence are as high as their line (WCAG 2.5.8).
SMALL_TARGETS = """
    () => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
        .filter((target) => target.checkVisibility({visibilityProperty: true}) && !target.closest(".visually-hidden"))
        .filter((target) => !target.closest(".skip-link") && target.tabIndex >= 0)
        .filter((target) => {
            const words = (node) => node.textContent.trim();
            const sentence = target.matches("a") && target.closest("p, li, label, .form-text");
            const isInline = getComputedStyle(target).display === "inline";
            if (isInline && sentence && words(sentence) !== words(target)) return false;
            const {width, height} = target.getBoundingClientRect();
            return width < 23.5 || height < 23.5;
        })
        .map((target) => target.outerHTML.slice(0, 120))
"""
# One h1, and no level skipped on the way down.
SKIPPED_HEADINGS = """
    () => {
        const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
            .filter((heading) => heading.checkVisibility())
            .map((heading) => Number(heading.tagName[1]));
        const skipped = levels.filter((level, place) => level > (levels[place - 1] ?? 0) + 1);
        return levels.filter((level) => level === 1).length === 1 && !skipped.length ? [] : levels;
    }
"""
# Every text that a teacher wrote says in which language it is, and lets its own letters choose the direction.
UNMARKED_TEXT = """
    (written) => {
        const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
        const found = [];
        while (texts.nextNode()) {
            const here = texts.currentNode.parentElement;
            if (!written.includes(texts.currentNode.textContent.trim())) continue;
            const marked = here.closest("[dir=auto]");
            if (!marked?.lang && !here.closest(".visually-hidden")) found.push(here.outerHTML.slice(0, 120));
        }
        return found;
    }
"""


@dataclass
class Measured:
    """A page at one width, and what of it is wrong."""

    page: str
    width: int
    status: int
    bytes: int | None = None
    requests: int | None = None
    shift: float | None = None
    queries: int | None = None
    violations: int = 0
    wrong: list[str] = field(default_factory=list)

    def check_width(self, page: Page) -> None:
        """A page scrolls up and down only."""
        if found := page.evaluate(OVERFLOWING):
            self.wrong.append(f"wider than the screen: {found}")

    def check_reflow(self, page: Page) -> None:
        """Nor does it at 320 px, nor where the text is twice as large (WCAG 1.4.4, 1.4.10)."""
        size = page.viewport_size
        assert size
        page.set_viewport_size({"width": 320, "height": 640})
        if found := page.evaluate(OVERFLOWING):
            self.wrong.append(f"wider than 320 px: {found}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if found := page.evaluate(OVERFLOWING):
            self.wrong.append(f"wider than 320 px with text twice as large: {found}")
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.set_viewport_size(size)

    def check_structure(self, page: Page, written: Iterable[str] = ()) -> None:
        if found := page.evaluate(SMALL_TARGETS):
            self.wrong.append(f"hard to hit: {found}")
        if found := page.evaluate(SKIPPED_HEADINGS):
            self.wrong.append(f"headings skip a level: {found}")
        if found := page.evaluate(UNMARKED_TEXT, list(written)):
            self.wrong.append(f"written by a teacher, in no language: {found}")

    def check_accessibility(self, page: Page, colours: str, *, only: str = "") -> None:
        """By every rule of axe's, or by one alone."""
        options = {"resultTypes": ["violations"], **({"runOnly": [only]} if only else {})}
        for rule in Axe().run(page, options=options).response["violations"]:
            self.violations += 1
            where = [node["html"][:200] for node in rule["nodes"][:4]]
            self.wrong.append(f"axe, {colours}: {rule['id']} ({rule['help']}): {where}")


PAGE = "page"  # under this name a test records what it measured


class Cost:
    """Watches a page that has a cold cache from before its first request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: list[tuple[str, str]] = []  # a redirect keeps its id: the same one twice
        self.received: dict[str, int] = {}
        self.said: list[str] = []
        self.answer: Response | None = None
        page.add_init_script(WATCH_SHIFTS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("response", self._response)
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", self._sent)
        network.on("Network.loadingFinished", self._finished)

    def _console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.answer = response

    def _sent(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.sent.append((event["requestId"], event["request"]["url"]))

    def _finished(self, event: dict[str, Any]) -> None:
        self.received[event["requestId"]] = event["encodedDataLength"]

    def check(self, found: Measured) -> None:
        """Write down what the page cost, and what of it was too much."""
        shifts = self.page.evaluate(READ_SHIFTS)
        lazy = self.page.evaluate("[...document.querySelectorAll('img[loading=lazy]')].map((picture) => picture.src)")
        sent = {request: url for request, url in self.sent if url not in lazy}
        assert self.answer is not None
        if self.answer.status != found.status:
            found.wrong.append(f"answered with {self.answer.status} instead of {found.status}")
        if found.status != 200:
            return
        found.bytes = sum(size for request, size in self.received.items() if request in sent)
        found.requests = sum(url not in lazy for _, url in self.sent)
        found.shift = sum(shift["value"] for shift in shifts)
        found.queries = int(self.answer.headers[HEADER.lower()])
        if unfinished := sent.keys() - self.received.keys():
            found.wrong.append(f"never arrived: {[sent[request] for request in unfinished]}")
        writes = any("/js/editor." in url for _, url in self.sent)
        if found.bytes > (MOST_BYTES_TO_WRITE if writes else MOST_BYTES):
            found.wrong.append(f"{found.bytes} bytes: {[(sent.get(one), size) for one, size in self.received.items()]}")
        if found.requests > MOST_REQUESTS:
            found.wrong.append(f"{found.requests} requests: {[url for _, url in self.sent]}")
        if found.shift:
            found.wrong.append(f"the layout shifts by {found.shift:.4f}: {shifts}")
        if found.queries > MOST_QUERIES:
            found.wrong.append(f"{found.queries} queries")
        if self.said:
            found.wrong.append(f"the console says {self.said}")


@dataclass
class Album:
    """The screenshots of a run, whole pages; what the README shows, as a screen shows it, only where asked for."""

    folder: Path
    pictures: Path | None

    def take(self, page: Page, name: str, width: int, colours: str) -> None:
        size = page.viewport_size
        assert size
        for picture, shown in PICTURES.items():
            if self.pictures and shown == (name, width, colours):
                page.screenshot(path=self.pictures / f"{picture}.png")
        # As high as the page is, so that what sticks to the screen's edge covers nothing.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=self.folder / f"{name.replace(' ', '-')}-{width}-{colours}.png")
        page.set_viewport_size(size)


def table(rows: Iterable[Measured]) -> list[str]:
    """One line for each page and width."""

    def line(*cells: object) -> str:
        name, *numbers = ("–" if cell is None else str(cell) for cell in cells)
        return f"{name:<24}" + "".join(f"{number:>10}" for number in numbers)

    lines = [line("page", "width", "status", "bytes", "requests", "shift", "queries", "axe")]
    for row in sorted(rows, key=lambda row: (row.page, -row.width)):
        cost = (row.bytes, row.requests, row.shift, row.queries, row.violations)
        lines.append(line(row.page, row.width, row.status, *cost) + ("   <- wrong" if row.wrong else ""))
    most = line("at most", "", "", MOST_BYTES, MOST_REQUESTS, 0, MOST_QUERIES, 0)
    return [*lines, most, line("where one writes", "", "", MOST_BYTES_TO_WRITE, MOST_REQUESTS, 0, MOST_QUERIES, 0)]
