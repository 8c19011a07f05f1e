"""Stripe's recorded responses, compared with those of a real process."""

import pytest

from stripe_sandbox.testing.conformance import KINDS, RECORDED, differences, named, share


@pytest.mark.parametrize("row", RECORDED, ids=named)
def test_a_recorded_difference_is_closed(sandbox, row):
    assert differences(sandbox, row) == []


@pytest.mark.parametrize("row", KINDS, ids=named)
def test_more_of_the_same_kind_is_as_recorded(sandbox, row):
    assert differences(sandbox, row) == []


def test_the_share_is_printed_with_what_does_not_hold(sandbox, capsys):
    sentence, failed = share(sandbox)
    with capsys.disabled():
        print(f"\n{sentence}")

    assert failed == []
    assert sentence.startswith(f"{len(RECORDED)} of {len(RECORDED)} recorded differences closed; {len(KINDS)} of ")
    wrong = {"request": "GET", "calls": [{"method": "GET", "path": "/v1/products"}], "expect": {"status": 418}}
    assert differences(sandbox, wrong) == ["status is 200, not 418"]
