"""Text that is safe to print, to put on one line, and to open in a spreadsheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.reports.text import clean, one_line, safe_cell, short_name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x9b2Jgone", "gone"),
        ("a\x00b\x7fc", "a\ufffdb\ufffdc"),
        ("abc\u202edef", "abc\ufffddef"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("héllo 日本 👩‍👩‍👧", "héllo 日本 👩‍👩‍👧"),
        ("\ud800", "\ufffd"),
    ],
)
def test_control_characters_go_and_language_stays(text, said):
    assert clean(text) == said


@given(st.text())
def test_cleaned_text_is_always_printable(text):
    assert not {c for c in clean(text) if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"}
    assert clean(clean(text)) == clean(text)


@given(st.text(), st.integers(2, 60))
def test_shortened_text_is_one_line_of_the_length_asked_for(text, limit):
    for short in (one_line(text, limit), short_name(text, limit)):
        assert len(short) <= limit and "\n" not in short


def test_a_shortened_name_keeps_its_end():
    assert short_name("prompt-" * 30 + "@13", 20).endswith("@13")
    assert short_name("triage@3") == "triage@3"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "  =1", "＝1", "\n=1", "\x00=1"]
)
def test_no_spreadsheet_runs_a_cell(text):
    cell = safe_cell(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "|", "%"))


@pytest.mark.parametrize("value", ["-1.5", "+3", "12 %", "plain", "", 3, -2.5, None, True])
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert safe_cell(value) == value
