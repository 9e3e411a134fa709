"""Every pattern of answers leads to a notebook."""

from __future__ import annotations

import itertools

import pytest

from convlab.inspection.doctor.phrases import listed
from convlab.practice.course import COURSE, everything_before
from convlab.practice.placement.rule import MOST_FAILED, Placement, advice, next_number, place

NUMBERS = [number for number in COURSE if number != "12"]
PATTERNS = [
    dict(zip(NUMBERS, pattern, strict=True)) for pattern in itertools.product((True, False), repeat=len(NUMBERS))
]


@pytest.mark.parametrize(
    ("failed", "start"),
    [
        pytest.param(NUMBERS, "01", id="nothing right"),
        pytest.param([], "12", id="all right"),
        pytest.param(["01"], "01", id="the first alone"),
        pytest.param(["02"], "02", id="signals alone"),
        pytest.param(["11"], "11", id="the last alone"),
        pytest.param(["08", "05"], "05", id="the first of two"),
    ],
)
def test_the_reader_begins_at_the_first_notebook_that_is_not_known(failed: list[str], start: str) -> None:
    assert place({number: number not in failed for number in NUMBERS}).start == start


def test_every_pattern_leads_to_a_notebook_and_skips_what_is_known() -> None:
    for outcomes in PATTERNS:
        found = place(outcomes)
        assert found.start in COURSE
        assert all(outcomes[number] for number in found.skip)
        assert [found.start, *found.skip, *found.later].count(found.start) == 1
        assert set(NUMBERS) <= {found.start, *found.skip, *found.later}
        assert all(number in found.skip for number in NUMBERS if number < found.start)


def test_what_is_not_asked_does_not_change_where_the_reader_begins() -> None:
    for pattern in PATTERNS:
        asked: dict[str, bool] = {}
        while (number := next_number(asked)) is not None:
            assert not any(asked.get(need) is False for need in everything_before(number))
            asked[number] = pattern[number]
        assert place(asked).start == place(pattern).start
        assert list(asked.values()).count(False) <= MOST_FAILED


def test_one_who_fails_early_is_asked_little() -> None:
    assert next_number({"01": False}) is None
    assert next_number({"01": True, "02": True, "03": False}) is None
    assert next_number({"01": True, "02": False, "03": False}) is None
    assert next_number({"01": True, "02": False, "03": True}) == "04"


@pytest.mark.parametrize("number", ["00", "12", "1"])
def test_a_notebook_without_questions_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match=rf"^outcomes must name notebooks from 01 to 11, but it names {number}$"):
        place({number: True})


def test_what_was_left_out_is_not_known() -> None:
    assert place({}) == Placement("01", (), ())
    assert place({"01": True, "03": True}) == Placement("02", ("01", "03"), ())


def test_the_advice_names_the_sections() -> None:
    found = place({"01": True, "02": False, "03": True, "04": False})
    missed = {"01": ["A"], "02": ["B", "C"], "04": ["D"]}
    assert advice(found, missed).split("\n\n") == [
        'Start with notebook 02 Conv1d: open `02_conv1d.ipynb`. Read its sections "B" and "C" above all.',
        "You can skip 01 and 03.",
        'After it, read 04 Conv3d, above all its section "D".',
        'One answer about 01 was wrong: look at its section "A".',
    ]


def test_the_advice_for_one_who_knows_all() -> None:
    text = advice(place(dict.fromkeys(NUMBERS, True)), {})
    assert text == (f"Start with notebook 12 capstone: open `12_capstone.ipynb`.\n\nYou can skip {listed(NUMBERS)}.")
