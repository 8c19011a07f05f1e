"""The pages' own JavaScript: small files by feature, sent together, so that a page costs few requests.

There is no build step: the files of a folder under `static/js/` are put behind one another, in the order given here,
whenever static files are looked for. They are plain deferred scripts that share one object, `portal`.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SOURCES = Path(settings.BASE_DIR) / "static" / "js"
JOINED = Path(settings.BASE_DIR) / ".stamps" / "scripts"
SCRIPTS = {
    # Every page.
    "js/portal.js": (
        "portal/toasts.js",
        "portal/times.js",
        "portal/busy.js",
        "portal/failures.js",
        "portal/announcements.js",
        "portal/errors.js",
        "portal/focus.js",
        "portal/keys.js",
        "portal/passwords.js",
        "portal/countdown.js",
        "portal/rows.js",
        "portal/readings.js",
        "portal/drafts.js",
        "portal/sign_out.js",
    ),
    # The pages on which a course is written. Idiomorph 0.8.0 (https://github.com/bigskysoftware/idiomorph, 0BSD) morphs
    # an answer into the page, so that fields keep cursor, undo and a chosen picture; htmx itself replaces them.
    "js/editor.js": (
        "vendor/idiomorph.js",
        "editor/course.js",
        "editor/answers.js",
        "editor/saving.js",
        "editor/upload.js",
        "editor/drafts.js",
        "editor/connection.js",
        "editor/counters.js",
    ),
}


class ScriptFinder(BaseFinder):
    """Finds the joined scripts, for `collectstatic` and for a server with DEBUG on alike."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    # The stubs have it as two overloads, which a finder of two lines needs not.
    def find(self, path: str, find_all: bool = False) -> str | list[str] | None:  # type: ignore[override]
        found = [str(_joined(path))] if path in SCRIPTS else []
        return found if find_all else next(iter(found), None)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in SCRIPTS:
            _joined(path)
            yield path, FileSystemStorage(location=JOINED)


def _joined(path: str) -> Path:
    """The script as one file, written only where it became another one: its time tells whether to collect it."""
    text = "".join(_without_comments(SOURCES / source) for source in SCRIPTS[path])
    script = JOINED / path
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(parents=True, exist_ok=True)
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(text)
        draft.replace(script)
    return script


def _without_comments(source: Path) -> str:
    """The file without the lines that only readers of the source need: an eighth of what would be sent."""
    lines = source.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("//"))
