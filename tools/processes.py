"""Starts and ends processes: one runner for `make run`, the tests, the browser tests and the benchmarks.

It needs the standard library alone, so that whatever starts the portal can use it, whether Django is there or not.
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
# Longer than anything takes, so that a busy machine fails nothing; what is right goes on at once.
PATIENCE_SECONDS = 60.0
ENDS_WITHIN_SECONDS = 20.0

type Command = str | Sequence[str | Path]
"""A line for the shell, as a Procfile has it, or a program with its arguments."""


class ProcessFailed(Exception):
    """A process did not start, or ended with another status than it should: which one, and what it said last."""


@dataclass
class Process:
    """A process beside us, in a session of its own: Ctrl-C is for us, and we then end it.

    What it says goes into a file that has no name, so that no pipe fills up and nothing is left behind.
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
        """`env` is ours where none is given; `keep` are descriptors that it inherits; `shown`: it has our terminal."""
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
        """Everything that it has said until now, errors too, from that byte on."""
        if self.said is None:
            return ""
        # Not by `read`: the place in the file is shared with the process, which would go on writing from there.
        return os.pread(self.said.fileno(), self.said_bytes() - since, since).decode(errors="replace")

    def said_bytes(self) -> int:
        return os.fstat(self.said.fileno()).st_size if self.said else 0

    def wait_until[T](self, answer: Callable[[], T | None]) -> T:
        """The first answer that is true; raises ProcessFailed where the process ends before, or never gives one."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while self.runs and time.monotonic() < give_up_at:
            if found := answer():
                return found
            time.sleep(0.02)
        raise ProcessFailed(f"{self.name} did not start:\n{self.output()[-4000:]}")

    def wait_until_listening(self, port: int) -> None:
        self.wait_until(lambda: listens(port))

    def wait(self, seconds: float | None = PATIENCE_SECONDS) -> int:
        """The status that it ends with by itself; None: however long that takes."""
        return self.popen.wait(seconds)

    def result(self, seconds: float = PATIENCE_SECONDS) -> str:
        """What it said, once it has come to a good end by itself."""
        if status := self.wait(seconds):
            raise ProcessFailed(f"{self.name} ended with {status}:\n{self.output()[-4000:]}")
        return self.output().strip()

    def stop(self) -> int:
        """Asks it to end, and makes it where it does not; its status. Nothing of it is left."""
        self.popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(ENDS_WITHIN_SECONDS)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL to it and all that it started: nothing of theirs runs any more."""
        with suppress(ProcessLookupError):  # they have ended by themselves
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
    """Runs it to its end; raises ProcessFailed where that is none of the statuses allowed (None: any is)."""
    done = subprocess.run(
        _arguments(command), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=seconds
    )
    if allowed is not None and done.returncode not in allowed:
        said = (done.stdout + done.stderr)[-4000:]
        raise ProcessFailed(f"{_shown(command)} ended with {done.returncode}:\n{said}")
    return done


def until(holds: Callable[[], object]) -> None:
    """Returns as soon as it holds; fails only when it has not for so long that it never will."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, "it never came to hold"
        time.sleep(0.02)


def free_port(wanted: int = 0) -> int:
    """That port, or any free one for 0; raises OSError where it is taken, OverflowError where it is none."""
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
