"""A real sandbox process on a free port, and a receiver for its webhooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import stripe

PROGRAM = Path(sys.executable).with_name("stripe-sandbox")  # of the same virtual environment
KEY = "sk_test_ofTheTests"
PATIENCE = 30.0  # time-out of any wait in a test; success returns at once


def command(*options: str, program: Path = PROGRAM) -> dict[str, Any]:
    """Arguments for subprocess to start a sandbox independent of the developer's environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "SANDBOX_"))}
    return {"args": [program, "--port", "0", *options], "env": clean}


@dataclass
class Sandbox:
    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls, *options: str, program: Path = PROGRAM) -> Sandbox:
        process = subprocess.Popen(**command(*options, program=program), stdout=subprocess.PIPE, text=True)
        assert process.stdout
        return cls(process, process.stdout.readline().removeprefix("Stripe sandbox on ").strip().rstrip("/"))

    def stop(self) -> int:
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.stop()

    def client(self, key: str = KEY, **options: Any) -> stripe.StripeClient:
        transport = stripe.RequestsClient(timeout=(5, PATIENCE))
        return stripe.StripeClient(
            key, base_addresses={"api": self.url}, http_client=transport, max_network_retries=0, **options
        )

    def raw(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("headers", {"Authorization": f"Bearer {KEY}"})
        return requests.request(method, self.url + path, timeout=PATIENCE, **options)

    def control(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        method = method or ("GET" if body is None else "POST")
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=PATIENCE)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def fault(self, kind: str, **how: Any) -> dict[str, Any]:
        return self.control("faults", {"kind": kind, **how})

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("calls")["calls"]
        return found

    def products(self) -> list[str]:
        return [product["id"] for product in self.control("state")["products"]]


def until(happened: Callable[[], Any], what: str = "it") -> Any:
    """Poll until `happened` returns something true, and return that."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = happened()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


@dataclass
class Receiver:
    """An endpoint that stores what it receives, and responds as told."""

    answers: list[int] = field(default_factory=list)  # statuses of the first responses; then 200
    got: list[tuple[str, bytes]] = field(default_factory=list)  # signature, body
    open: threading.Event = field(default_factory=threading.Event)  # while cleared, responses wait

    def __post_init__(self) -> None:
        receiver = self
        self.open.set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.headers["Stripe-Signature"], body))
                receiver.open.wait(PATIENCE)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?from=stripe"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def wait(self, count: int) -> list[dict[str, Any]]:
        until(lambda: len(self.got) >= count, f"{count} deliveries")
        return self.events()


def in_a_thread_of_its_own[**P](test: Callable[P, object]) -> Callable[P, None]:
    """For a test that runs an event loop: the browser tests leave theirs in the main thread."""

    @wraps(test)
    def apart(*args: P.args, **kwargs: P.kwargs) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test, *args, **kwargs).result()

    return apart
