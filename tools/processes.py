"""Starts and ends processes: one runner for `make run`, the tests, the browser tests and the benchmarks.

Uses the standard library alone, so that whatever starts the portal can use it, with or without Django.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"
# Longer than anything takes, so that a busy machine fails nothing; success returns at once.
PATIENCE_SECONDS = 60.0
ENDS_WITHIN_SECONDS = 20.0

type Command = str | Sequence[str | Path]
"""A line for the shell, as a Procfile has it, or a command with its arguments."""


class ProcessFailed(Exception):
    """A process did not start, or ended with an unexpected status; includes its last output."""


@dataclass
class Process:
    """A child process in a session of its own: Ctrl-C reaches only us, and we then end it.

    Its output goes to an unnamed file, so that no pipe fills up and nothing is left behind.
    """

    name: str
    popen: subprocess.Popen[bytes]
    said: BinaryIO | None

    @classmethod
    def start(
        cls,
        command: Command,
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        keep: Sequence[int] = (),
        shown: bool = False,
    ) -> Self:
        """`env` defaults to ours; `keep` are inherited descriptors; `shown`: use our terminal."""
        said = None if shown else tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process is asked about
        popen = subprocess.Popen(
            _arguments(command),
            cwd=folder,
            env=env,
            stdin=None if shown else subprocess.DEVNULL,
            stdout=said,
            stderr=said and subprocess.STDOUT,
            pass_fds=keep,
            start_new_session=True,
        )
        return cls(name or _shown(command), popen, said)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def runs(self) -> bool:
        return self.popen.poll() is None

    def output(self, since: int = 0) -> str:
        """The output so far, including stderr, from that byte on."""
        if self.said is None:
            return ""
        # Not `read`: the file position is shared with the process, which would continue writing there.
        return os.pread(self.said.fileno(), self.said_bytes() - since, since).decode(errors="replace")

    def said_bytes(self) -> int:
        return os.fstat(self.said.fileno()).st_size if self.said else 0

    def wait_until[T](self, answer: Callable[[], T | None]) -> T:
        """Wait for the first true result; raises ProcessFailed if the process ends first, or on a time-out."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while self.runs and time.monotonic() < give_up_at:
            if found := answer():
                return found
            time.sleep(0.02)
        raise ProcessFailed(f"{self.name} did not start:\n{self.output()[-4000:]}")

    def wait_until_listening(self, port: int) -> None:
        self.wait_until(lambda: listens(port))

    def wait(self, seconds: float | None = PATIENCE_SECONDS) -> int:
        """Wait for the process to end by itself and return its status; None: without a time-out."""
        return self.popen.wait(seconds)

    def result(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait for the process to succeed, and return its output."""
        if status := self.wait(seconds):
            raise ProcessFailed(f"{self.name} ended with {status}:\n{self.output()[-4000:]}")
        return self.output().strip()

    def stop(self) -> int:
        """Terminate the process, kill it if it does not end, and return its status."""
        self.popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(ENDS_WITHIN_SECONDS)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL the process and everything it started."""
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(self.popen.pid, signal.SIGKILL)
        return self.popen.wait()


def run(
    command: Command,
    *,
    env: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    allowed: Collection[int] | None = (0,),
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; raises ProcessFailed for a status that is not in `allowed` (None: any status is)."""
    done = subprocess.run(
        _arguments(command), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=seconds
    )
    if allowed is not None and done.returncode not in allowed:
        said = (done.stdout + done.stderr)[-4000:]
        raise ProcessFailed(f"{_shown(command)} ended with {done.returncode}:\n{said}")
    return done


def until(holds: Callable[[], object]) -> None:
    """Wait until `holds()` is true; raises an error on a generous time-out."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, "it never came to hold"
        time.sleep(0.02)


def free_port(wanted: int = 0) -> int:
    """That port, or any free one for 0. Raises OSError if it is taken, OverflowError if it is out of range."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, wanted))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _arguments(command: Command) -> list[str]:
    return ["/bin/sh", "-c", command] if isinstance(command, str) else [str(part) for part in command]


def _shown(command: Command) -> str:
    return command if isinstance(command, str) else " ".join(map(str, command))
