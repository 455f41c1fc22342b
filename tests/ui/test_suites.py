"""The Suites page: it teaches how to write one, says in words what one asks, and names what is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.app_page import links, raw_html, said, settled
from support.recorded_runs import colours_workspace, right, run_colours
from support.samples import copy_samples

from workbench.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> **bold** $x$ :red[no] \x1b[31mred\x1b[0m"
Open = Callable[..., AppTest]


@pytest.fixture
def samples(tmp_path: Path) -> Workspace:
    return Workspace.open(copy_samples(tmp_path))


def test_a_workspace_without_suites_shows_one_to_copy_and_that_one_runs(
    tmp_path: Path, open_screen: Open
) -> None:
    (tmp_path / "prompts").mkdir()
    ws = Workspace.open(tmp_path)
    shown = open_screen(ws, "suites").code[0].value
    (tmp_path / "evals" / "greeting").mkdir(parents=True)
    (tmp_path / "evals" / "greeting" / "suite.yaml").write_text(shown)
    (tmp_path / "prompts" / "my-prompt.prompt.yml").write_text(
        "messages:\n  - {role: user, content: 'Greet {{name}}'}\n"
    )
    assert len(ws.runs.plan(ws.suites.load("greeting"))) == 2


def test_a_broken_suite_is_named_with_file_line_and_field_and_the_others_stay(
    samples: Workspace, open_screen: Open
) -> None:
    for name, text in (
        ("unreadable", "prompts: [a\n"),
        ("misspelt", "prompts: [support-triage]\nmodels: [offline/rules]\ncases: []\nscorres: []\n"),
    ):
        (samples.root / "evals" / name).mkdir()
        (samples.root / "evals" / name / "suite.yaml").write_text(text)
    at = open_screen(samples, "suites")
    text = said(at)
    assert "unreadable/suite.yaml, line" in text
    assert "misspelt/suite.yaml, line 4, field scorres" in text and 'perhaps "scorers" is meant' in text
    assert links(at, suite="support-triage")
    opened = open_screen(samples, "suites", suite="misspelt")
    assert 'perhaps "scorers" is meant' in said(opened)


def test_a_suite_says_what_it_looks_at_when_it_passes_and_how_its_slices_are_filled(
    samples: Workspace, open_screen: Open
) -> None:
    at = open_screen(samples, "suites", suite="support-triage")
    text = said(at)
    assert "accuracy" in text and "The output equals the expected text" in text
    assert "does not count towards the overall score" in text
    assert "not worse than support-triage@production by 2.0 points or more" in text
    assert "costs at most 2 times as much" in text
    assert "a rule-based stand-in, not a language model" in text
    assert "en · 53" in text
    assert at.button(key="suite_run").label == "Run this suite"


def test_cases_are_found_by_any_of_their_words_and_come_a_page_at_a_time(
    samples: Workspace, open_screen: Open
) -> None:
    at = open_screen(samples, "suites", suite="support-triage")
    first = [link["case"] for link in links(at, suite="support-triage") if "case" in link]
    at.button(key="cases_page_support-triage_on").click()
    second = [link["case"] for link in links(settled(at.run()), suite="support-triage") if "case" in link]
    assert len(first) == len(second) == 25 and not set(first) & set(second)
    at.text_input(key="cases_search").set_value("SPRING20 billing")
    found = [link["case"] for link in links(settled(at.run()), suite="support-triage") if "case" in link]
    assert found == ["discount-code"]


def test_a_case_is_shown_in_full_and_as_text(tmp_path: Path, open_screen: Open) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(3)})
    cases = ws.root / "evals" / "colours" / "cases.jsonl"
    cases.write_text(cases.read_text().replace("thing number 1", EVIL.replace("\x1b", "\\u001b")))
    at = open_screen(ws, "suites", suite="colours", case="case-001")
    assert [c.value for c in at.code] == [EVIL.replace("\x1b[31m", "").replace("\x1b[0m", ""), "green"]
    assert "2 of 3 cases" in said(at)
    listed = open_screen(ws, "suites", suite="colours")
    assert "<img" not in raw_html(listed) and "&lt;img" in raw_html(listed)


def test_a_case_or_suite_that_is_not_there_is_one_sentence(samples: Workspace, open_screen: Open) -> None:
    at = open_screen(samples, "suites", suite="support-triage", case="no-such-case")
    assert len(at.error) == 1 and "has no case" in said(at)
    at = open_screen(samples, "suites", suite="../prompts")
    assert len(at.error) == 1 and "There is no suite" in said(at)


def test_the_list_shows_each_suites_last_run_with_its_result(tmp_path: Path, open_screen: Open) -> None:
    gate = {"baseline": "plain", "candidate": "careful", "metric": "accuracy"}
    ws = colours_workspace(tmp_path, {"plain": right(40, wrong=range(30)), "careful": right(40)}, gate=gate)
    assert "never run" in said(open_screen(ws, "suites"))
    run_colours(ws)
    text = said(open_screen(ws, "suites"))
    assert "gate passed" in text and "accuracy 100.0 % (careful@1)" in text
