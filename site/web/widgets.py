"""Form widgets that are rendered often, or that Django renders slowly."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

type Choice = tuple[Any, Any]


class Select(forms.Select):
    """Django's, for a single choice, rendered without templates.

    Django renders three templates per option: those of the currencies were half of the course editor's time.
    """

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        chosen = next(iter(self.format_value(value)), "")
        groups = [
            format_html('<optgroup label="{}">{}</optgroup>', label, _options(choices, chosen))
            if isinstance(choices, list | tuple)
            else _options([(label, choices)], chosen)
            for label, choices in self.choices
        ]
        shown = flatatt(self.build_attrs({"name": name, **self.attrs}, attrs))
        return format_html("<select{}>{}</select>", shown, _joined(groups))


def _options(choices: Iterable[Choice], chosen: str) -> SafeString:
    return _joined(_option(str(value), str(label), str(value) == chosen) for value, label in choices)


@lru_cache(maxsize=2048)
def _option(value: str, label: str, is_chosen: bool) -> SafeString:
    return format_html('<option value="{}"{}>{}</option>', value, " selected" if is_chosen else "", label)


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
