"""The pages' JavaScript and CSS as they are sent: minified and bundled, so that a page needs few requests.

There is no build step: the files are concatenated in the order given here whenever static files are looked up, by
`collectstatic` or by a server with DEBUG on. The scripts are plain ones that share one object, `portal`.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder, find
from django.core.files.storage import FileSystemStorage

BUNDLED = Path(settings.BASE_DIR) / ".stamps" / "bundles"
BUNDLES = {
    # Every page, error pages too. Order matters: later rules override earlier ones.
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
        "css/components/savebar.css",
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
    # Every page. htmx comes with django-htmx.
    "js/portal.js": (
        "django_htmx/htmx-2.min.js",
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
    # The pages that ask for a passkey: allauth's own scripts, and the messages people read.
    "js/passkeys.js": (
        "js/passkeys/problems.js",
        "mfa/js/webauthn-json.js",
        "mfa/js/webauthn.js",
        "account/js/onload.js",
    ),
    # The pages on which a course is edited.
    "js/editor.js": (
        "js/editor/later.js",
        "js/editor/course.js",
        "js/editor/saving.js",
        "js/editor/upload.js",
        "js/editor/drafts.js",
        "js/editor/counters.js",
    ),
    # Requested by those pages at the first touch of the form. Idiomorph 0.8.0
    # (https://github.com/bigskysoftware/idiomorph, 0BSD) morphs a response into the page, so that fields keep cursor,
    # undo and a chosen picture; htmx itself replaces them.
    "js/later.js": (
        "js/vendor/idiomorph.js",
        "js/editor/responses.js",
        "js/editor/connection.js",
        "js/editor/picture.js",
    ),
}


class BundleFinder(BaseFinder):
    """Finds the bundles, for `collectstatic` and for a server with DEBUG on alike."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    # The stubs declare two overloads, which a two-line finder does not need.
    def find(self, path: str, find_all: bool = False) -> str | list[str] | None:  # type: ignore[override]
        found = [str(_bundled(path))] if path in BUNDLES else []
        return found if find_all else next(iter(found), None)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in BUNDLES:
            _bundled(path)
            yield path, FileSystemStorage(location=BUNDLED)


def _bundled(path: str) -> Path:
    """The bundle as one file, rewritten only if its content changed: `collectstatic` decides by modification time."""
    # Separate the files: one may lack a final newline, and a script without a final semicolon would be called by an
    # opening bracket in the next.
    between = "\n" if path.endswith(".css") else "\n;\n"
    text = between.join(map(_minified, BUNDLES[path]))
    bundle = BUNDLED / path
    if not bundle.exists() or bundle.read_text() != text:
        bundle.parent.mkdir(parents=True, exist_ok=True)
        draft = bundle.with_suffix(f".{os.getpid()}")
        draft.write_text(text)
        draft.replace(bundle)
    return bundle


def _minified(source: str) -> str:
    """A file of ours or of a package, without comments and whitespace."""
    file = find(source)
    if not isinstance(file, str):
        raise FileNotFoundError(source)
    text = Path(file).read_text()
    if source.endswith((".min.css", ".min.js")):
        return text
    minified: str = rcssmin.cssmin(text) if source.endswith(".css") else rjsmin.jsmin(text)
    return minified
