"""The pages' own JavaScript and CSS as they are sent: together, so that a page costs few requests, and minified.

There is no build step: the files are put behind one another, in the order given here, whenever static files are looked
for. The scripts are plain deferred ones that share one object, `portal`.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.core.files.storage import FileSystemStorage

SOURCES = Path(settings.BASE_DIR) / "static"
JOINED = Path(settings.BASE_DIR) / ".stamps" / "scripts"
SCRIPTS = {
    # Every page, the errors' too: what a later file says about an element outranks an earlier one.
    "css/portal.css": (
        "css/tokens.css",
        "css/base.css",
        "css/components/icons.css",
        "css/components/frame.css",
        "css/components/buttons.css",
        "css/components/fields.css",
        "css/components/alerts.css",
        "css/components/status.css",
        "css/components/lists.css",
        "css/components/tables.css",
        "css/components/prose.css",
        "css/components/toasts.css",
        "css/components/dialog.css",
        "css/pages/account.css",
        "css/pages/courses.css",
        "css/pages/course.css",
        "css/pages/conflict.css",
        "css/pages/prices.css",
        "css/pages/sync.css",
        "css/pages/error.css",
        "css/low-windows.css",
        "css/forced-colors.css",
        "css/print.css",
    ),
    # Every page.
    "js/portal.js": (
        "js/portal/toasts.js",
        "js/portal/times.js",
        "js/portal/busy.js",
        "js/portal/failures.js",
        "js/portal/announcements.js",
        "js/portal/errors.js",
        "js/portal/focus.js",
        "js/portal/keys.js",
        "js/portal/passwords.js",
        "js/portal/countdown.js",
        "js/portal/rows.js",
        "js/portal/readings.js",
        "js/portal/drafts.js",
        "js/portal/sign_out.js",
    ),
    # The pages that ask for a passkey: allauth's own scripts, and what people read of them.
    "js/passkeys.js": (
        "js/passkeys/problems.js",
        "mfa/js/webauthn-json.js",
        "mfa/js/webauthn.js",
        "account/js/onload.js",
    ),
    # The pages on which a course is written. Idiomorph 0.8.0 (https://github.com/bigskysoftware/idiomorph, 0BSD) morphs
    # an answer into the page, so that fields keep cursor, undo and a chosen picture; htmx itself replaces them.
    "js/editor.js": (
        "js/vendor/idiomorph.js",
        "js/editor/course.js",
        "js/editor/answers.js",
        "js/editor/saving.js",
        "js/editor/upload.js",
        "js/editor/drafts.js",
        "js/editor/connection.js",
        "js/editor/counters.js",
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
    # A line between two files: neither has to end with one.
    text = _minified(path, "\n".join(_source(name).read_text() for name in SCRIPTS[path]))
    script = JOINED / path
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(parents=True, exist_ok=True)
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(text)
        draft.replace(script)
    return script


def _source(name: str) -> Path:
    """One of ours, or of a package."""
    ours = SOURCES / name
    return ours if ours.exists() else Path(str(AppDirectoriesFinder().find(name)))


def _minified(path: str, text: str) -> str:
    """Without what only readers of the source need."""
    minified: str = rcssmin.cssmin(text) if path.endswith(".css") else rjsmin.jsmin(text)
    return minified
