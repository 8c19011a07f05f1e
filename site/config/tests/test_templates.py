"""How templates are written; what they show is tested where it is shown."""

import re
from pathlib import Path

import pytest
from django.conf import settings

LONGEST = 120
TAG = re.compile("{{.*?}}|{%.*?%}|{#.*?#}")
FOLDERS = ("templates", "tools/stripe_sandbox/src/stripe_sandbox/templates")


def lines(folder: str, suffix: str = ".html") -> dict[str, str]:
    """Every line of the templates, by its file and number."""
    root = Path(settings.BASE_DIR)
    return {
        f"{page.relative_to(root)}:{number}": line
        for page in sorted((root / folder).rglob(f"*{suffix}"))
        for number, line in enumerate(page.read_text().splitlines(), 1)
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_line_of_a_page_is_longer_than_one_of_code(folder):
    """Messages, `.txt`, are left out: a paragraph of a mail is one line."""
    found = lines(folder)

    assert found
    assert [place for place, line in found.items() if len(line) > LONGEST] == []


@pytest.mark.parametrize("suffix", [".html", ".txt"])
def test_tags_and_comments_end_on_the_line_they_begin_on(suffix):
    """Django would show them to people otherwise."""
    found = lines("templates", suffix)

    assert found
    assert [place for place, line in found.items() if re.search("{[{%#]", TAG.sub("", line))] == []
