"""A truncated request changes nothing: first the function alone, then the real web server over raw sockets."""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from config.request_bodies import CutOff, RequestBodiesMiddleware, receive
from tools.testing.portal import EMAIL, PASSWORD, PortalProcess

BOUNDARY = "----Seam"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
URLENCODED = "application/x-www-form-urlencoded"


def part(name: str, value: str, more: str = "") -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def form(**fields: str) -> bytes:
    return ("".join(part(name, value) for name, value in fields.items()) + f"--{BOUNDARY}--\r\n").encode()


def came_in(body: bytes, content_type: str, *, announced: int | None = None, method: str = "POST", **meta: object):
    """A request whose body ends where it ends, whatever its header says."""
    length = {} if "HTTP_TRANSFER_ENCODING" in meta else {"CONTENT_LENGTH": str(announced or len(body))}
    meta = {"CONTENT_TYPE": content_type, "wsgi.input": BytesIO(body), **length, **meta}
    return RequestFactory().generic(method, "/courses/", **meta)


class TestAWholeRequest:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(form(title="Ink"), id="as browsers send it"),
            pytest.param(form(title="Ink").removesuffix(b"\r\n"), id="nothing behind the closing boundary"),
            pytest.param(form(title="Ink") + b"an epilogue\r\n" * 9000, id="an epilogue"),
            pytest.param(b"a preamble\r\n" + form(title="Ink"), id="a preamble"),
            pytest.param(form(title="Ink").replace(b"--\r\n", b"--  \t\r\n"), id="blanks behind the boundary"),
            pytest.param(form(cover="x" * 200_000, title="Ink"), id="longer than a piece"),
        ],
    )
    def test_is_read_as_ever(self, body):
        request = came_in(body, MULTIPART)

        receive(request)

        assert request.POST["title"] == "Ink"

    @pytest.mark.parametrize("size", range(65_400, 65_560, 7))
    def test_may_have_its_closing_boundary_across_two_pieces(self, size):
        request = came_in(form(title="x" * size), MULTIPART)

        receive(request)

        assert len(request.POST["title"]) == size

    def test_may_be_an_empty_form(self):
        receive(came_in(form(), MULTIPART))

    def test_may_have_a_quoted_boundary(self):
        body = form(title="Ink").replace(BOUNDARY.encode(), b"two words: a=b")
        request = came_in(body, 'multipart/form-data; boundary="two words: a=b"')

        receive(request)

        assert request.POST["title"] == "Ink"

    def test_keeps_its_large_files_on_disk(self):
        more = '; filename="a.png"\r\nContent-Type: image/png'
        body = part("cover", "x" * 3_000_000, more) + f"--{BOUNDARY}--"
        request = came_in(body.encode(), MULTIPART)

        receive(request)

        assert request.FILES["cover"].temporary_file_path()
        assert request.FILES["cover"].size == 3_000_000
        request.close()

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_may_have_any_method(self, method):
        receive(came_in(form(title="Ink"), MULTIPART, method=method))
        receive(came_in(b"{}", "application/json", method=method))

    def test_may_have_no_body(self):
        receive(RequestFactory().get("/courses/", content_type=MULTIPART))
        receive(came_in(b"", URLENCODED))

    def test_may_come_in_chunks_from_a_server_that_ends_them(self):
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        fields = came_in(b"title=Ink", URLENCODED, **chunked)
        uploaded = came_in(form(title="Ink"), MULTIPART, **chunked)

        for request in (fields, uploaded):
            receive(request)
            assert request.POST["title"] == "Ink"


class TestARequestThatWasCutOff:
    @pytest.mark.parametrize("left", [0, 1, 40, 97])
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            pytest.param(b"title=" + b"x" * 100, URLENCODED, id="urlencoded"),
            pytest.param(json.dumps({"title": "x" * 100}).encode(), "application/json", id="JSON"),
            pytest.param(form(title="x" * 100), MULTIPART, id="multipart"),
            pytest.param(b"x" * 100, "text/plain", id="anything"),
        ],
    )
    def test_is_noticed_by_its_length(self, body, content_type, left):
        with pytest.raises(CutOff):
            receive(came_in(body[:left], content_type, announced=len(body)))

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(form(title="Ink")[:-4], id="without the two hyphens"),
            pytest.param(form(title="Ink")[:-3], id="with one of them"),
            pytest.param(form(title="Ink", price="987.00")[:-25], id="within the last field"),
            pytest.param(part("title", f"--{BOUNDARY}-").encode(), id="with something like it"),
            pytest.param(part("title", f"x--{BOUNDARY}--").encode(), id="with it inside a line"),
            pytest.param(b"", id="empty"),
        ],
    )
    def test_is_noticed_by_the_closing_boundary_that_is_missing(self, body):
        with pytest.raises(CutOff):
            receive(came_in(body, MULTIPART))

    def test_is_noticed_behind_its_closing_boundary(self):
        body = form(title="Ink")

        with pytest.raises(CutOff):
            receive(came_in(body, MULTIPART, announced=len(body) + 1))

    def test_is_noticed_where_the_connection_was_reset(self):
        class Reset(BytesIO):
            def read(self, size=-1, /):
                raise ConnectionResetError

        for content_type in (URLENCODED, MULTIPART):
            with pytest.raises(CutOff):
                receive(came_in(b"x", content_type, **{"wsgi.input": Reset()}))

    def test_in_chunks_is_not_taken_where_the_server_does_not_end_them(self):
        with pytest.raises(CutOff):
            receive(came_in(b"title=Ink", URLENCODED, HTTP_TRANSFER_ENCODING="chunked"))

    def test_reaches_no_view(self, client):
        seen = []

        def view(request):
            seen.append(request)
            return HttpResponse()

        middleware = RequestBodiesMiddleware(view)

        page = middleware(came_in(b"title=In", URLENCODED, announced=9))
        answer = middleware(came_in(b"title=In", URLENCODED, announced=9, HTTP_ACCEPT="application/json"))

        assert not seen
        assert (page.status_code, answer.status_code) == (400, 400)
        assert "nothing was saved" in page.content.decode()
        assert "send it again" in json.loads(answer.content)["errors"]["__all__"][0]


@dataclass
class Browser:
    """Someone signed in who can break off in the middle."""

    portal: PortalProcess
    cookies: str
    token: str

    def send(self, path: str, body: bytes, content_type: str, *, part: int | None = None, **headers: str) -> bytes:
        """The answer to a request of which only the first `part` bytes of the body were sent; empty: none came."""
        length = {"Content-Length": str(len(body))}
        return self.raw(path, body[:part], content_type, **(length | headers))

    def raw(self, path: str, sent: bytes, content_type: str, **headers: str) -> bytes:
        given = {
            "Host": f"127.0.0.1:{self.portal.port}",
            "Cookie": self.cookies,
            "X-CSRFToken": self.token,
            "Content-Type": content_type,
            "Accept": "application/json",
            "Connection": "close",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.portal.port), timeout=20) as connection:
            connection.sendall(head.encode())
            if "Expect" in headers:
                assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    portal = PortalProcess(tmp_path_factory.mktemp("cut-off"))
    portal.prepare()
    portal.start()
    session = portal.sign_in().session
    cookies = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    yield Browser(portal, cookies, str(session.cookies["csrftoken"]))
    portal.kill()


@pytest.fixture
def course(browser) -> str:
    """The address of a course at $987.00."""
    fields = json.dumps({"title": "Ink", "summary": "Draw.", "description": "Before", "price": "987.00"}).encode()
    answer = browser.send("/courses/", fields, "application/json")
    found = re.search(rb"(?i)location: (\S+)", answer)
    assert found, answer
    return found.group(1).decode()


def money_and_text(browser: Browser) -> list[object]:
    with closing(sqlite3.connect(browser.portal.database)) as database:
        return [
            database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            for table in ("courses_course", "billings_pricechange", "auth_user")
        ]


FORM = {"title": "Ink", "summary": "Draw.", "description": "After " * 50, "price": "98", "confirm": "yes"}


@pytest.mark.processes
class TestTheWebServer:
    """gunicorn as in production."""

    @pytest.mark.parametrize("path", ["", "publish/", "archive/", "duplicate/", "plan/", "preview/"])
    @pytest.mark.parametrize("kind", ["urlencoded", "JSON", "multipart"])
    def test_rejects_half_a_request_whatever_it_asks_for(self, browser, course, path, kind):
        body, content_type = {
            "urlencoded": (b"title=Ink&price=98.00&description=" + b"x" * 3000, URLENCODED),
            "JSON": (json.dumps(FORM).encode(), "application/json"),
            "multipart": (form(**FORM), MULTIPART),
        }[kind]
        before = money_and_text(browser)

        answer = browser.send(course + path, body, content_type, part=len(body) // 2)

        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert b"Nothing was saved" in answer
        assert money_and_text(browser) == before

    def test_rejects_a_form_that_ends_before_its_closing_boundary(self, browser, course):
        before = money_and_text(browser)

        answer = browser.send(course, form(**FORM).partition(b'name="price"')[0], MULTIPART, Accept="text/html")

        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert b"Only a part arrived" in answer
        assert b"content-security-policy" in answer.lower()
        assert money_and_text(browser) == before

    @pytest.mark.parametrize(
        "path", ["/accounts/login/", "/accounts/signup/", "/admin/login/", "/billing/webhooks/stripe/", "/courses/"]
    )
    def test_rejects_half_a_request_at_every_address(self, browser, path):
        before = money_and_text(browser)
        body = b"login=%b&email=new@example.com&password=%b&title=Ink&rest=xyz" % (EMAIL.encode(), PASSWORD.encode())

        answer = browser.send(path, body, URLENCODED, part=len(body) - 3)

        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert b"set-cookie: sessionid" not in answer.lower()
        assert money_and_text(browser) == before

    def test_forgets_a_request_whose_sender_hung_up(self, browser, course):
        before = money_and_text(browser)
        body = form(**FORM)
        head = f"POST {course} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {browser.cookies}\r\nX-CSRFToken: {browser.token}"
        head += f"\r\nContent-Type: {MULTIPART}\r\nContent-Length: {len(body)}\r\n\r\n"
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", browser.portal.port), timeout=20) as connection:
                connection.sendall(head.encode() + body[:-30])
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST, not FIN

        assert browser.send("/courses/", b"{}", "application/json")  # it still answers, and that was behind them
        assert money_and_text(browser) == before

    @pytest.mark.parametrize("cut", [b"", b"0", b"0\r\n", b"5\r\nabc", b"zz\r\n"])
    def test_rejects_chunks_without_their_end(self, browser, course, cut):
        before = money_and_text(browser)
        chunk = b"%x\r\n%b\r\n" % (len(form(**FORM)), form(**FORM))

        answer = browser.raw(course, chunk + cut, MULTIPART, Transfer_Encoding="chunked")

        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert money_and_text(browser) == before

    def test_takes_chunks_that_arrived_whole(self, browser, course):
        body = b"title=Chunks&version="
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"

        answer = browser.raw("/courses/", chunks, URLENCODED, Transfer_Encoding="chunked")

        assert b" 201 " in answer.partition(b"\r\n")[0]
        assert b'"title": "Chunks"' in answer

    @pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}])
    def test_takes_what_arrived_whole(self, browser, headers):
        answer = browser.send("/courses/", form(title="Whole") + b"epilogue", MULTIPART, **headers)

        assert b" 201 " in answer.partition(b"\r\n")[0]
