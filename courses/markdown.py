"""A description as HTML that can do no harm: Markdown is rendered, then all but text and its marks is taken out."""

import re
from functools import lru_cache
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.token import Token

# The page's own headings end at h2; pictures of other sites are refused by the page's policy anyway.
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
LONGEST_LINK = 1_000
HOST = r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}(?![\w-])"
# GFM 6.9: the name's last part ends in a letter or digit, and the parts before have hyphens and underscores too.
EMAIL = (
    r"(^|[^a-z0-9._+-])"
    r"([a-z0-9._+-]{1,64}@(?:[a-z0-9_-]{1,63}\.){1,9}(?:[a-z0-9_-]{0,62}[a-z0-9])(?![a-z0-9_@-]))"
)
TASK = re.compile(r"\[[ xX]\]\s")
REL = "nofollow noopener noreferrer"


def render(text: str) -> SafeString:
    """The description, written in GitHub's Markdown (github.github.com/gfm), without pictures and raw HTML."""
    html = _markdown().render(text)
    clean = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, tag_attribute_values=VALUES, url_schemes=SCHEMES, link_rel=REL
    )
    return mark_safe(clean)  # noqa: S308  cleaned in the line above


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True})
    markdown.enable(["table", "strikethrough", "linkify"])
    markdown.linkify = _links()
    markdown.core.ruler.push("smaller_headings", _smaller_headings)
    markdown.core.ruler.push("alignment", _alignment)
    markdown.core.ruler.push("tasks", _tasks)
    markdown.core.ruler.push("pictures_as_words", _pictures_as_words)
    return markdown


def _links() -> LinkifyIt:
    """What GFM takes for a link by itself: www., http, https and e-mail, whatever the last part of the name (6.9)."""
    links = LinkifyIt(options={"fuzzy_link": False, "fuzzy_ip": False, "fuzzy_email": True})
    links.add("ftp:", None).add("//", None)
    links.add("http:", {"validate": lambda *at: _length_behind(*at, slashes="//")}).add("https:", "http:")
    links.add("www.", {"validate": _length_behind, "normalize": _with_scheme})
    links.re["email_fuzzy"] = EMAIL
    return links


def _length_behind(links: LinkifyIt, text: str, position: int, *, slashes: str = "") -> int:
    """Of the host and its path; 0: no link. No longer than addresses are, which bounds the cost."""
    link = re.compile(slashes + HOST + links.re["src_port"] + links.re["src_path"], re.IGNORECASE)
    found = link.match(text, position, position + LONGEST_LINK)
    return found.end() - position if found else 0


def _with_scheme(links: LinkifyIt, match: Any) -> None:
    match.url = f"http://{match.url}"


def _smaller_headings(state: Any) -> None:
    """`#` is an h3: the page has its own h1 and h2."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"


def _alignment(state: Any) -> None:
    """As an attribute: the page's policy refuses `style`."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and (style := token.attrs.pop("style", None)):
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _tasks(state: Any) -> None:
    """`- [ ] buy copper` as a box that cannot be ticked here. The known plugin looks for each item's list again."""
    for item, paragraph, block in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if (item.type, paragraph.type, block.type) != ("list_item_open", "paragraph_open", "inline"):
            continue
        first = block.children[0] if block.children else None
        task = TASK.match(first.content) if first and first.type == "text" else None
        if not first or not task:
            continue
        ticked = " checked" if first.content[1] in "xX" else ""
        first.content = first.content[4:]
        item.attrs["class"] = "task-list-item"
        box = Token("html_inline", "", 0, content=f'<label><input type="checkbox" disabled{ticked}> ')
        block.children = [box, *block.children, Token("html_inline", "", 0, content="</label>")]


def _pictures_as_words(state: Any) -> None:
    """A picture of another site is not loaded: its words stand there, and lead to it."""
    for block in state.tokens:
        if any(token.type == "image" for token in block.children or ()):
            block.children = _without_pictures(state.md, block.children)


def _without_pictures(markdown: MarkdownIt, tokens: list[Token]) -> list[Token]:
    kept, in_link = [], 0
    for token in tokens:
        in_link += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type != "image":
            kept.append(token)
            continue
        words = Token("text", "", 0, content=_alternative(markdown, token))
        link = Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
        kept += [words] if in_link else [link, words, Token("link_close", "a", -1)]
    return kept


def _alternative(markdown: MarkdownIt, picture: Token) -> str:
    renderer: Any = markdown.renderer
    words = str(renderer.renderInlineAsText(picture.children or [], markdown.options, {}))
    return words.strip() or _("Picture")
