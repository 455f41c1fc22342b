"""Numbers as people and models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scoring import score


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("1,234.5", 1234.5),
        ("It costs $12.", 12),
        ("€ 1 250", 1250),
        ("-$5.50", -5.5),
        ("$-5.50", "-5.5"),
        ("−7 degrees", -7),
        ("3/4 of it", 0.75),
        ("1.2e-5", 0.000012),
        ("45 %", 45),
        ("first 3, then 18", 18),
        ("- 18", 18),
        ("10-5", 5),
        ("on 12/05/2024", 2024),
        ("18.0", "18"),
        ("0.1", 0.1),
        ("٣٤", 34),
        ("1'000'000", "1,000,000"),
        ("18", [17, 18]),
    ],
)
def test_a_number_is_read_as_it_is_meant(output, expected):
    assert score("numeric", output, expected).passed is True


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("19", 18),
        ("no idea", 18),
        ("v1.2.18", 18),
        ("B18", 18),
        ("5/0", 18),
        ("0.30000000000000004", 0.3),
        ("", 0),
    ],
)
def test_a_wrong_or_missing_number_fails_with_a_reason(output, expected):
    found = score("numeric", output, expected)
    assert (found.value, found.passed, found.error) == (0.0, False, None)
    assert found.reason


@pytest.mark.parametrize("expected", ["twelve", True, "between 5 and 6", ""])
def test_an_expected_value_that_is_no_number_is_an_error_not_a_failed_answer(expected):
    found = score("numeric", "12", expected)
    assert found.value is None
    assert "expected" in found.error


@pytest.mark.parametrize(
    ("entry", "output", "expected", "passed"),
    [
        ({"tolerance": 0.1}, "1.1", 1.0, True),  # in binary the difference is over 0.1
        ({"tolerance": 0.1}, "1.11", 1.0, False),
        ({"relative_tolerance": 0.01}, "99", 100, True),
        ({"relative_tolerance": 0.01}, "98.9", -100, False),
        ({"relative_tolerance": 0.01}, "0.001", 0, False),
        ({"tolerance": 5, "relative_tolerance": 0.01}, "104", 100, True),
        ({"which": "first"}, "8/10, that is 80", 0.8, True),
        ({"which": "only"}, "5 or 6", 6, False),
        ({"decimal_comma": True}, "1.234,5 €", 1234.5, True),
        ({"value": "{{total}}"}, "7", None, True),
    ],
)
def test_tolerance_and_choice_follow_the_parameters(entry, output, expected, passed):
    assert score({"type": "numeric", **entry}, output, expected, vars={"total": 7}).passed is passed


def test_a_number_of_a_million_digits_or_a_huge_exponent_ends_soon_and_passes_nothing():
    assert score("numeric", "1" * 1_000_000, 1).passed is False
    assert score("numeric", "1e999", 1).passed is False


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4))
def test_a_number_equals_itself_with_separators_currency_and_words_around_it(number):
    sign, size = ("-" if number < 0 else ""), abs(number)
    for text in (f"{number:f}", f"about {sign}${size:,.4f} in all", f"{number:,.4f}"):
        assert score("numeric", text, f"{number:f}").passed is True
