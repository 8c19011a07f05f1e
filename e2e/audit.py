"""What each page costs and whether everybody can use it, measured in the browser."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

from e2e.queries import HEADER

MOST_BYTES = 90_000
MOST_REQUESTS = 6
MOST_QUERIES = 10
# The name that the README knows a picture by, and the page, width and colours that it shows.
PICTURES = {
    "courses": ("courses", 1280, "light"),
    "course": ("course", 1280, "light"),
    "course-dark": ("course", 1280, "dark"),
    "course-phone": ("course", 390, "light"),
    "conflict": ("conflict", 1280, "light"),
    "prices": ("staff prices", 1280, "light"),
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
        return [...document.body.querySelectorAll("*")]
            .filter((element) => element.getBoundingClientRect().right > width + 1)
            .map((element) => element.outerHTML.slice(0, 120));
    }
"""


@dataclass
class Measured:
    page: str
    width: int
    status: int = 0
    bytes: int = 0
    requests: int = 0
    shift: float = 0.0
    queries: int = 0
    violations: int = 0
    wrong: list[str] = field(default_factory=list)


MEASURED = pytest.StashKey[list[Measured]]()


class Cost:
    """Watches a page that has a cold cache from before its first request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: dict[str, str] = {}
        self.requests: list[str] = []
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
        url = event["request"]["url"]
        if url.startswith("data:") or (event.get("type") == "Image" and "/media/" in url):
            return
        self.sent[event["requestId"]] = url
        self.requests.append(url)

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.sent:
            self.received[event["requestId"]] = event["encodedDataLength"]

    def judge(self, found: Measured) -> None:
        """Write down what the page cost, and what of it was too much."""
        shifts = self.page.evaluate(READ_SHIFTS)
        assert self.answer is not None
        found.status = self.answer.status
        found.bytes = sum(self.received.values())
        found.requests = len(self.requests)
        found.shift = sum(shift["value"] for shift in shifts)
        found.queries = int(self.answer.headers.get(HEADER.lower(), 0))
        if found.status != 200:
            return
        if found.bytes > MOST_BYTES:
            found.wrong.append(f"{found.bytes} bytes: {self._sizes()}")
        if found.requests > MOST_REQUESTS:
            found.wrong.append(f"{found.requests} requests: {self.requests}")
        if found.shift:
            found.wrong.append(f"the layout shifts by {found.shift:.4f}: {shifts}")
        if found.queries > MOST_QUERIES:
            found.wrong.append(f"{found.queries} queries")
        if self.said:
            found.wrong.append(f"the console says {self.said}")

    def _sizes(self) -> dict[str, int]:
        return {self.sent[request]: size for request, size in self.received.items()}


def accessibility(page: Page) -> list[str]:
    """A line for each of axe's violations, with the elements that it found."""
    return [
        f"{rule['id']} ({rule['help']}): {[node['html'][:200] for node in rule['nodes'][:4]]}"
        for rule in Axe().run(page).response["violations"]
    ]


def overflowing(page: Page) -> list[str]:
    """What makes the page wider than the screen; nothing: it scrolls up and down only."""
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


@dataclass
class Album:
    """The screenshots of a run; those which the README shows are copied where it looks for them, if asked for."""

    folder: Path
    pictures: Path | None

    def take(self, page: Page, name: str, width: int, colours: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name.replace(' ', '-')}-{width}-{colours}.png"
        page.screenshot(path=path, full_page=True)
        if self.pictures:
            self.pictures.mkdir(parents=True, exist_ok=True)
            for picture, shown in PICTURES.items():
                if shown == (name, width, colours):
                    shutil.copy(path, self.pictures / f"{picture}.png")


def table(rows: Iterable[Measured]) -> list[str]:
    lines = [f"{'page':<22}{'width':>6}{'status':>8}{'bytes':>8}{'requests':>10}{'shift':>8}{'queries':>9}{'axe':>5}"]
    lines += [
        f"{row.page:<22}{row.width:>6}{row.status:>8}{row.bytes:>8}{row.requests:>10}{row.shift:>8.3f}{row.queries:>9}"
        f"{row.violations:>5}{'  ' + 'too much' if row.wrong else ''}"
        for row in sorted(rows, key=lambda row: (row.page, -row.width))
    ]
    return [*lines, f"at most: {MOST_BYTES} bytes, {MOST_REQUESTS} requests, shift 0, {MOST_QUERIES} queries, axe 0"]
