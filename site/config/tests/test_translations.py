"""Every text for people can be translated: `makemessages` extracts it, and it is a whole sentence."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.template import Node, Template, engines
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT: Path = settings.BASE_DIR
PYTHON = ("courses/**/*.py", "billings/**/*.py", "site/**/*.py")
GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"})
# Calls and keyword arguments whose texts are shown to people.
SHOWN_BY_CALL = frozenset({"ValidationError", "success", "info", "warning", "error", "message_user", "add_message"})
SHOWN_BY_KEYWORD = frozenset({"label", "help_text", "error_messages", "verbose_name", "empty_label"})
# The same methods of loggers. (`help_text` of a column documents it for developers, so models are left out below.)
NOT_SHOWN_BY = frozenset({"log", "logger"})
ATTRIBUTES = ("alt", "aria-label", "aria-description", "placeholder", "title", "label")
# CSS classes in blocks and partials, and what a person copies into a file as it is.
NOT_TEXT = frozenset(
    {"page-narrow", "page-reading", "btn-primary", "btn-secondary", "btn-danger", "STRIPE_WEBHOOK_SECRET="}
)

type Place = tuple[str, str]


def files(*patterns: str) -> list[Path]:
    """The project's files that match, without tests."""
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    return [path for path in paths if "tests" not in path.relative_to(ROOT).parts]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Those that speak to people; commands speak to those who run the portal, in English."""
    for path in files(*PYTHON):
        if "migrations" not in path.parts and "commands" not in path.parts:
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def gettext_calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node.func) in GETTEXT]


def has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]{2}", text) is not None


def bare_texts(node: ast.expr) -> Iterator[str]:
    """Literal texts in an expression that are no argument of gettext, nor keys or codes."""
    match node:
        case ast.Constant(value=str() as text) if has_words(text):
            yield text
        case ast.JoinedStr(values=values) | ast.List(elts=values) | ast.Tuple(elts=values) | ast.Dict(values=values):
            for value in values:
                yield from bare_texts(value)
        case ast.BinOp(left=left, right=right):
            yield from bare_texts(left)
            if isinstance(node.op, ast.Add):
                yield from bare_texts(right)
        case ast.IfExp(body=body, orelse=orelse):
            yield from bare_texts(body)
            yield from bare_texts(orelse)


def shown_expressions(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        owner = (
            node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
        )
        if name_of(node.func) in SHOWN_BY_CALL and owner not in NOT_SHOWN_BY:
            yield from node.args
        in_model = owner == "models"
        yield from (word.value for word in node.keywords if word.arg in SHOWN_BY_KEYWORD and not in_model)


def template_files() -> list[Path]:
    return files("templates/**/*.html", "templates/**/*.txt")


def text_outside_tags(source: str) -> Iterator[str]:
    source = re.sub(r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}|<!--.*?-->", "", source, flags=re.DOTALL)
    source = re.sub(r"\{%\s*blocktranslate\b.*?endblocktranslate\s*%\}", "\0", source, flags=re.DOTALL)
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "\0", source, flags=re.DOTALL)
    source = re.sub(r"<(script|style|svg)\b.*?</\1>", "\0", source, flags=re.DOTALL)
    for attribute in re.findall(rf'\b(?:{"|".join(ATTRIBUTES)})="([^"]*)"', source):
        yield from attribute.split("\0")
    yield from re.sub(r"<[^>]*>", "\0", source).split("\0")


def nodes(template: Template) -> Iterator[Node]:
    for kind in (TranslateNode, BlockTranslateNode):
        yield from template.nodelist.get_nodes_by_type(kind)


def test_templates_show_no_text_outside_translate_tags():
    bare: list[Place] = [
        (str(path.relative_to(ROOT)), text.strip())
        for path in template_files()
        for text in text_outside_tags(path.read_text())
        if has_words(text) and text.strip() not in NOT_TEXT
    ]

    assert not bare


def test_python_shows_no_text_without_gettext():
    bare: list[Place] = [
        (path, text) for path, tree in modules() for shown in shown_expressions(tree) for text in bare_texts(shown)
    ]

    assert not bare


def test_gettext_is_called_with_literals_only():
    """What is put together first, or comes in a variable, is in no catalogue."""
    unknown = [
        f"{path}:{call.lineno}"
        for path, tree in modules()
        for call in gettext_calls(tree)
        if not (call.args and isinstance(call.args[0], ast.Constant))
    ]

    assert not unknown


def test_gettext_has_one_name_in_all_modules():
    """`_`, or its own name where a module needs both; nothing that `makemessages` does not know."""
    other = [
        f"{path}: {alias.name} as {alias.asname}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.asname not in (None, "_")
    ]

    assert not other


def test_no_sentence_is_glued_from_fragments():
    """The order of words differs between languages. `makemessages` does not look into f-strings either."""
    glued = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)) or isinstance(node, ast.FormattedValue)
        for part in ([node.value] if isinstance(node, ast.FormattedValue) else [node.left, node.right])
        if isinstance(part, ast.Call) and name_of(part.func) in GETTEXT
    ]

    assert not glued


def test_scripts_show_no_text_of_their_own():
    """They take it from `<template>` elements of the page, which are translated."""
    sentence = re.compile(r"""(["'`])([A-Z][a-z]+(?: [a-z]+)+[^"'`]*)\1""")
    bare: list[Place] = [
        (str(path.relative_to(ROOT)), found[2])
        for path in files("static/js/**/*.js")
        if "vendor" not in path.parts
        for line in path.read_text().splitlines()
        if not line.lstrip().startswith("//")
        for found in sentence.finditer(line)
    ]

    assert not bare


@pytest.mark.skipif(not shutil.which("xgettext"), reason="makemessages needs GNU gettext")
def test_makemessages_finds_every_text(tmp_path, monkeypatch):
    copied = files(*PYTHON, "templates/**/*.*")
    for path in copied:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    (tmp_path / "locale").mkdir()
    monkeypatch.chdir(tmp_path)

    call_command("makemessages", locale=["de"], verbosity=0, no_location=True)

    with (tmp_path / "locale/de/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = {
            text for message in read_po(file) for text in ([message.id] if isinstance(message.id, str) else message.id)
        }
    literals = [
        argument.value
        for _path, tree in modules()
        for call in gettext_calls(tree)
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant)
    ]
    engine = engines["django"].engine
    in_templates = [
        text
        for path in template_files()
        for node in nodes(Template(path.read_text(), engine=engine))
        for text in message_ids(node)
    ]
    assert len(literals) > 300
    assert len(in_templates) > 300
    assert not {text for text in [*literals, *in_templates] if text not in catalogue}


def message_ids(node: Node) -> list[str]:
    match node:
        case TranslateNode():
            text = node.filter_expression.var
            return [text.literal] if hasattr(text, "literal") and isinstance(text.literal, str) else [str(text)]
        case BlockTranslateNode():
            return [node.render_token_list(node.singular)[0] if not node.trimmed else trimmed(node)]
    return []


def trimmed(node: BlockTranslateNode) -> str:
    return " ".join(line.strip() for line in node.render_token_list(node.singular)[0].strip().splitlines())
