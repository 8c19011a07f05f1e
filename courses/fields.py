"""Form fields for written text: unstorable or invisible characters are rejected, the rest is normalised."""

import re
import unicodedata
from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from web import bidi

# RFC 5646 without grandfathered and private tags: language, script, region, variants, extensions.
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
TAG_LENGTH = 35


class Text(forms.CharField):
    """Normalised text. Too long is rejected with a message; `maxlength` would silently truncate a paste."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class Line(Text):
    """A single line: whitespace is collapsed, and text without visible characters is empty.

    Direction controls are rejected, since they would reorder the text shown beside it.
    """

    def to_python(self, value: Any) -> str:
        line = " ".join(_storable(str(value or "")).split())
        if bidi.has_controls(line):
            message = _("This text has hidden characters in it that turn the direction of reading; type it again.")
            raise ValidationError(message, code="direction")
        return line if any(unicodedata.category(character)[0] not in "CZ" for character in line) else ""


class Prose(Text):
    """Several lines, with normalised line ends; indentation is kept, since Markdown uses it."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return re.sub(r"\A(?:[^\S\n]*\n)+", "", _storable(str(value or ""))).rstrip()


class LanguageTag(Line):
    """A BCP 47 tag in the usual capitalisation: "pt-BR", "zh-Hant"."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return text
        match = _TAG.fullmatch(text)
        if len(text) > TAG_LENGTH or match is None or not _is_known(match["language"].lower()):
            raise ValidationError(
                _("“%(tag)s” is not the tag of a language, such as en or pt-BR."), params={"tag": text}
            )
        return _capitalised(text)


def language_name(tag: str) -> str:
    """The language's name in English and in itself ("German (Deutsch)"), or the tag if Babel does not know it."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return tag
    english, own = locale.get_display_name("en"), locale.get_display_name()
    if not english or not own:
        return tag
    return english if own.casefold() == english.casefold() else f"{english} ({own})"


def _is_known(language: str) -> bool:
    """All two-letter codes are known to Babel; of the thousands with three letters, any is accepted."""
    return len(language) == 3 or language in Locale("en").languages


def _capitalised(tag: str) -> str:
    first, *rest = tag.lower().split("-")
    usual, extended = [first], False
    for part in rest:
        extended = extended or len(part) == 1
        if not extended and len(part) == 2:
            part = part.upper()
        elif not extended and len(part) == 4 and part.isalpha():
            part = part.title()
        usual.append(part)
    return "-".join(usual)


def _storable(text: str) -> str:
    """The text in NFC with normalised line ends. Raises ValidationError for control characters and surrogates."""
    uniform = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in uniform):
        raise ValidationError(_("This text has characters in it that cannot be shown; type it again."), code="control")
    return uniform
