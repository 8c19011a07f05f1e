"""The production web server under attack: it keeps serving others, and responds before it hangs up."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import requests

from config.server import HEAD_SECONDS
from tools.processes import listens, run, until
from tools.testing.portal import WEB, PortalProcess

pytestmark = pytest.mark.processes

SILENT, DRIPPING = 64, 16
# Far above what a page takes on a busy machine; a thread would wait longer for a connection that says nothing.
SOON = 4
URLENCODED = b"Content-Type: application/x-www-form-urlencoded\r\n"
LOGIN = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def portal(tmp_path_factory) -> Iterator[PortalProcess]:
    portal = PortalProcess(tmp_path_factory.mktemp("server"))
    portal.prepare()
    portal.start()
    requests.get(f"{portal.url}/accounts/login/", timeout=60)  # templates and addresses are read in once
    yield portal
    portal.kill()


def connect(portal: PortalProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", portal.port), timeout=30)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


class TestConnectionsThatSayNothingOrDrip:
    def test_keep_nobody_waiting_and_are_closed(self, portal):
        with ExitStack() as stack:
            opened_at = time.monotonic()
            silent = [stack.enter_context(connect(portal)) for _ in range(SILENT)]
            dripping = [stack.enter_context(connect(portal)) for _ in range(DRIPPING)]
            body = URLENCODED + b"Content-Length: 9000\r\n\r\n"
            for number, connection in enumerate(dripping):
                connection.sendall(LOGIN + (body if number % 2 else b""))
            stop = threading.Event()
            drips = threading.Thread(target=drip, args=(dripping, stop))
            drips.start()
            stack.callback(drips.join)
            stack.callback(stop.set)

            started = time.monotonic()
            for path in ("/accounts/login/", "/healthz", "/readyz", "/static/css/portal.css"):
                assert requests.get(f"{portal.url}{path}", timeout=SOON).status_code == 200
            assert time.monotonic() - started < SOON

            for connection in [*silent, *dripping[::2]]:
                with suppress(ConnectionResetError):
                    assert connection.recv(1) == b""
            assert HEAD_SECONDS - 1 < time.monotonic() - opened_at < HEAD_SECONDS + 10

    def test_are_given_up_for_others_where_there_are_too_many(self, portal, tmp_path):
        small = PortalProcess(tmp_path, command=f"{WEB} --worker-connections 20")
        small.start()
        try:
            with ExitStack() as stack:
                for _ in range(40):
                    stack.enter_context(connect(small))
                assert requests.get(f"{small.url}/healthz", timeout=SOON).ok
        finally:
            small.kill()


def drip(connections: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(0.2):
        for connection in connections:
            with suppress(OSError):
                connection.sendall(b"x")


class TestABodyThatIsTooLarge:
    @pytest.mark.parametrize("size", [70_000, 20_000_000])
    def test_is_answered_before_the_connection_ends(self, portal, size):
        """Also to a client that sends all of it before it reads."""
        with connect(portal) as connection:
            connection.sendall(LOGIN + URLENCODED + b"Content-Length: %d\r\n\r\n" % size)
            connection.sendall(b"x" * size)
            connection.shutdown(socket.SHUT_WR)

            answer = everything(connection)

        assert status(answer) == 413
        assert b"That is too large" in answer

    def test_leaves_the_connection_usable_where_its_rest_is_small(self, portal):
        with requests.Session() as session:
            assert session.post(f"{portal.url}/accounts/login/", b"x" * 70_000, timeout=20).status_code == 413
            assert session.get(f"{portal.url}/healthz", timeout=20).ok

    def test_is_not_even_sent_by_those_who_ask_first(self, portal):
        with connect(portal) as connection:
            connection.sendall(LOGIN + URLENCODED + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")

            assert status(connection.recv(65536)) == 413

    def test_is_noticed_in_chunks(self, portal):
        with connect(portal) as connection:
            connection.sendall(LOGIN + URLENCODED + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(20):
                connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")

            assert status(connection.recv(65536)) == 413

    def test_is_rejected_in_json(self, portal):
        answer = requests.post(f"{portal.url}/billing/prices/", json={"x": "x" * 70_000}, timeout=20)

        assert (answer.status_code, list(answer.json())) == (413, ["errors"])


class TestTheProcesses:
    @pytest.fixture
    def own(self, tmp_path) -> Iterator[PortalProcess]:
        own = PortalProcess(tmp_path)
        own.start()
        yield own
        own.kill()

    def test_end_with_their_parent(self, own):
        assert own.web
        os.kill(own.web.popen.pid, signal.SIGKILL)

        until(lambda: not listens(own.port))

    def test_end_at_once_when_asked_though_someone_says_nothing(self, own):
        assert own.web
        with connect(own):
            requests.get(f"{own.url}/healthz", timeout=20)
            own.web.popen.terminate()

            assert own.web.wait(HEAD_SECONDS - 2) == 0

    def test_say_in_a_sentence_that_the_port_is_taken(self, own):
        second = run(WEB, env=own.environment(), allowed=(1,))

        assert f"Can't connect to ('127.0.0.1', {own.port})" in second.stderr
        assert "Traceback" not in second.stderr
