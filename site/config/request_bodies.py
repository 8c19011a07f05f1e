"""Read request bodies completely: one that was cut off or is too large changes nothing and reaches no view.

Neither WSGI nor Django checks this: a body that ends early looks like a shorter one, and a form whose last part is
missing looks like one without that field. Half a description would be saved, and "$98" of "$987.00" would go on sale.

Each view declares how much it accepts and whether files may be sent (`web.body_limits`). This is checked before
anything else looks at the request, and before any of it is on disk.
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
CHUNK = 64 * 1024
CHUNKS_IN_MEMORY = 256 * 1024

type View = Callable[[HttpRequest], HttpResponse]


class CutOff(Exception):
    """The body ended before its announced length, its last chunk or its closing boundary."""


class TooLarge(Exception):
    """The body is larger than its URL accepts, or holds more text than any URL does."""


class UnexpectedFile(Exception):
    """The form holds a file, and its URL accepts none."""


class RequestBodiesMiddleware:
    """Must be the last, so that its response has every header of a page, and every view is behind it."""

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
    """Read the body to its end, so that `request.body`, `POST` and `FILES` hold all of it (files on disk, as usual).

    Raises CutOff, TooLarge, UnexpectedFile, or Django's error for too many fields.
    """
    if request.method in WITHOUT_BODY:
        return
    limit = limit_of(request.path_info)
    if _content_length(request, default=0) > limit.bytes:
        raise TooLarge
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower() and isinstance(request, WSGIRequest):
        _store_chunks(request, limit.bytes)
    if not limit.files:
        request.upload_handlers = [_NoFiles(request)]
    try:
        if request.content_type == "multipart/form-data":
            _receive_form(request)
        elif len(request.body) != _content_length(request, default=len(request.body)):
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


def _content_length(request: HttpRequest, *, default: int) -> int:
    return int(request.META.get("CONTENT_LENGTH") or default)


def _receive_form(request: HttpRequest) -> None:
    """Django's parser takes the end of the body for the end of the last part, so watch what it reads."""
    # `_stream` is Django's own name; the parser reads only through it, without holding the body in memory.
    watched = _Watched(request._stream, (request.content_params or {}).get("boundary", ""))
    request._stream = watched  # type: ignore[assignment]  # as much of a file as the parser needs
    try:
        request.POST  # noqa: B018  parses the form, and the files into their handlers
        watched.read_to_the_end()
    finally:
        watched.close()
    if not watched.ended or watched.received != _content_length(request, default=watched.received):
        raise CutOff


class _Watched(IOBase):
    """A body on its way to the parser: how much of it arrived, and whether it held the closing boundary.

    Data after that boundary is kept from the parser, which would take it for another part.
    """

    def __init__(self, body: IO[bytes], boundary: str) -> None:
        self._body = body
        # It is at the beginning of a line; so is the beginning of the body.
        self._end = b"\n--%b--" % boundary.encode("ascii", "replace")
        self._last = b"\n"
        self.received = 0
        self.ended = False

    def read(self, size: int = -1, /) -> bytes:
        return b"" if self.ended else self._seen(self._body.read(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        return b"" if self.ended else self._seen(self._body.readline(-1 if size is None else size))

    def read_to_the_end(self) -> None:
        while self.read(CHUNK):
            pass
        while trailing := self._body.read(CHUNK):
            self.received += len(trailing)

    def close(self) -> None:
        self._body.close()
        super().close()

    def _seen(self, chunk: bytes) -> bytes:
        self.received += len(chunk)
        recent = self._last + chunk
        found = recent.find(self._end)
        if found >= 0:
            self.ended = True
            return chunk[: found + len(self._end) - len(self._last)]
        self._last = recent[1 - len(self._end) :]
        return chunk


def _store_chunks(request: WSGIRequest, most: int) -> None:
    """Set the length of a chunked body, which Django would take for empty without one.

    Reading stops after `most` bytes.
    """
    meta: dict[str, Any] = request.META
    if not meta.get("wsgi.input_terminated"):
        raise CutOff  # this server does not say where the body ends
    body = SpooledTemporaryFile(max_size=CHUNKS_IN_MEMORY)  # noqa: SIM115  closed by its reader
    try:
        while chunk := meta["wsgi.input"].read(CHUNK):
            body.write(chunk)
            if body.tell() > most:
                raise TooLarge
    except TooLarge:
        body.close()
        raise
    except Exception as error:  # the server's own class, one for each kind of malformed chunk
        body.close()
        raise CutOff from error
    meta["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    request._stream = body  # type: ignore[assignment]


def _cut_off(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        message = _("The request was cut off before all of it had arrived. Nothing was saved; send it again.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=400)
    return render(request, "400_cut_off.html", status=400)


def _too_large(request: HttpRequest) -> HttpResponse:
    most = limit_of(request.path_info).bytes
    if wants_json(request):
        message = _("The request is too large: at most %(most)s bytes can be sent here. Nothing was saved.")
        return JsonResponse({"errors": {"__all__": [message % {"most": most}]}}, status=413)
    return render(request, "413.html", {"most": most}, status=413)


def _unexpected_file(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        message = _("No files can be sent here. Nothing was saved; send the fields alone.")
        return JsonResponse({"errors": {"__all__": [message]}}, status=415)
    return render(request, "415.html", status=415)
