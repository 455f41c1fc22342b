"""Selectors: one way to name a version, everywhere."""

from __future__ import annotations

import pytest

from workbench.errors import BadInput
from workbench.prompts.selectors import Selector, parse_selector


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("triage", Selector("triage", "newest")),
        (" triage@3 ", Selector("triage", "number", 3)),
        ("triage@production", Selector("triage", "label", "production")),
        ("triage@sha:1A2B3C4D", Selector("triage", "sha", "1a2b3c4d")),
        ("prompts/triage.prompt.yml", Selector("triage", "path", "prompts/triage.prompt.yml")),
        ("my@home/triage.prompt.yaml", Selector("triage", "path", "my@home/triage.prompt.yaml")),
        ("re\u0301sume\u0301@3", Selector("r\u00e9sum\u00e9", "number", 3)),
    ],
)
def test_every_way_to_name_a_version_is_understood_and_written_back(text, expected):
    assert parse_selector(text) == expected
    assert parse_selector(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "@3", "triage@", "triage@0", "triage@sha:xyz", "triage@sha:", "triage@a@b", "-rf", "con@1"]
)
def test_what_names_nothing_is_refused_in_one_sentence(text):
    with pytest.raises(BadInput) as problem:
        parse_selector(text)
    assert problem.value.hint
