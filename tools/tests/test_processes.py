"""A process that is started here says what it has to say, and nothing of it is left."""

import sys

import pytest

from tools import processes
from tools.processes import Process, ProcessFailed, free_port, listens, run, until

pytestmark = pytest.mark.processes

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(600)
"""
LISTEN = """
import socket
with socket.create_server(("127.0.0.1", {port})) as server:
    server.accept()
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_much_output_blocks_nothing_and_is_all_there():
    process = Process.start(python("print('x' * 5_000_000)"))

    assert len(process.result()) == 5_000_000


def test_one_that_ends_before_it_is_ready_is_told_with_what_it_said():
    process = Process.start(python("raise SystemExit('no port is left')"), name="the server")

    with pytest.raises(ProcessFailed, match=r"the server did not start:\nno port is left"):
        process.wait_until_listening(free_port())


def test_it_is_waited_for_until_it_listens():
    port = free_port()

    with Process.start(python(LISTEN.format(port=port))) as process:
        process.wait_until_listening(port)
        assert process.runs

    assert not listens(port)


def test_one_that_does_not_end_when_asked_is_made_to(monkeypatch):
    monkeypatch.setattr(processes, "ENDS_WITHIN_SECONDS", 0.1)
    process = Process.start(python(STUBBORN))
    process.wait_until(lambda: "here" in process.output())

    assert process.stop() == -9


def test_what_it_started_in_turn_ends_with_it():
    port = free_port()
    process = Process.start(f"{sys.executable} -c '{LISTEN.format(port=port)}' & sleep 600")
    process.wait_until_listening(port)

    process.kill()

    until(lambda: not listens(port))


def test_another_status_than_those_allowed_is_told_with_both_outputs():
    script = python("import sys; print('out'); sys.exit('err')")

    assert run(script, allowed=(1,)).stdout == "out\n"
    with pytest.raises(ProcessFailed, match=r"(?s)ended with 1:\nout\nerr"):
        run(script)
