"""Requests that no browser sends, byte by byte to the web server: each is answered, and none by a server error."""

import socket
from urllib.parse import urlsplit

import pytest

from e2e.processes import Portal

FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data"


def status(portal: Portal, line: str, *headers: str, body: bytes = b"") -> int:
    place = urlsplit(portal.url)
    head = [line, f"Host: {place.netloc}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "headers",
    [
        (f"{FORM}; charset=iso-8859-1",),
        (f"{FORM}; charset=hex",),
        (f"{FORM}; charset*=nonsense''x",),
        (f"{FORM}; charset=utf-8",),
        (MULTIPART,),
        (f"{MULTIPART}; boundary=\xe9",),
        (FORM, "Referer: http://[", "HX-Request: true", "HX-Current-URL: http://["),
        (FORM, "Cookie: sessionid=\xe9; csrftoken=;;", "Accept: application/json;q=x", "Accept-Language: \xff"),
    ],
)
def test_an_odd_request_is_answered(portal, headers):
    for url in ("/courses/", "/accounts/login/?next=http://%5B", "/nowhere/?" + "a=1&" * 1200, "/healthz?q=%ff%00"):
        assert status(portal, f"POST {url} HTTP/1.1", *headers, body=b"title=x&login=y&next=http://[") < 500


def test_the_pages_that_are_asked_for_are_answered(portal):
    assert status(portal, "GET /accounts/login/?next=http://%5B HTTP/1.1") == 200
    assert status(portal, "GET /%ff/%00 HTTP/1.1") == 404
    assert status(portal, "GET /accounts/login/ HTTP/1.1", f"{FORM}; charset=hex") == 400
