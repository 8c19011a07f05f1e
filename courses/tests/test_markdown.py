import re
import time

import pytest

from courses.markdown import render


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
    def test_it_works(self, text, html):
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
            ("`www.a.example`", []),
            ("javascript://www", []),
        ],
    )
    def test_are_found(self, text, expected):
        assert links(text) == expected

    @pytest.mark.parametrize(
        "piece", ["www.", "www.a/", "http://a/", "a@", "a@b.c ", "- [ ] a\n", "![](a)", "[a](b)", "@", "www.a-"]
    )
    def test_cost_no_more_for_being_many(self, piece):
        text = piece * (20_000 // len(piece))
        started = time.process_time()

        render(text)

        assert time.process_time() - started < 10


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

    def test_only_our_own_boxes_come_through(self):
        assert "<input" not in render('<input type="text" name="csrf"> <label>x</label>')
