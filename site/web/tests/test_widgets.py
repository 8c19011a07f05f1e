"""The list of options equals Django's own."""

import pytest
from django import forms
from django.test.html import parse_html

from web.widgets import Select

CHOICES = [("", "any"), ("Often <used>", [("usd", "USD – “dollar” & cents"), ("eur", "EUR")]), (7, "seven")]


@pytest.mark.parametrize("value", ["eur", "", None, 7, "nothing of these", '"><script>'])
def test_a_select_is_written_as_django_writes_it(value):
    attrs = {"class": "form-select", "hx-trigger": "change", "autofocus": True, "disabled": False}

    ours, djangos = (
        parse_html(widget(attrs, CHOICES).render("currency", value, {"id": "id_currency", "required": True}))
        for widget in (Select, forms.Select)
    )

    assert ours == djangos
