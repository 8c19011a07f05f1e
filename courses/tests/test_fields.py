import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from courses.fields import LanguageTag, Line, Prose, language_name


class TestLine:
    field = Line(required=False)

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("  Bread  ", "Bread"),
            ("Bread\tand\r\nbutter", "Bread and butter"),
            ("Cafe\u0301", "Café"),
            ("\u00a0Bread\u2003", "Bread"),
            ("\u200b\ufeff", ""),
            ("👩‍🍳 Bread", "👩‍🍳 Bread"),
            (None, ""),
        ],
    )
    def test_keeps_one_line_without_what_nobody_sees(self, typed, kept):
        assert self.field.clean(typed) == kept

    @pytest.mark.parametrize("typed", ["a\0b", "a\x1bb", "a\x7fb", "a\ud800b"])
    def test_what_cannot_be_stored_or_shown_is_rejected(self, typed):
        with pytest.raises(ValidationError, match="cannot be shown"):
            self.field.clean(typed)

    @pytest.mark.parametrize("typed", ["Bread\u202e94$", "\u2067Bread", "Bread\u2069"])
    def test_what_would_turn_the_words_beside_it_is_rejected(self, typed):
        with pytest.raises(ValidationError, match="turn the direction of reading"):
            self.field.clean(typed)

    def test_too_long_is_said_not_cut(self):
        assert "maxlength" not in Line(max_length=3).widget.attrs
        with pytest.raises(ValidationError, match="at most 3"):
            Line(max_length=3).clean("abcd")


class TestProse:
    field = Prose(required=False)

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
            ("\n\n  \n    code\n\ntext  \n", "    code\n\ntext"),
            ("a\tb", "a\tb"),
            ("", ""),
            (None, ""),
        ],
    )
    def test_keeps_lines_and_drops_what_nobody_sees(self, typed, kept):
        assert self.field.clean(typed) == kept

    def test_what_cannot_be_stored_is_rejected(self):
        with pytest.raises(ValidationError, match="cannot be shown"):
            self.field.clean("a\0b")

    @given(st.text())
    def test_what_was_cleaned_is_clean(self, typed):
        for field in (Prose(required=False), Line(required=False)):
            try:
                once = field.clean(typed)
            except ValidationError:
                continue
            assert field.clean(once) == once
            # A browser sends every line end as two characters.
            assert field.clean(once.replace("\n", "\r\n")) == once


class TestLanguageTag:
    field = LanguageTag(required=False)

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("en", "en"),
            ("EN", "en"),
            ("pt-br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("sr-latn", "sr-Latn"),
            ("es-419", "es-419"),
            ("de-CH-1996", "de-CH-1996"),
            ("gsw", "gsw"),
            ("en-x-Pirate", "en-x-pirate"),
            ("de-DE-u-co-phonebk", "de-DE-u-co-phonebk"),
            ("", ""),
        ],
    )
    def test_is_kept_in_its_canonical_spelling(self, typed, kept):
        assert self.field.clean(typed) == kept

    @pytest.mark.parametrize(
        "typed",
        ["english", "e", "en_US", "en-", "-en", "xx", "12", "en us", "en--us", "x-klingon", "en-" + "a1b2c3-" * 9],
    )
    def test_what_is_no_tag_is_rejected(self, typed):
        with pytest.raises(ValidationError, match="not the tag of a language"):
            self.field.clean(typed)


class TestLanguageName:
    @pytest.mark.parametrize(
        ("tag", "name"),
        [("en", "English"), ("de", "German (Deutsch)"), ("mis", "mis"), ("mhn", "mhn")],
    )
    def test_is_the_languages_own(self, tag, name):
        assert language_name(tag) == name
