"""Rows are saved with `update_fields`: a complete `save()` would undo concurrent changes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Everything of ours that has rows; e2e and the sandbox have none.
FOLDERS = ("bench", "billings", "courses", "site")
# `Model.save` takes these alone, by name; what is called otherwise is no row's: a picture's, a page's, a store's.
OF_MODELS = {"force_insert", "force_update", "using", "update_fields"}
# They have a `save()` of their own.
NO_ROWS = ("form", "session", "editor")


def nameless_saves(code: str) -> Iterator[int]:
    """The lines on which a row may be saved whole, but for new ones (`force_insert=True`)."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "save":
            named = {keyword.arg for keyword in node.keywords}
            is_a_rows = not node.args and named <= {*OF_MODELS, None} and not _name(node.func.value).endswith(NO_ROWS)
            if is_a_rows and not named & {"update_fields", "force_insert"}:
                yield node.lineno


def _name(receiver: ast.expr) -> str:
    match receiver:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@pytest.mark.parametrize(
    "code",
    [
        "course.save()",
        "self.course.save(using=alias)",
        "Course(title=title).save()",
        "super().save()",
        "super().save(**options)",
        "rows[0].save()",
    ],
)
def test_a_save_of_a_whole_row_is_found(code):
    assert list(nameless_saves(code)) == [1]


@pytest.mark.parametrize(
    "code",
    [
        "course.save(update_fields=['title'])",
        "super().save(*args, update_fields=update_fields, **options)",
        "course.save(force_insert=True)",
        "Course.objects.create(title=title)",
        "form.save()",
        "price_form.save()",
        "request.session.save()",
        "image.save(file, 'WEBP')",
        "editor.save(title='Oil')",
    ],
)
def test_other_saves_are_left_alone(code):
    assert list(nameless_saves(code)) == []


def test_every_save_names_its_fields():
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in nameless_saves(file.read_text())]

    assert len(files) > 100
    assert not found, "name update_fields; a new row is made by objects.create or save(force_insert=True)"
