"""HTML in a few functions: everything put in is escaped unless it was made here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

VOID = ("br", "input", "link", "meta")


class Html(str):
    """Text that is HTML already."""


type Child = Html | str | int | float | None
type Attribute = str | int | bool | None


def el(tag: str, /, *children: Child, **attributes: Attribute) -> Html:
    """One element. `class_` loses its underscore, others become hyphens; an attribute that is True is bare."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def join(*children: Child) -> Html:
    return Html("".join(_written(child) for child in children if child is not None))


def _written(child: Child) -> str:
    return child if isinstance(child, Html) else escape(str(child))


def table(heads: list[str], rows: Iterable[list[Child]], empty: str, ids: Iterable[str] = ()) -> Html:
    """On a narrow screen each row is a stack of cells, each with its column's name. `ids` are the rows' own.

    Browsers take what is no longer laid out as a table for none: the roles keep it one for those who hear it.
    """
    rows = list(rows)
    if not rows:
        return el("p", empty, class_="empty")
    titles = (el("th", one, scope="col", role="columnheader") for one in heads)
    head = el("thead", el("tr", *titles, role="row"), role="rowgroup")
    names: list[str | None] = [*ids] or [None] * len(rows)
    body = el("tbody", *(_row(heads, row, name) for row, name in zip(rows, names, strict=True)), role="rowgroup")
    return el("table", head, body, role="table")


def _row(heads: list[str], row: list[Child], name: str | None) -> Html:
    cells = (el("td", one, role="cell", data_label=head) for head, one in zip(heads, row, strict=True))
    return el("tr", *cells, role="row", id=name)


def form(action: str, *children: Child, button: str, quiet: bool = False) -> Html:
    return el(
        "form",
        *children,
        el("button", button, class_="quiet" if quiet else None),
        method="post",
        action=action,
    )


def field(label: str, name: str, value: str = "", **attributes: Attribute) -> Html:
    given: dict[str, Attribute] = {"name": name, "value": value, "autocomplete": "off"}
    return el("label", el("span", label), el("input", **(given | attributes)))


def number(label: str, name: str, value: str = "", **limits: Attribute) -> Html:
    return field(label, name, value, type="number", **limits)


def tick(label: str, name: str, value: str) -> Html:
    return el("label", el("input", type="checkbox", name=name, value=value), f" {label}", class_="tick")


def choice(label: str, name: str, values: Iterable[str], chosen: str = "") -> Html:
    options = (el("option", value or "—", value=value, selected=value == chosen) for value in values)
    return el("label", el("span", label), el("select", *options, name=name))


def hidden(name: str, value: str) -> Html:
    return el("input", type="hidden", name=name, value=value)


def more(summary: Child, *children: Child, opened: bool = False) -> Html:
    """Shown when asked for, by the browser itself."""
    return el("details", el("summary", summary), *children, open=opened)


def sure(button: str, question: str, action: Html) -> Html:
    """A step before what cannot be taken back: the button only opens the question, the form in it does it."""
    return el("details", el("summary", button), el("p", question), action, class_="sure")
