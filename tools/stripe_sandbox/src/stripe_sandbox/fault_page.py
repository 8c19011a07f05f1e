"""The page that lets calls and webhooks go wrong. What is seldom needed is folded away."""

from __future__ import annotations

from stripe_sandbox.faults import CALL_KINDS, REASONS, WEBHOOK_KINDS
from stripe_sandbox.frame import Shown, whole
from stripe_sandbox.html import Child, Html, choice, el, field, hidden, join, more, number, table, tick
from stripe_sandbox.shapes import Json

SPENT_SHOWN = 20


def faults(shown: Shown) -> str:
    found = shown.world.faults.as_json()
    rows = [_row(shown, fault) for fault in [*found["faults"], *found["spent"][::-1][:SPENT_SHOWN]]]
    return whole(
        shown,
        "Faults",
        "pages/faults",
        el("p", "The next calls of any account go wrong as you say; what it means is in the README.", class_="soft"),
        el("section", el("h2", "A call goes wrong"), _call(shown)),
        el("section", el("h2", "A webhook goes wrong"), _webhook(shown)),
        el(
            "section",
            el("h2", "Set"),
            table(["Fault", "Picks", "Seen", "Hits", "State"], rows, "None: everything goes well."),
            shown.form("faults/remove", button="Remove all", quiet=True) if found["faults"] else None,
            id="faults",
        ),
        shown.form("faults/release", button="Let go what is held, land what is late", quiet=True),
    )


def _call(shown: Shown) -> Html:
    return shown.form(
        "faults",
        choice("What", "kind", CALL_KINDS),
        choice("When", "when", ["", "before", "after", "late"]),
        _times(),
        field("Path matches", "path", placeholder="^/v1/prices"),
        more(
            "Which calls, for how long, with what answer",
            _group(choice("Method", "method", ["", "POST", "GET", "DELETE"]), *_turns()),
            _group(
                _seconds(),
                choice("Remembered for the key", "stored", ["", "true", "false"]),
                choice("Reason of a 429", "reason", ["", *REASONS]),
            ),
            _group(
                number("Status of a refusal", "error[status]", min=400, max=499),
                field("Its code", "error[code]", placeholder="resource_missing"),
                field("Its message", "error[message]"),
                field("Its param", "error[param]"),
            ),
        ),
        button="Set",
    )


def _webhook(shown: Shown) -> Html:
    return shown.form(
        "faults",
        hidden("target", "webhook"),
        choice("What", "kind", WEBHOOK_KINDS),
        _times(),
        field("Event matches", "type", placeholder="^price"),
        more("Which events, for how long", _group(*_turns(), _seconds())),
        button="Set",
    )


def _times() -> Html:
    """The tick comes behind the number, and the last one of a name counts."""
    return el("div", number("Times", "times", "1", min=1), tick("for ever", "times", "null"), class_="pair")


def _turns() -> list[Html]:
    return [
        number("Every nth", "every", min=1),
        number("Skip the first", "skip", min=0),
        number("Probability", "probability", min=0, max=1, step="any"),
        number("Seed of the chance", "seed"),
    ]


def _seconds() -> Html:
    return number("Seconds", "seconds", min=0, step="any")


def _group(*fields: Html) -> Html:
    return el("div", *fields, class_="fields")


def _row(shown: Shown, fault: Json) -> list[Child]:
    which = " ".join(filter(None, [fault["method"], fault["path"], fault["type"]])) or f"any {fault['target']}"
    state: Html = el("span", "spent", class_="soft")
    if not fault["spent"]:
        state = join(el("span", "waiting", class_="warn"), " ", _remove(shown, fault))
    return [f"{fault['kind']} {fault['when']}", f"{which}, {_how(fault)}", fault["seen"], fault["hits"], state]


def _remove(shown: Shown, fault: Json) -> Html:
    return shown.form(f"faults/{fault['id']}/remove", button="Remove", quiet=True)


def _how(fault: Json) -> str:
    said = [
        f"{fault['times']} ×" if fault["times"] else "for ever",
        f"every {fault['every']}",
        f"skip {fault['skip']}" if fault["skip"] else "",
        f"chance {fault['probability']} by seed {fault['seed']}" if fault["probability"] is not None else "",
        f"{fault['seconds']:g} s" if fault["seconds"] else "",
        "remembered" if fault["stored"] else "",
        fault["reason"] if fault["kind"] == "429" else "",
        " ".join(str(value) for value in fault["error"].values()),
    ]
    return ", ".join(filter(None, said))
