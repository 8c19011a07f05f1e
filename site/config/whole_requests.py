"""A request that was cut off, or is too large, changes nothing: it is answered 400 or 413 and reaches no view.

Neither WSGI nor Django says so by itself: a body that ends early looks like a shorter one, and a form whose last part
is missing like a form without that field. Half a description would be saved, and "$98" of "$987.00" would go on sale.

How much is too large, and whether files may come, each view says (`web.body_limits`); before anything else looks at
the request, and before any of it is on disk.
"""

from collections.abc import Callable
from io import IOBase
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.translation import gettext as _

from web.access import wants_json
from web.body_limits import limit_of

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PIECE = 64 * 1024
CHUNKS_IN_MEMORY = 256 * 1024

type View = Callable[[HttpRequest], HttpResponse]


class CutOff(Exception):
    """The body ended before its announced length, its last chunk or its closing boundary."""


class TooLarge(Exception):
    """The body is larger than its address takes, or holds more text than any address does."""


class UnexpectedFile(Exception):
    """There is a file in the form, and its address takes none."""


class WholeRequestsMiddleware:
    """Must be the last, so that its answer has every header of a page, and every view is behind it."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            receive(request)
        except CutOff:
            return _cut_off(request)
        except TooLarge:
            return _too_large(request)
        except UnexpectedFile:
            return _unexpected_file(request)
        return self.get_response(request)


def receive(request: HttpRequest) -> None:
    """Read the body to its end, so that `request.body`, `POST` and `FILES` hold all of it: files on disk, as ever.

    Raises CutOff, TooLarge, UnexpectedFile, or what Django raises for one that has too many fields.
    """
    if request.method in WITHOUT_BODY:
        return
    limit = limit_of(request.path_info)
    if _announced(request, otherwise=0) > limit.bytes:
        raise TooLarge
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower() and isinstance(request, WSGIRequest):
        _store_chunks(request, limit.bytes)
    if not limit.files:
        request.upload_handlers = [_NoFiles(request)]
    try:
        if request.content_type == "multipart/form-data":
            _receive_form(request)
        elif len(request.body) != _announced(request, otherwise=len(request.body)):
            raise CutOff
    except RequestDataTooBig as error:
        raise TooLarge from error
    except (UnreadablePostError, MultiPartParserError) as error:
        raise CutOff from error


class _NoFiles(FileUploadHandler):
    def new_file(self, *arguments: Any, **more: Any) -> None:
        raise UnexpectedFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def _announced(request: HttpRequest, *, otherwise: int) -> int:
    return int(request.META.get("CONTENT_LENGTH") or otherwise)


def _receive_form(request: HttpRequest) -> None:
    """Django's parser takes the end of the body for the end of the last part: watch what it reads."""
    # `_stream` is Django's own name; the parser reads through it alone, without holding the body in memory.
    watched = _Watched(request._stream, (request.content_params or {}).get("boundary", ""))
    request._stream = watched  # type: ignore[assignment]  # all of a file that the parser needs
    try:
        request.POST  # noqa: B018  parses the form, and the files into their handlers
        watched.read_to_the_end()
    finally:
        watched.close()
    if not watched.ended or watched.received != _announced(request, otherwise=watched.received):
        raise CutOff


class _Watched(IOBase):
    """A body on its way to the parser: how much of it came, and whether the closing boundary was in it.

    What stands behind that boundary is kept from the parser, which would take it for one more part.
    """

    def __init__(self, body: IO[bytes], boundary: str) -> None:
        self._body = body
        # It stands at the beginning of a line; the body's own beginning counts as one.
        self._end = b"\n--%b--" % boundary.encode("ascii", "replace")
        self._last = b"\n"
        self.received = 0
        self.ended = False

    def read(self, size: int = -1, /) -> bytes:
        return b"" if self.ended else self._seen(self._body.read(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        return b"" if self.ended else self._seen(self._body.readline(-1 if size is None else size))

    def read_to_the_end(self) -> None:
        while self.read(PIECE):
            pass
        while behind := self._body.read(PIECE):
            self.received += len(behind)

    def close(self) -> None:
        self._body.close()
        super().close()

    def _seen(self, piece: bytes) -> bytes:
        self.received += len(piece)
        recent = self._last + piece
        found = recent.find(self._end)
        if found >= 0:
            self.ended = True
            return piece[: found + len(self._end) - len(self._last)]
        self._last = recent[1 - len(self._end) :]
        return piece


def _store_chunks(request: WSGIRequest, most: int) -> None:
    """Give a body that came in chunks the length that Django wants to know; without one it takes it for empty.

    Nobody says beforehand how long it will be: at more than `most` bytes it is read no further.
    """
    meta: dict[str, Any] = request.META
    if not meta.get("wsgi.input_terminated"):
        raise CutOff  # this server does not say where the body ends
    body = SpooledTemporaryFile(max_size=CHUNKS_IN_MEMORY)  # noqa: SIM115  closed by its reader
    try:
        while piece := meta["wsgi.input"].read(PIECE):
            body.write(piece)
            if body.tell() > most:
                raise TooLarge
    except TooLarge:
        body.close()
        raise
    except Exception as error:  # the server's own: for each way in which chunks can be broken it has another
        body.close()
        raise CutOff from error
    meta["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    request._stream = body  # type: ignore[assignment]


def _cut_off(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        words = _("The request was cut off before all of it had arrived. Nothing was saved; send it again.")
        return JsonResponse({"errors": {"__all__": [words]}}, status=400)
    return render(request, "400_cut_off.html", status=400)


def _too_large(request: HttpRequest) -> HttpResponse:
    most = limit_of(request.path_info).bytes
    if wants_json(request):
        words = _("The request is too large: at most %(most)s bytes can be sent here. Nothing was saved.")
        return JsonResponse({"errors": {"__all__": [words % {"most": most}]}}, status=413)
    return render(request, "413.html", {"most": most}, status=413)


def _unexpected_file(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        words = _("No files can be sent here. Nothing was saved; send the fields alone.")
        return JsonResponse({"errors": {"__all__": [words]}}, status=415)
    return render(request, "415.html", status=415)
