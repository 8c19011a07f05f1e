"""An ASGI application that buffers requests on the event loop and runs a WSGI application in a fixed thread pool.

A request takes a thread only once all of it has arrived, so idle or slow connections cost a socket each and no thread,
and neither do clients that read slowly. Django still runs by WSGI, in threads that keep their database connections.
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

from config.unavailable import UNAVAILABLE_REASON
from web.body_limits import limit_of

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Environ = dict[str, Any]
type Application = Callable[[Environ, Callable[..., None]], Any]

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CHUNK = 64 * 1024
# Larger bodies are spooled to an unnamed file, which disappears with the process.
BODY_IN_MEMORY = 256 * 1024
# The slowest client that is waited for: ten seconds, plus one for every 16 kB that the address accepts.
BODY_SECONDS, BODY_BYTES_PER_SECOND = 10, 16 * 1024
# Keep reading a rejected body for this long, so that the client sees the response before the connection closes.
LINGER_SECONDS = 5
# Responses up to this size free their thread at once, however slowly they are read; larger ones go chunk by chunk.
RESPONSE_IN_MEMORY = 1024 * 1024
READ_SECONDS = 30
# How long a page waits for a free thread, and how long health checks wait for a response.
THREAD_SECONDS = 10
PROBE_SECONDS = 3


class Busy(Exception):
    """No thread was free in time, or the thread gave no response in time."""


class Pool:
    """Threads reserved for some paths; requests for other paths cannot use them up."""

    def __init__(self, name: str, threads: int, *, waits: float, runs: float | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = asyncio.Semaphore(threads)
        self._waits = waits
        self._runs = runs

    async def run[T](self, work: Callable[[], T]) -> T:
        """Do `work` in a thread. Raises Busy, or what `work` raises."""
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), self._waits)
            except TimeoutError as error:
                raise Busy from error
        else:
            await self._free.acquire()  # immediate, no timer needed
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            # The thread is free even if nobody waits for the result any more.
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
            except BaseException as raised:  # re-raised in the awaiting coroutine
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and the process with it
                loop.call_soon_threadsafe(finish, result, error)  # a single call: each one wakes the loop

        self._threads.submit(job)
        if self._runs is not None:
            await asyncio.wait([done], timeout=self._runs)
            if not done.done():
                done.cancel()
                raise Busy
        return await done


class AsgiToWsgi:
    """An ASGI application around a WSGI one."""

    def __init__(self, application: Application) -> None:
        self._application = application
        limit_of("/")  # loads the URLconf before the processes fork, not at the first request of each
        self._pages = Pool("page", settings.WEB_THREADS, waits=THREAD_SECONDS)
        # Answers 503 while every page thread waits for a database that does not respond.
        self._busy = Pool("busy", 1, waits=THREAD_SECONDS)
        self._pools = {
            "/healthz": Pool("healthz", 1, waits=PROBE_SECONDS),
            "/readyz": Pool("readyz", 1, waits=PROBE_SECONDS, runs=PROBE_SECONDS),
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
            environ[UNAVAILABLE_REASON] = f"no space for the request body: {error.strerror}"
        await self._respond(environ, send)
        await body.drain()

    async def _respond(self, environ: Environ, send: Send) -> None:
        pool = self._pools.get(environ["PATH_INFO"], self._pages)
        loop = asyncio.get_running_loop()

        def send_now(messages: list[Message]) -> None:
            asyncio.run_coroutine_threadsafe(_send_all(messages, send), loop).result(READ_SECONDS)

        work = partial(respond, self._application, environ, send_now)
        try:
            messages = await pool.run(work)
        except Busy:
            environ[UNAVAILABLE_REASON] = "the database does not answer, or every thread is waiting for something"
            messages = await self._busy.run(work)
        await _send_all(messages, send)


class Body:
    """The request body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def read_for(self, environ: Environ) -> None:
        """Store it as `wsgi.input`: all of it, or enough to show that it is too large or was cut off."""
        content_length = int(environ.get("CONTENT_LENGTH") or 0)
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        limit = limit_of(environ["PATH_INFO"]).bytes
        if environ["REQUEST_METHOD"] in WITHOUT_BODY or content_length > limit or not (content_length or chunked):
            return
        environ["wsgi.input"] = stored = SpooledTemporaryFile(max_size=BODY_IN_MEMORY)  # noqa: SIM115  closed by Django
        with suppress(TimeoutError):
            async with asyncio.timeout(BODY_SECONDS + limit / BODY_BYTES_PER_SECOND):
                while not self._ended and stored.tell() <= limit:
                    stored.write(await self._next())
        # The length of a chunked body is known only now, unless it was cut off.
        if chunked and (self._ended or stored.tell() > limit):
            environ["CONTENT_LENGTH"] = str(stored.tell())
            del environ["HTTP_TRANSFER_ENCODING"]
        stored.seek(0)

    async def drain(self) -> None:
        """Read the rest: closing a connection while the client still sends resets it and loses the response."""
        if self._ended:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._ended:
                    await self._next()

    async def _next(self) -> bytes:
        """The next chunk. Raises TimeoutError if the client has gone."""
        message = await self._receive()
        if message["type"] != "http.request":
            raise TimeoutError
        self._ended = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk


def environ_of(scope: Mapping[str, Any]) -> Environ:
    """The WSGI environ of an ASGI scope (PEP 3333), without its body."""
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
        "wsgi.file_wrapper": _in_chunks,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _in_chunks(file: IO[bytes], _size: int) -> FileWrapper:
    return FileWrapper(file, CHUNK)


def respond(application: Application, environ: Environ, send_now: Callable[[list[Message]], None]) -> list[Message]:
    """The response; of a large one the end, after `send_now` was given the rest. Runs in a thread."""
    messages: list[Message] = []
    is_wanted = environ["REQUEST_METHOD"] != "HEAD"

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        messages.append({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})

    parts = application(environ, start)
    try:
        pending: list[bytes] = []
        size = 0
        for part in parts if is_wanted else ():
            pending.append(part)
            size += len(part)
            if size >= RESPONSE_IN_MEMORY:
                send_now([*messages, _body(pending, more=True)])
                messages, pending, size = [], [], 0
        return [*messages, _body(pending)]
    finally:
        if close := getattr(parts, "close", None):
            close()


def _body(parts: list[bytes], *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": b"".join(parts), "more_body": more}


async def _send_all(messages: list[Message], send: Send) -> None:
    for message in messages:
        await send(message)
