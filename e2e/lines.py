"""The connection between browser and portal: slow, cut, or gone."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route

LATENCY_MS = 1500
BYTES_A_SECOND = 100_000


def slow(page: Page, *, latency: int = LATENCY_MS, upload: int = BYTES_A_SECOND) -> None:
    """A slow connection for everything this page requests from now on."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": latency, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": upload},
    )


@contextmanager
def cut(page: Page, *, after_arrival: bool) -> Iterator[None]:
    """Every POST of this page is lost on its way; or (`after_arrival`) its response on the way back."""

    def lose(route: Route) -> None:
        if route.request.method != "POST" or route.request.url.endswith("/plan/"):
            return route.continue_()
        if after_arrival:
            route.fetch()
        return route.abort()

    page.route("**/courses/**", lose)
    yield
    page.unroute("**/courses/**", lose)


class Held:
    """The POSTs of a page, each held on its way to the portal until it is released."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.waiting: list[Route] = []

    def hold(self, route: Route) -> None:
        if route.request.method == "POST" and not route.request.url.endswith("/plan/"):
            self.waiting.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        """The next one goes on, as soon as it was sent."""
        self.wait()
        self.waiting.pop(0).continue_()

    def wait(self) -> None:
        """Until the next one was sent."""
        while not self.waiting:
            self.page.wait_for_timeout(20)


@contextmanager
def held(page: Page) -> Iterator[Held]:
    posts = Held(page)
    page.route("**/courses/**", posts.hold)
    yield posts
    page.unroute("**/courses/**", posts.hold)


def watch_policy(page: Page) -> list[str]:
    """The browser's reports of violations of the Content-Security-Policy and of failing scripts."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
