"""Measures start, seed, requests per second and memory. `python -m stripe_sandbox.bench [--state]`.

A real sandbox process on a free port, and two client processes with persistent connections.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

PROGRAM = str(Path(sys.executable).with_name("stripe-sandbox"))  # of the same virtual environment
PRODUCTS = 100_000
REQUESTS = 3_000
HEADERS = {"Authorization": "Bearer sk_test_bench", "Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = ["--state", str(Path(folder) / "state.sqlite3")] if "--state" in sys.argv else []
        started = time.perf_counter()
        command = [PROGRAM, "--port", "0", *state]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            address = process.stdout.readline().split()[-1]
            tell("start", time.perf_counter() - started, "s", "at most 1")
            try:
                measure(urlsplit(address).netloc, process.pid)
            finally:
                process.terminate()


def measure(place: str, pid: int) -> None:
    started = time.perf_counter()
    call(http.client.HTTPConnection(place), "POST", "/_sandbox/seed", json.dumps({"products": PRODUCTS}))
    tell(f"seed {PRODUCTS:,} products", time.perf_counter() - started, "s", "at most 20")
    for name, one in (("retrieve", retrieve), ("update", update), ("create with a price", create), ("list 100", page)):
        tell(name, rate(place, one), "requests/s", "at least 1,000" if one is not page else "")
    memory = resident(pid)
    if memory is not None:
        tell("resident memory", memory, "MB", "at most 400")


type Step = tuple[str, str, str]


def retrieve(number: int) -> Step:
    return "GET", f"/v1/products/seed_{number + 1}", ""


def update(number: int) -> Step:
    return "POST", f"/v1/products/seed_{number + 1}", urlencode({"name": f"Renamed {number} {time.time()}"})


def create(number: int) -> Step:
    data = {"default_price_data[currency]": "usd", "default_price_data[unit_amount]": "4900", "name": f"New {number}"}
    return "POST", "/v1/products", urlencode(data)


def page(number: int) -> Step:
    return "GET", f"/v1/products?limit=100&starting_after=seed_{PRODUCTS - number}", ""


def rate(place: str, one: object) -> float:
    """Requests per second of two concurrent clients."""
    count = REQUESTS // 10 if one is page else REQUESTS
    started = time.perf_counter()
    clients = [multiprocessing.Process(target=client, args=(place, one, count, offset)) for offset in (0, count)]
    for process in clients:
        process.start()
    for process in clients:
        process.join()
    return 2 * count / (time.perf_counter() - started)


def client(place: str, one: object, count: int, offset: int) -> None:
    assert callable(one)
    connection = http.client.HTTPConnection(place)
    for number in range(offset, offset + count):
        call(connection, *one(number))


def call(connection: http.client.HTTPConnection, method: str, path: str, body: str) -> None:
    connection.request(method, path, body, HEADERS)
    response = connection.getresponse()
    answer = response.read()
    assert response.status == 200, answer


def resident(pid: int) -> float | None:
    """Linux only."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def tell(name: str, value: float, unit: str, goal: str) -> None:
    sys.stdout.write(f"{name:28} {value:10,.2f} {unit:12} {goal}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
