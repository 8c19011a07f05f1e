"""The line between browser and portal: slow, cut, or gone."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route

LATENCY_MS = 1500
BYTES_A_SECOND = 100_000


def slow(page: Page, *, latency: int = LATENCY_MS, upload: int = BYTES_A_SECOND) -> None:
    """A bad connection, for whatever this page asks for from now on."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": latency, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": upload},
    )


@contextmanager
def cut(page: Page, *, after_arrival: bool) -> Iterator[None]:
    """Every POST of this page is lost on its way there; or (`after_arrival`) its answer on the way back."""

    def lose(route: Route) -> None:
        if route.request.method != "POST" or route.request.url.endswith("/plan/"):
            return route.continue_()
        if after_arrival:
            route.fetch()
        return route.abort()

    page.route("**/courses/**", lose)
    yield
    page.unroute("**/courses/**", lose)


def watch_policy(page: Page) -> list[str]:
    """What the browser says when a page breaks its own Content-Security-Policy, or a script fails."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
