"""Text scorers: what counts as the same answer, and what does not."""

from __future__ import annotations

import pytest
from support.scoring import score


@pytest.mark.parametrize(
    ("entry", "output", "expected", "passed"),
    [
        ("exact", " billing\n", "billing", True),
        ("exact", "Billing", "billing", False),
        ({"type": "exact", "ignore_case": True}, "STRASSE", "straße", True),
        ({"type": "exact", "strip": False}, "billing ", "billing", False),
        ("exact", "cafe\u0301", "caf\u00e9", True),
        ("exact", "b", ["a", "b"], True),
        ("exact", "7", 7, True),
        ("exact", "true", True, True),
        ({"type": "exact", "value": "yes"}, "yes", None, True),
        ({"type": "exact", "value": "Hello {{name}}"}, "Hello Ana", None, True),
        ("contains", "the answer is 42.", "42", True),
        ("contains", "the answer is 41.", ["42", "43"], False),
        ("icontains", "ÉCOLE primaire", "école", True),
        ("starts_with", "\n  Yes, of course", "Yes", True),
        ("starts_with", "Oh yes", "Yes", False),
        ({"type": "one_of", "values": ["a", "b"]}, "b", "a", True),
        ({"type": "one_of", "values": ["a", "b"]}, "a or b", "a", False),
        ("one_of", "b", ["a", "b"], True),
        ({"type": "regex", "pattern": r"\d{4}"}, "in 2024", None, True),
        ({"type": "regex", "pattern": r"\d{4}", "mode": "full"}, "in 2024", None, False),
        ({"type": "regex", "pattern": "^{{name}}$"}, "A.a", None, False),
        ({"type": "regex", "pattern": "(?m)^end$"}, "the\nend", None, True),
    ],
)
def test_an_answer_is_right_or_wrong(entry, output, expected, passed):
    found = score(entry, output, expected, vars={"name": "Ana" if "Hello" in str(entry) else "A.."})
    assert (found.passed, found.value, found.error) == (passed, float(passed), None)
    assert passed or found.reason


@pytest.mark.parametrize(
    "kind", ["exact", "contains", "icontains", "starts_with", "one_of", "numeric", "fuzzy"]
)
def test_a_case_without_expected_is_an_error_on_its_cell_and_never_a_zero(kind):
    found = score(kind, "something")
    assert (found.value, found.passed) == (None, None)
    assert found.error == "the case has nothing expected"


def test_a_variable_that_the_case_lacks_is_named():
    assert score({"type": "exact", "value": "{{nmae}}"}, "x").error == "the case has no variable nmae"
