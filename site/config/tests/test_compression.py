"""Pages are compressed as the browser accepts, and their length reveals nothing."""

import random

import brotli
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.compression import BrotliMiddleware

PAGE = "<p>" + "Watercolour from the first brush. " * 40
SIGN_IN = "/accounts/login/"


def answered(accepts: str, response: HttpResponse) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return response

    return BrotliMiddleware(view)(RequestFactory().get("/", headers={"Accept-Encoding": accepts}))


@pytest.mark.parametrize("accepts", ["br", "gzip, deflate, br, zstd", "gzip;q=0.5,BR", "br;q=0.9, gzip", "br; q=1.0"])
def test_a_page_is_sent_with_brotli_to_those_who_take_it(accepts: str) -> None:
    answer = answered(accepts, HttpResponse(PAGE, headers={"ETag": '"1"'}))

    assert brotli.decompress(answer.content).decode() == PAGE
    assert (answer["Content-Encoding"], answer["Vary"], answer["ETag"]) == ("br", "Accept-Encoding", 'W/"1"')
    assert int(answer["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("accepts", ["", "gzip", "br;q=0", "br;q=0.000, gzip", "brx, xbr", "br;q=x", "identity"])
def test_who_does_not_take_it_gets_the_plain_answer(accepts: str) -> None:
    answer = answered(accepts, HttpResponse(PAGE))

    assert answer.content.decode() == PAGE
    assert "Content-Encoding" not in answer.headers
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("short"),
        HttpResponse(PAGE, headers={"Content-Encoding": "gzip"}),
        HttpResponse(random.Random(1).randbytes(300)),
    ],
    ids=["short", "compressed already", "without repetition"],
)
def test_what_would_not_become_shorter_is_left_alone(response: HttpResponse) -> None:
    before = response.content

    assert answered("br", response).content == before
    assert response.headers.get("Content-Encoding") != "br"


def test_the_length_of_what_is_sent_varies_at_random() -> None:
    paddings = {len(answered("br", HttpResponse(PAGE))["X-Padding"]) for _ in range(60)}

    assert len(paddings) > 10
    assert max(paddings) < 100


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, br", "br"), ("gzip", "gzip")])
def test_the_portal_takes_the_shorter_of_both(client, db, accepts, encoding):
    answer = client.get(SIGN_IN, headers={"Accept-Encoding": accepts})

    assert answer["Content-Encoding"] == encoding
    assert answer["Vary"].count("Accept-Encoding") == 1
