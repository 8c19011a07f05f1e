"""HTML in a few functions: everything put in is escaped unless it was made here."""

from __future__ import annotations

from html import escape

VOID = ("br", "input", "link", "meta")


class Html(str):
    """Text that is HTML already."""


type Child = Html | str | int | float | None


def el(tag: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """One element. `class_` loses its underscore, others become hyphens; an attribute that is True is bare."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def join(*children: Child) -> Html:
    return Html("".join(_written(child) for child in children if child is not None))


def _written(child: Child) -> str:
    return child if isinstance(child, Html) else escape(str(child))


def table(heads: list[str], rows: list[list[Child]], empty: str) -> Html:
    """A table that scrolls by itself on a narrow screen."""
    if not rows:
        return el("p", empty, class_="empty")
    head = el("thead", el("tr", *(el("th", one, scope="col") for one in heads)))
    body = el("tbody", *(el("tr", *(el("td", one) for one in row)) for row in rows))
    return el("div", el("table", head, body), class_="scroll", tabindex="0", role="region", aria_label=heads[0])


def form(action: str, *children: Child, button: str, quiet: bool = False) -> Html:
    return el(
        "form",
        *children,
        el("button", button, class_="quiet" if quiet else None),
        method="post",
        action=action,
    )


def field(label: str, name: str, value: str = "", hint: str = "") -> Html:
    return el("label", el("span", label), el("input", name=name, value=value, placeholder=hint, autocomplete="off"))


def choice(label: str, name: str, values: list[str], chosen: str = "") -> Html:
    options = (el("option", value or "—", value=value, selected=value == chosen) for value in values)
    return el("label", el("span", label), el("select", *options, name=name))


def hidden(name: str, value: str) -> Html:
    return el("input", type="hidden", name=name, value=value)
