"""What a request waits for, it waits for here, on an event loop: a thread is taken when all of it has arrived.

So connections that say nothing, or drip, cost a socket each and no thread; nor do clients that read slowly.
Django itself runs as ever, by WSGI, in a fixed number of threads which keep their connections to the database.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from django.conf import settings

from config.unavailable import WAITED_FOR
from web.body_limits import limit_of

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., None]], Any]

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PIECE = 64 * 1024
# Larger bodies wait in a file that has no name, and is gone with the process.
BODY_IN_MEMORY = 256 * 1024
# The slowest line that is waited for: ten seconds, and one more for every 16 kB that an address takes.
BODY_SECONDS, BODY_BYTES_PER_SECOND = 10, 16 * 1024
# What is still being sent when the answer is known is read for so long, that the answer arrives before the end.
LINGER_SECONDS = 5
# Answers up to this size leave their thread at once, however slowly they are read; larger ones piece by piece.
ANSWER_IN_MEMORY = 1024 * 1024
READ_SECONDS = 30
# How long a page waits for a free thread, and how long those who watch over the server wait for its answer.
THREAD_SECONDS = 10
PROBE_SECONDS = 3


class Busy(Exception):
    """No thread was free in time, or the one that was gave no answer in time."""


class Lane:
    """Threads for some addresses, which those of others cannot take."""

    def __init__(self, name: str, threads: int, *, waits: float, answers: float | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = asyncio.Semaphore(threads)
        self._waits = waits
        self._answers = answers

    async def run[T](self, work: Callable[[], T]) -> T:
        """Do `work` in a thread. Raises Busy, or what `work` raises."""
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), self._waits)
            except TimeoutError as error:
                raise Busy from error
        else:
            await self._free.acquire()  # at once, and without a timer
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            # A thread is free when its work is done, also where nobody waits for it any more.
            self._free.release()
            if done.done():
                return
            if error is None:
                done.set_result(cast("T", result))
            else:
                done.set_exception(error)

        def job() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # raised again where it is waited for
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and with it the process
                loop.call_soon_threadsafe(finish, result, error)  # once: each call wakes the loop

        self._threads.submit(job)
        if self._answers is not None:
            await asyncio.wait([done], timeout=self._answers)
            if not done.done():
                done.cancel()
                raise Busy
        return await done


class Front:
    """An ASGI application around a WSGI one."""

    def __init__(self, application: Application) -> None:
        self._application = application
        limit_of("/")  # every address is read in before the processes part, and not at the first request of each
        self._pages = Lane("page", settings.WEB_THREADS, waits=THREAD_SECONDS)
        # With every thread at a database that does not answer, these still say so.
        self._busy = Lane("busy", 1, waits=THREAD_SECONDS)
        self._lanes = {
            "/healthz": Lane("healthz", 1, waits=PROBE_SECONDS),
            "/readyz": Lane("readyz", 1, waits=PROBE_SECONDS, answers=PROBE_SECONDS),
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        environ = environ_of(scope)
        body = Body(receive)
        try:
            await body.read_for(environ)
        except OSError as error:
            environ[WAITED_FOR] = f"no room for what is sent: {error.strerror}"
        await self._answer(environ, send)
        await body.read_the_rest()

    async def _answer(self, environ: Environ, send: Send) -> None:
        lane = self._lanes.get(environ["PATH_INFO"], self._pages)
        loop = asyncio.get_running_loop()

        def hand_over(messages: list[Message]) -> None:
            asyncio.run_coroutine_threadsafe(_send_all(messages, send), loop).result(READ_SECONDS)

        work = partial(answer, self._application, environ, hand_over)
        try:
            messages = await lane.run(work)
        except Busy:
            environ[WAITED_FOR] = "the database does not answer, or every thread is waiting for something"
            messages = await self._busy.run(work)
        await _send_all(messages, send)


class Body:
    """What comes in behind a request's head."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def read_for(self, environ: Environ) -> None:
        """Make it the `wsgi.input`: all of it, or as much as shows that it is too large or was cut off."""
        announced = int(environ.get("CONTENT_LENGTH") or 0)
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        limit = limit_of(environ["PATH_INFO"]).bytes
        if environ["REQUEST_METHOD"] in WITHOUT_BODY or announced > limit or not (announced or chunked):
            return
        environ["wsgi.input"] = stored = SpooledTemporaryFile(max_size=BODY_IN_MEMORY)  # noqa: SIM115  closed by Django
        with suppress(TimeoutError):
            async with asyncio.timeout(BODY_SECONDS + limit / BODY_BYTES_PER_SECOND):
                while not self._ended and stored.tell() <= limit:
                    stored.write(await self._next())
        # Nobody says beforehand how long a body in chunks will be; now it is known, unless it was cut off.
        if chunked and (self._ended or stored.tell() > limit):
            environ["CONTENT_LENGTH"] = str(stored.tell())
            del environ["HTTP_TRANSFER_ENCODING"]
        stored.seek(0)

    async def read_the_rest(self) -> None:
        """A connection that is closed while its client still sends is reset, and the answer with it."""
        if self._ended:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._ended:
                    await self._next()

    async def _next(self) -> bytes:
        """Raises TimeoutError where nothing comes any more."""
        message = await self._receive()
        if message["type"] != "http.request":
            raise TimeoutError
        self._ended = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece


def environ_of(scope: Mapping[str, Any]) -> Environ:
    """The request as WSGI has it (PEP 3333), without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or ""),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": SpooledTemporaryFile(max_size=1),  # noqa: SIM115  empty: it has no file
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _in_pieces,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _in_pieces(file: IO[bytes], _size: int) -> FileWrapper:
    return FileWrapper(file, PIECE)


def answer(application: Application, environ: Environ, hand_over: Callable[[list[Message]], None]) -> list[Message]:
    """The answer, or its end, where it is so large that `hand_over` was given what came before. Runs in a thread."""
    messages: list[Message] = []
    is_wanted = environ["REQUEST_METHOD"] != "HEAD"

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        messages.append({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})

    parts = application(environ, start)
    try:
        held: list[bytes] = []
        size = 0
        for part in parts if is_wanted else ():
            held.append(part)
            size += len(part)
            if size >= ANSWER_IN_MEMORY:
                hand_over([*messages, _body(held, more=True)])
                messages, held, size = [], [], 0
        return [*messages, _body(held)]
    finally:
        if close := getattr(parts, "close", None):
            close()


def _body(parts: list[bytes], *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": b"".join(parts), "more_body": more}


async def _send_all(messages: list[Message], send: Send) -> None:
    for message in messages:
        await send(message)
