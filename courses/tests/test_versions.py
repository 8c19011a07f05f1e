"""Two people, one course: the merge as a function, and its token."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billings.money import PriceSpec
from courses import versions
from courses.content import OWN_FIELDS, Content, NewCover
from courses.versions import Edit, digests, merge

PLAIN = Content(
    title="Bread",
    summary="Sourdough.",
    description="",
    subject="Cooking",
    level="all",
    language="en",
    cover="",
    price=PriceSpec(4900, "usd"),
)
ALL = frozenset(OWN_FIELDS)


def edit(content: Content, *, base: Content | None = PLAIN, given: frozenset[str] = ALL) -> Edit:
    return Edit(content, given, None if base is None else digests(base))


def test_a_picture_sent_again_is_the_stored_one_whether_or_not_it_moved():
    assert NewCover(b"first frame", animated=True) == NewCover(b"first frame")


class TestMerge:
    def test_takes_what_the_form_changed(self):
        wanted = replace(PLAIN, title="Rye bread")

        merged = merge(edit(wanted), PLAIN)

        assert merged.content == wanted
        assert merged.changed == ("title",)
        assert not merged.came_in
        assert not merged.conflicts

    def test_keeps_what_came_in_and_the_form_left_alone(self):
        theirs = replace(PLAIN, price=PriceSpec(7700, "usd"))

        merged = merge(edit(replace(PLAIN, title="Rye bread")), theirs)

        assert merged.content == replace(theirs, title="Rye bread")
        assert merged.came_in == ("price",)

    def test_the_same_change_on_both_sides_is_none(self):
        theirs = replace(PLAIN, title="Rye bread")

        merged = merge(edit(theirs), theirs)

        assert merged == versions.Merge(theirs)

    def test_different_changes_of_one_field_conflict_and_the_rest_is_still_told(self):
        theirs = replace(PLAIN, title="Wheat bread")

        merged = merge(edit(replace(PLAIN, title="Rye bread", subject="Baking")), theirs)

        assert merged.conflicts == ("title",)
        assert merged.changed == ("subject",)

    def test_amount_currency_and_interval_are_one_field(self):
        theirs = replace(PLAIN, price=PriceSpec(4900, "eur"))

        merged = merge(edit(replace(PLAIN, price=PriceSpec(4900, "usd", "month"))), theirs)

        assert merged.conflicts == ("price",)

    def test_a_change_that_was_undone_is_no_conflict(self):
        merged = merge(edit(replace(PLAIN, title="Rye bread")), PLAIN)

        assert not merged.conflicts

    def test_an_absent_field_stays_whatever_it_is(self):
        theirs = replace(PLAIN, title="Wheat bread")

        merged = merge(edit(replace(PLAIN, title="never sent", subject="Baking"), given=frozenset({"subject"})), theirs)

        assert merged.content == replace(theirs, subject="Baking")
        assert merged.came_in == ("title",)

    def test_an_edit_of_unknown_origin_conflicts_where_it_differs(self):
        merged = merge(edit(replace(PLAIN, title="Rye bread"), base=None), PLAIN)

        assert merged.conflicts == ("title",)

    def test_an_edit_of_unknown_origin_that_differs_in_nothing_is_fine(self):
        assert merge(edit(PLAIN, base=None), PLAIN) == versions.Merge(PLAIN)

    def test_a_new_cover_is_always_a_change(self):
        merged = merge(edit(replace(PLAIN, cover=NewCover(b"picture"))), PLAIN)

        assert merged.changed == ("cover",)


text = st.sampled_from(["", "a", "b", "c"])
prices = st.none() | st.builds(PriceSpec, st.sampled_from([50, 4900]), st.sampled_from(["usd", "eur"]))
contents = st.builds(
    Content,
    title=text,
    summary=text,
    description=text,
    subject=text,
    level=text,
    language=text,
    cover=text | st.builds(NewCover, st.binary(max_size=2)),
    price=prices,
)
subsets = st.frozensets(st.sampled_from(OWN_FIELDS))


class TestMergeAlways:
    @given(base=contents, yours=contents, theirs=contents, sent=subsets)
    def test_every_field_ends_as_one_side_had_it(self, base, yours, theirs, sent):
        merged = merge(edit(yours, base=base, given=sent), theirs)

        for name in OWN_FIELDS:
            ours, saved = getattr(yours, name), getattr(merged.content, name)
            assert saved == (ours if name in merged.changed else getattr(theirs, name))

    @given(base=contents, yours=contents, theirs=contents)
    def test_nothing_that_either_side_alone_changed_is_lost(self, base, yours, theirs):
        merged = merge(edit(yours, base=base), theirs)

        for name in OWN_FIELDS:
            was, ours, others = (getattr(side, name) for side in (base, yours, theirs))
            saved = getattr(merged.content, name)
            if others == was:
                assert saved == ours
            elif ours == was:
                assert saved == others
                assert name in merged.came_in
            elif ours != others:
                assert name in merged.conflicts

    @given(base=contents, yours=contents, theirs=contents)
    def test_a_conflict_takes_two_who_changed_the_field_differently(self, base, yours, theirs):
        merged = merge(edit(yours, base=base), theirs)

        for name in merged.conflicts:
            assert len({repr(getattr(side, name)) for side in (base, yours, theirs)}) == 3

    @given(yours=contents, theirs=contents)
    def test_answering_a_conflict_with_a_fresh_version_saves_it(self, yours, theirs):
        merged = merge(edit(yours, base=theirs), theirs)

        assert merged.content == yours
        assert not merged.conflicts

    @given(base=contents, yours=contents, theirs=contents)
    def test_saving_twice_is_saving_once(self, base, yours, theirs):
        once = merge(edit(yours, base=base), theirs)

        again = merge(edit(yours, base=base), once.content)

        assert again.content == once.content
        assert again.changed == ()


class TestToken:
    def test_brings_back_what_it_was_made_of(self):
        course_id = uuid4()

        assert versions.read(versions.token(course_id, PLAIN), course_id) == digests(PLAIN)

    def test_another_courses_token_says_nothing(self):
        assert versions.read(versions.token(uuid4(), PLAIN), uuid4()) is None

    @pytest.mark.parametrize("text", ["", "x", "a:b", "é:\u2028", "W10:" + "0" * 43])
    def test_a_forged_one_says_nothing(self, text):
        assert versions.read(text, uuid4()) is None

    def test_a_changed_one_says_nothing(self):
        course_id = uuid4()
        token = versions.token(course_id, PLAIN)

        assert versions.read("A" + token[1:], course_id) is None

    def test_a_field_that_the_token_does_not_know_counts_as_changed(self):
        known = {name: digest for name, digest in digests(PLAIN).items() if name != "title"}

        merged = merge(Edit(replace(PLAIN, title="Rye bread"), ALL, known), PLAIN)

        assert merged.conflicts == ("title",)

    def test_digests_of_different_fields_do_not_reveal_the_text(self):
        assert "Bread" not in versions.token(uuid4(), PLAIN)
