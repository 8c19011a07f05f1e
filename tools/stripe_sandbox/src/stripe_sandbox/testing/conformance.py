"""Recorded responses of Stripe, compared with a sandbox's.

`recorded.json`: every difference found between recordings and the sandbox, with its source. `kinds.json`: more cases of
the same kinds, where the recordings or their authors say so.

`python -m stripe_sandbox.testing.conformance` prints the share that holds, and the differences.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from stripe_sandbox.testing.process import Sandbox

type Json = dict[str, Any]

HERE = Path(__file__).parent
RECORDED: list[Json] = json.loads((HERE / "recorded.json").read_text())
KINDS: list[Json] = json.loads((HERE / "kinds.json").read_text())
TRIES = 1_000  # until a limit per whole second is reached

_LONG = re.compile(r"<(.)\*(\d+)>")
_SAVED = re.compile(r"<([a-z]+)>")


def named(row: Json) -> str:
    return f"{row['request']}: {row['what']}" if "what" in row else str(row["request"])


def differences(sandbox: Sandbox, row: Json) -> list[str]:
    """Differences between an empty sandbox's responses and the recorded ones."""
    saved: dict[str, Any] = {}
    answer = None
    for call in row["calls"]:
        answer = _made(sandbox, call, saved)
        for name, path in call.get("save", {}).items():
            saved[name] = _found(answer.json() if answer is not None else None, path)
    return list(_compared(answer, row["expect"], saved))


def _compared(answer: requests.Response | None, expected: Json, saved: Json) -> Iterator[str]:
    for path, value in expected.items():
        seen, wanted = _seen(answer, path), _filled(value, saved)
        if isinstance(wanted, dict) and wanted.keys() == {"matches"}:
            if re.fullmatch(wanted["matches"], str(seen), re.DOTALL) is None:
                yield f"{path} is {seen!r}, not like {wanted['matches']!r}"
        elif seen != wanted:
            yield f"{path} is {seen!r}, not {wanted!r}"


def _made(sandbox: Sandbox, call: Json, saved: Json) -> requests.Response | None:
    if "control" in call:
        sandbox.control(call["control"], call["body"])
        return None
    headers = {"Authorization": f"Bearer {call.get('secret', 'sk_test_1')}", **call.get("headers", {})}
    if "key" in call:
        headers["Idempotency-Key"] = call["key"]
    options: Json = {"headers": headers}
    if call["method"] == "POST":
        options["data"] = {_filled(name, saved): _filled(value, saved) for name, value in call["form"].items()}
    for _ in range(TRIES if "until" in call else 1):
        try:
            answer = sandbox.raw(call["method"], _filled(call["path"], saved), **options)
        except requests.ConnectionError:
            if not call.get("cut"):
                raise
            return None
        if answer.status_code == call.get("until", answer.status_code):
            break
    return answer


def _filled(value: Any, saved: Json) -> Any:
    """`<n*251>` is that many letters, `<product>` the value saved under that name."""
    match value:
        case str():
            whole = _SAVED.fullmatch(value)
            if whole and whole[1] in saved:
                return saved[whole[1]]
            text = _LONG.sub(lambda found: found[1] * int(found[2]), value)
            return _SAVED.sub(lambda found: str(saved.get(found[1], found[0])), text)
        case dict():
            return {name: _filled(one, saved) for name, one in value.items()}
        case list():
            return [_filled(one, saved) for one in value]
        case _:
            return value


def _seen(answer: requests.Response | None, path: str) -> Any:
    """`status`, `raw`, `header.NAME` or a path in the `body`; None if it does not exist."""
    if answer is None:
        return None
    kind, _, rest = path.partition(".")
    if kind == "status":
        return answer.status_code
    if kind == "raw":
        return answer.text
    return answer.headers.get(rest) if kind == "header" else _found(answer.json(), rest)


def _found(body: Any, path: str) -> Any:
    """`data.0.id`; `data.#` counts, `data.*.id` maps, `error.keys` are the names."""
    step, _, rest = path.partition(".")
    match step, body:
        case "", _:
            return body
        case "#", list():
            return len(body)
        case "*", list():
            return [_found(one, rest) for one in body]
        case "keys", dict():
            return list(body)
        case _, list() if step.isdecimal() and int(step) < len(body):
            return _found(body[int(step)], rest)
        case _, dict():
            return _found(body.get(step), rest)
        case _:
            return None


def share(sandbox: Sandbox) -> tuple[str, list[str]]:
    """A sentence with the share, and the differences."""
    failed: list[str] = []
    closed = {"recorded": 0, "kinds": 0}
    for name, rows in (("recorded", RECORDED), ("kinds", KINDS)):
        for row in rows:
            sandbox.control("reset", {})
            found = differences(sandbox, row)
            closed[name] += not found
            failed += [f"{named(row)}: {one}" for one in found]
    sentence = (
        f"{closed['recorded']} of {len(RECORDED)} recorded differences closed; {closed['kinds']} of {len(KINDS)} more "
        "behaviours of the same kinds hold."
    )
    return sentence, failed


def main() -> int:
    sandbox = Sandbox.start()
    try:
        sentence, failed = share(sandbox)
    finally:
        sandbox.stop()
    sys.stdout.write("\n".join([*failed, sentence, ""]))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
