import re
import time

import pytest

from courses.markdown import render
from courses.models import DESCRIPTION_LENGTH
from courses.tests.costly_texts import TEXTS, milliseconds


class TestRender:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("# Flour", "<h3>Flour</h3>"),
            ("###### Deep", "<h6>Deep</h6>"),
            ("- one\n- two", "<li>one</li>"),
            ("a|b\n-|-\n1|2", "<td>1</td>"),
            ("~~no~~", "<s>no</s>"),
            ("[school](https://school.example)", 'href="https://school.example"'),
        ],
    )
    def test_writes_the_html_of_each_construct(self, text, html):
        assert html in render(text)

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "![x](https://tracker.example/a.png)",
            "[x](data:text/html,<script>alert(1)</script>)",
            '<a href="https://x" onclick="alert(1)">x</a>',
        ],
    )
    def test_what_could_do_harm_is_left_out(self, text):
        html = render(text)

        for harm in ("<script", "<img", 'href="javascript', 'href="data', "<a onclick", '<a href="https://x" onclick'):
            assert harm not in html

    def test_links_tell_the_other_side_nothing(self):
        assert 'rel="nofollow noopener noreferrer"' in render("[x](https://school.example)")


def links(text: str) -> list[str]:
    return re.findall('href="([^"]*)"', render(text))


class TestLinksWithoutBrackets:
    """The examples of GFM's specification (621-631), and what it does not take for a link."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("See https://example.org/a for more", ["https://example.org/a"]),
            ("www.commonmark.org", ["http://www.commonmark.org"]),
            ("Visit www.commonmark.org/help for more information.", ["http://www.commonmark.org/help"]),
            ("Visit www.commonmark.org.", ["http://www.commonmark.org"]),
            ("Visit www.commonmark.org/a.b.", ["http://www.commonmark.org/a.b"]),
            ("www.google.com/search?q=Markup+(business)))", ["http://www.google.com/search?q=Markup+(business)"]),
            ("(www.google.com/search?q=Markup+(business))", ["http://www.google.com/search?q=Markup+(business)"]),
            ("www.google.com/search?q=commonmark&hl=en", ["http://www.google.com/search?q=commonmark&amp;hl=en"]),
            ("www.commonmark.org/he<lp", ["http://www.commonmark.org/he"]),
            ("http://commonmark.org", ["http://commonmark.org"]),
            ("(Visit https://a.example/?q=(b))", ["https://a.example/?q=(b)"]),
            ("foo@bar.baz", ["mailto:foo@bar.baz"]),
            ("no hello@mail+xyz.example but hello+xyz@mail.example.", ["mailto:hello+xyz@mail.example"]),
            ("a.b-c_d@a.b", ["mailto:a.b-c_d@a.b"]),
            ("a.b-c_d@a.b.", ["mailto:a.b-c_d@a.b"]),
            ("a.b-c_d@a.b-", []),
            ("a.b-c_d@a.b_", []),
            ("readme.md and example.com and 1.2.3.4", []),
            ("ftp://example.org and //example.org", []),
            ("[x](tel:1) and <skype:a>", []),
            ("[x](a:b) [y](?q=a:b) [z](/c:d)", ["?q=a:b", "/c:d"]),
            ("`www.a.example`", []),
            ("javascript://www", []),
        ],
    )
    def test_are_found(self, text, expected):
        assert links(text) == expected


class TestGithubsMarkdown:
    def test_a_task_is_a_box_that_cannot_be_ticked_here(self):
        html = render("- [ ] buy copper\n- [x] **done**\n- [ ]no\n- [] no")

        assert '<label><input type="checkbox" disabled=""> buy copper</label>' in html
        assert '<label><input type="checkbox" disabled="" checked=""> <strong>done</strong></label>' in html
        assert html.count("<input") == 2

    def test_columns_are_aligned_without_inline_style(self):
        html = render("a|b|c\n:-|:-:|-:\n1|2|3")

        assert [f'<td align="{side}">' in html for side in ("left", "center", "right")] == [True] * 3
        assert "style" not in html

    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("![A *red* barn](https://x.example/a.png)", ">A red barn</a>"),
            ("[![A barn](a.png)](https://x.example)", ">A barn</a>"),
            ("![](https://x.example/a.png)", ">Picture</a>"),
            ("![a barn](javascript:alert(1))", "a barn"),
        ],
    )
    def test_the_words_of_a_picture_stay(self, text, html):
        assert html in render(text)

    def test_a_task_of_several_paragraphs_is_named_by_the_first(self):
        html = render("- [ ] a\n\n  b\n- [x] c")

        assert '<p><label><input type="checkbox" disabled=""> a</label></p>' in html
        assert "<p>b</p>" in html

    def test_only_our_own_boxes_come_through(self):
        assert "<input" not in render('<input type="text" name="csrf"> <label>x</label>')


def yardstick() -> float:
    """What a million steps cost on this machine, in milliseconds."""
    began = time.thread_time()
    for _ in range(1_000_000):
        pass
    return (time.thread_time() - began) * 1000


class TestBounds:
    @pytest.mark.slow
    def test_no_text_costs_much(self):
        """Measured by what this machine can do, so that a slow one takes nothing for dear."""
        most = 5 * max(yardstick() for _ in range(3))

        dear = [name for name, text in TEXTS.items() if min(milliseconds(text) for _ in range(2)) > most]

        assert not dear

    @pytest.mark.parametrize(
        "text",
        ["**a** " * DESCRIPTION_LENGTH, "> " * 50 + "*a*", "- " * 25 + "*a*", "*a **b " * 50 + "c** d* " * 50],
        ids=["longer than a description", "quotes", "lists", "emphasis"],
    )
    def test_what_is_beyond_them_is_shown_as_plain_text(self, text):
        html = render(text)

        assert text.split()[0].replace(">", "&gt;") in html
        assert set(re.findall("<[a-z]+", html)) == {"<p"}

    def test_lines_of_plain_text_stay_lines(self):
        assert render("> " * 50 + "a\n\nb < c\nd").endswith("a</p>\n\n<p>b &lt; c<br>d</p>")

    def test_a_table_with_very_many_cells_is_shown_as_text(self):
        html = render("# All\n\n" + "|".join("a" * 100) + "\n" + "|".join("-" * 100) + "\n" + "b\n" * 200)

        assert "<h3>All</h3>" in html
        assert "<table" not in html

    def test_a_long_timetable_stays_a_table(self):
        assert render("a|b|c|d|e|f|g|h\n-|-|-|-|-|-|-|-\n" + "1|2|3|4|5|6|7|8\n" * 200).count("<td>") == 1600

    def test_a_list_of_lists_is_shown_as_one(self):
        assert render("".join("  " * depth + "- a\n" for depth in range(12))).count("<li>") == 12

    @pytest.mark.parametrize("text", ["[a]: https://x.example", "a \ud800 b", "\0"])
    def test_nothing_ends_in_an_error_or_in_nothing(self, text):
        assert render(text).encode()

    def test_who_writes_nothing_sees_nothing(self):
        assert render("") == ""
