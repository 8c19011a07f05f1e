"""Descriptions as safe HTML: Markdown is rendered, then everything but text and its markup is removed.

Any input costs about the same: the renderer is linear, and input beyond the limits below is shown as plain text.
"""

import re
from functools import lru_cache

import comrak
import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.models import DESCRIPTION_LENGTH

# The page's own headings go down to h2; its content security policy blocks pictures of other sites anyway.
TAGS = {"p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "label"}
TAGS |= {"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "input"}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "input": {"disabled", "checked"}}
ALIGNMENTS = {"left", "center", "right"}
VALUES: dict[str, dict[str, set[str]]] = {
    "input": {"type": {"checkbox"}},
    "li": {"class": {"task-list-item"}},
    "th": {"align": ALIGNMENTS},
    "td": {"align": ALIGNMENTS},
}
SCHEMES = {"http", "https", "mailto"}
REL = "nofollow noopener noreferrer"
# A URL with one of these schemes, or without a scheme.
LEADS = re.compile(r"(?:https?|mailto):|(?!$)[^:/?#]*(?:[/?#]|$)", re.IGNORECASE)

# Far more than anyone reads, and less than browsers have trouble with.
MOST_NESTED = 40
# A short row is filled up with empty cells, so that few characters can make many of them.
MOST_CELLS = 10_000
# The renderer recurses once for each email address that it turns into a link.
MOST_ADDRESSES = 500
DELIMITER_ROW = re.compile(r"^[ \t>]*[|:-][ \t|:-]*$", re.MULTILINE)

# Text is escaped in the renderer's output, so anything that looks like a tag is one.
NESTED = re.compile(r"<(/?)(?:blockquote|ul|ol|li|em|strong|del)\b")
RENAMED = re.compile(r"(</?)(h[1-6]|del)\b")
NAMES = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6", "del": "s"}
LINK = re.compile(r'<a href="(?P<to>[^"]*)"[^>]*>|(?P<end></a>)|<img src="(?P<of>[^"]*)" alt="(?P<words>[^"]*)"[^>]*>')
TASK = re.compile(
    r'<input type="checkbox" class="task-list-item-checkbox"(?P<ticked>(?: checked="")?) disabled="" /> '
    r"(?P<start>(?:\n<p>)?)(?P<words>.*?)(?=</p>|</li>|\n<(?:ul|ol|blockquote|pre|h[1-6]|table|hr))",
    re.DOTALL,
)


def render(text: str) -> SafeString:
    """The description as HTML, from GitHub Flavored Markdown (github.github.com/gfm), without pictures and raw HTML.

    Shown as plain text if it is too long, nested too deeply, or would show nothing.
    """
    if len(text) > DESCRIPTION_LENGTH:
        return plain(text)
    html = _rendered(text)
    # Link definitions alone render to nothing.
    if _depth(html) > MOST_NESTED or (text.strip() and not html.strip()):
        return plain(text)
    html = TASK.sub(_task, _with_words_for_pictures(_with_our_names(html)))
    clean = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, tag_attribute_values=VALUES, url_schemes=SCHEMES, link_rel=REL
    )
    return mark_safe(clean)  # noqa: S308  cleaned above


def plain(text: str) -> SafeString:
    """The text as typed, with its lines and paragraphs."""
    return mark_safe(linebreaks(_storable(text), autoescape=True))  # noqa: S308  autoescape


def _rendered(text: str) -> str:
    """Tables and bare links are rendered only within their limits; otherwise they stay text."""
    extensions = _extensions(table=_cells(text) <= MOST_CELLS, autolink=text.count("@") <= MOST_ADDRESSES)
    return comrak.render_markdown(_storable(text), extension_options=extensions, render_options=_rendering())


@lru_cache(maxsize=4)
def _extensions(*, table: bool, autolink: bool) -> comrak.ExtensionOptions:
    options = comrak.ExtensionOptions()
    options.table, options.autolink = table, autolink
    options.strikethrough = options.tasklist = True
    return options


@lru_cache(maxsize=1)
def _rendering() -> comrak.RenderOptions:
    """Raw HTML is shown, not interpreted."""
    options = comrak.RenderOptions()
    options.escape = options.tasklist_classes = True
    return options


def _storable(text: str) -> str:
    """A preview shows unvalidated text: surrogates cannot be encoded."""
    return text.encode(errors="replace").decode()


def _cells(text: str) -> int:
    """An upper bound for the table cells in `text`: as if every line were a row of the widest table."""
    widest = max((row[0].count("|") + 1 for row in DELIMITER_ROW.finditer(text) if "-" in row[0]), default=0)
    return widest * (text.count("\n") + 1)


def _depth(html: str) -> int:
    depth = deepest = 0
    for tag in NESTED.finditer(html):
        depth += -1 if tag[1] else 1
        deepest = max(deepest, depth)
    return deepest


def _with_our_names(html: str) -> str:
    """`#` becomes h3: the page has its own h1 and h2."""
    return RENAMED.sub(lambda tag: tag[1] + NAMES[tag[2]], html)


def _with_words_for_pictures(html: str) -> str:
    """Pictures of other sites are not loaded: their alternative text is shown instead, as a link to the picture.

    Links with schemes that are not allowed become text.
    """
    in_link = leads = False

    def changed(found: re.Match[str]) -> str:
        nonlocal in_link, leads
        if found["end"]:
            in_link = False
            return found[0] if leads else ""
        if found["to"] is not None:
            in_link, leads = True, bool(LEADS.match(found["to"]))
            return found[0] if leads else ""
        words = found["words"].strip() or _("Picture")
        if in_link or not LEADS.match(found["of"]):
            return words
        return f'<a href="{found["of"]}">{words}</a>'

    return LINK.sub(changed, html)


def _task(found: re.Match[str]) -> str:
    """`- [ ] buy copper` as a disabled checkbox, labelled with its text."""
    box = f'<input type="checkbox" disabled=""{found["ticked"]}>'
    return f"{found['start']}<label>{box} {found['words']}</label>"
