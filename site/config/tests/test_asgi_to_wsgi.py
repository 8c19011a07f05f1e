"""The adapter alone: what it reads and passes on, and that what waits takes no other request's thread."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from config import asgi_to_wsgi
from config.asgi_to_wsgi import AsgiToWsgi, Busy, Pool
from config.unavailable import UNAVAILABLE_REASON

type Environ = dict[str, Any]


def ask(application: Callable[..., Iterable[bytes]], *pieces: bytes, ends: bool = True, **scope: Any) -> list[Any]:
    """What the client is sent for one request."""
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages += [{"type": "http.request", "body": b"", "more_body": False} if ends else {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(AsgiToWsgi(application)(request(**scope), receive, send))
    return sent


def request(**scope: Any) -> dict[str, Any]:
    usual = {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b"", "http_version": "1.1"}
    return {**usual, "scheme": "http", "headers": [], "server": ("127.0.0.1", 80), "client": ("10.0.0.1", 5), **scope}


def length(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(len(body)).encode())]


CHUNKED = [(b"transfer-encoding", b"chunked")]
LOGIN = {"method": "POST", "raw_path": b"/accounts/login/"}


class Portal:
    """A WSGI application that remembers what it was asked."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    def __call__(self, environ: Environ, start: Callable[..., None]) -> Iterable[bytes]:
        self.environ = environ
        self.body = environ["wsgi.input"].read()
        start("200 OK", [("X-Way", "by WSGI")])
        return self.parts


class TestARequest:
    def test_reaches_django_as_wsgi_has_it(self):
        portal = Portal(b"Hello ", b"there")
        headers = [(b"accept", b"text/html"), (b"accept", b"\xe9"), (b"content-type", b"x")]

        start, body = ask(portal, raw_path=b"/c/%C3%A9%ff", query_string=b"q=\xe9", headers=headers)

        assert start == {"type": "http.response.start", "status": 200, "headers": [(b"x-way", b"by WSGI")]}
        assert body == {"type": "http.response.body", "body": b"Hello there", "more_body": False}
        assert portal.environ["PATH_INFO"].encode("latin-1") == b"/c/\xc3\xa9\xff"
        assert portal.environ["QUERY_STRING"] == "q=\xe9"
        assert (portal.environ["HTTP_ACCEPT"], portal.environ["CONTENT_TYPE"]) == ("text/html,\xe9", "x")
        assert portal.environ["REMOTE_ADDR"] == "10.0.0.1"

    def test_has_all_of_its_body(self):
        portal = Portal()

        ask(portal, b"login=", b"a" * 9000, headers=length(b"x" * 9006), **LOGIN)

        assert portal.body == b"login=" + b"a" * 9000

    def test_in_chunks_has_a_length_when_it_is_there(self):
        portal = Portal()

        ask(portal, b"login=", b"a", headers=CHUNKED, **LOGIN)

        assert (portal.body, portal.environ["CONTENT_LENGTH"]) == (b"login=a", "7")
        assert "HTTP_TRANSFER_ENCODING" not in portal.environ

    def test_in_chunks_that_was_cut_off_has_none(self):
        portal = Portal()

        ask(portal, b"login=", headers=CHUNKED, ends=False, **LOGIN)

        assert "HTTP_TRANSFER_ENCODING" in portal.environ

    def test_is_not_read_where_it_says_that_it_is_too_large(self):
        portal = Portal()

        ask(portal, b"x" * 70_000, headers=length(b"x" * 70_000), **LOGIN)

        assert (portal.body, portal.environ["CONTENT_LENGTH"]) == (b"", "70000")

    def test_in_chunks_is_read_until_it_is_too_large(self):
        portal = Portal()

        ask(portal, *[b"x" * 10_000] * 99, headers=CHUNKED, **LOGIN)

        assert (len(portal.body), portal.environ["CONTENT_LENGTH"]) == (70_000, "70000")

    def test_that_drips_is_given_up(self, monkeypatch):
        monkeypatch.setattr(asgi_to_wsgi, "BODY_SECONDS", 0)
        monkeypatch.setattr(asgi_to_wsgi, "BODY_BYTES_PER_SECOND", 1024 * 1024)
        portal = Portal()

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            pass

        async def dripping() -> None:
            scope = request(headers=length(b"x" * 9000), **LOGIN)
            answering = asyncio.ensure_future(AsgiToWsgi(portal)(scope, receive, send))
            while not hasattr(portal, "body"):
                await asyncio.sleep(0.01)
            answering.cancel()

        asyncio.run(dripping())

        assert 0 < len(portal.body) < 9000


class TestAnAnswer:
    def test_that_is_large_is_sent_in_parts(self):
        messages = ask(Portal(*[b"x" * 300_000] * 9))

        assert [message["type"] for message in messages] == ["http.response.start", *["http.response.body"] * 3]
        assert [len(message["body"]) for message in messages[1:]] == [1_200_000, 1_200_000, 300_000]
        assert [message["more_body"] for message in messages[1:]] == [True, True, False]

    def test_to_head_has_no_body(self):
        assert ask(Portal(b"x"), method="HEAD")[1]["body"] == b""

    def test_ends_with_closing_what_it_was_made_from(self):
        closed = threading.Event()

        class Parts(list[bytes]):
            close = closed.set

        ask(lambda environ, start: [start("200 OK", []), Parts([b"x"])][1])

        assert closed.is_set()

    def test_to_a_web_socket_is_no(self):
        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        sent: list[Any] = []
        asyncio.run(AsgiToWsgi(Portal())({"type": "websocket"}, send, send))

        assert sent == [{"type": "websocket.close"}]


class TestWhereEveryThreadWaits:
    @pytest.fixture
    def release(self) -> threading.Event:
        return threading.Event()

    @pytest.fixture
    def portal(self, release, settings, monkeypatch):
        """Its pages wait for a database that does not answer."""
        settings.WEB_THREADS = 2
        monkeypatch.setattr(asgi_to_wsgi, "THREAD_SECONDS", 0.1)
        monkeypatch.setattr(asgi_to_wsgi, "PROBE_SECONDS", 0.1)

        def application(environ: Environ, start: Callable[..., None]) -> Iterable[bytes]:
            if environ["PATH_INFO"] != "/healthz" and UNAVAILABLE_REASON not in environ:
                release.wait()
            start("503 Busy" if UNAVAILABLE_REASON in environ else "200 OK", [])
            return [b""]

        return AsgiToWsgi(application)

    def statuses(self, portal: AsgiToWsgi, release: threading.Event, *paths: bytes) -> list[int]:
        """In the order in which they are answered."""
        found: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            found.extend([message["status"]] if "status" in message else [])
            if len(found) == len(paths) - 2:
                release.set()

        async def all_of_them() -> None:
            await asyncio.gather(*[portal(request(raw_path=path), receive, send) for path in paths])

        asyncio.run(all_of_them())
        return found

    def test_the_process_says_that_it_lives_and_pages_that_they_cannot_come(self, portal, release):
        found = self.statuses(portal, release, b"/a", b"/b", b"/c", b"/healthz")

        assert found == [200, 503, 200, 200]

    def test_readiness_is_rejected(self, portal, release):
        assert self.statuses(portal, release, b"/a", b"/b", b"/readyz")[0] == 503


def test_a_thread_is_taken_until_its_work_is_done_though_nobody_waits_for_it():
    release = threading.Event()

    async def try_it() -> None:
        lane = Pool("test", 1, waits=0.05)
        waiting = asyncio.ensure_future(lane.run(release.wait))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(Busy):
            await lane.run(int)
        release.set()
        await asyncio.sleep(0.05)
        assert await lane.run(int) == 0

    asyncio.run(try_it())
