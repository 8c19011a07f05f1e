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
        assert 'rel="noopener noreferrer"' in render("[x](https://school.example)")
