"""Search and sorting in any script, the same on both sides and on both engines."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.search import MAX_WORDS, fold, sort_key, words

SAME = [
    ("ЭТИКА", "этика"),
    ("Élan", "elan"),
    ("CAFÉ", "cafe\u0301"),
    ("Straße", "STRASSE"),
    ("für", "FUR"),
    ("Ёлка", "елка"),
    ("Йога", "иога"),
    ("ΣΟΦΟΣ", "σοφός"),
    ("ᾼδω", "αδω"),
    ("İstanbul", "istanbul"),
    ("ISPARTA", "ısparta"),
    ("Łódź", "lodz"),
    ("Øre", "ore"),
    ("Đà Nẵng", "da nang"),
    ("Œuvre", "oeuvre"),
    ("Ærø", "aero"),
    ("ﬁnance", "finance"),
    ("Ｐｙｔｈｏｎ３", "python3"),
    ("שָׁלוֹם", "שלום"),
    ("مُحَمَّد", "محمد"),
    ("ガラス", "カラス"),
    ("ｶﾞ", "カ"),
    ("한국", "한국"),
    ("ภาษาไทย", "ภาษาไทย"),
    ("L’art", "l'art"),
    ("co\u00adoperate", "cooperate"),
    ("❤️", "❤"),
]
DIFFERENT = [("กิน", "กาน"), ("की", "का"), ("Ethik", "Etik"), ("не", "ня")]


class TestFold:
    @pytest.mark.parametrize(("one", "other"), SAME)
    def test_makes_the_same_of_what_differs_in_case_or_marks(self, one, other):
        assert fold(one) == fold(other)

    @pytest.mark.parametrize(("one", "other"), DIFFERENT)
    def test_keeps_letters_apart(self, one, other):
        assert fold(one) != fold(other)

    @given(st.text())
    def test_changes_nothing_the_second_time(self, text):
        assert fold(fold(text)) == fold(text)

    @given(st.text(max_size=30))
    def test_does_not_care_how_a_text_was_composed(self, text):
        forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}

        assert len(forms) == 1

    def test_of_a_query_gives_its_words_and_not_too_many(self):
        assert words("  Élan\u00a0VITAL ") == ["elan", "vital"]
        assert len(words("a " * 50)) == MAX_WORDS
        assert words("\u0301") == []


class TestSortKey:
    @pytest.mark.parametrize(
        "titles",
        [
            ["Änderungen", "Zebra"],
            ["Äpfel", "apple", "Apt"],
            ["ecole", "école", "École", "ecran"],
            ["lodz", "łódź", "lz"],
            ["ґрунт", "дім", "Ігри", "Історія", "Яблуко"],
            ["ک", "گ", "ی"],
            ["1. Beginn", "2. Mitte", "10. Ende", "Anfang"],
            ["“Anfang”", "Beginn"],
            ["Teil 2", "Teil 10", "Teil 10a", "Teil 100"],
            ["Zebra", "Ωμέγα", "Яблоко", "שלום", "日本"],
        ],
    )
    def test_sorts_as_people_who_read_the_script(self, titles):
        assert [*map(sort_key, titles)] == sorted(map(sort_key, titles))

    def test_of_any_title_fits_into_an_index(self):
        assert max(len(sort_key(character * 120)) for character in "aÄ日한🎨1ﷺ") < 2_600

    @given(st.text(max_size=20))
    def test_is_never_empty(self, text):
        assert sort_key(text)
